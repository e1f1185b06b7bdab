"""The generated line, in English and Arabic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pipelines.models import EventType, Incident, Place, Range
from pipelines.summary import day_ar, day_en, event_words, summarise, summarise_ar
from tests.alerts.samples import ABU_AL_KHASIB, NAMES, incident, second


def test_it_says_what_who_where_when_how_bad_and_how_many_say_so() -> None:
    assert summarise(second(incident()), NAMES) == (
        "Armed clash, Saraya al-Salam and Asa'ib Ahl al-Haq, Abu al-Khasib (Basra), 24 Sep 2025; 1 killed; "
        "3–5 injured; 2 independent sources"
    )


def test_it_says_the_same_in_arabic() -> None:
    assert summarise_ar(second(incident()), NAMES) == (
        "اشتباك مسلح، سرايا السلام وعصائب أهل الحق، أبو الخصيب (البصرة)، 24 أيلول 2025؛ عدد القتلى 1؛ "
        "عدد الجرحى من 3 إلى 5؛ عدد المصادر المستقلة 2"
    )


def test_the_first_place_of_an_incident_is_the_place() -> None:
    city = Place("city", "Basra city", "مدينة البصرة", "city", "basra", lat=30.5, lon=47.8, geo_precision=1)
    assert "Abu al-Khasib (Basra)" in summarise(incident(places=(ABU_AL_KHASIB, city)), NAMES)


BASRA = Place("basra", "Basra", "البصرة", "governorate", "basra")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (incident(groups=()), "Armed clash, group not named, Abu al-Khasib"),
        (incident(places=(BASRA,)), "Asa'ib Ahl al-Haq, Basra, 24 Sep"),
        (incident(places=(), governorates=("basra", "wasit")), "Asa'ib Ahl al-Haq, Basra and Wasit, 24 Sep"),
        (incident(places=(), governorates=()), "place not known"),
        (incident(event_date=None), "day not known"),
        (incident(killed=Range(0, 0)), "none killed"),
        (incident(injured=None), "24 Sep 2025; 1 independent source"),
        (incident(independent_sources=0), "0 independent sources"),
    ],
)
def test_what_is_not_known_is_said_or_left_out(one: Incident, words: str) -> None:
    assert words in summarise(replace(one), NAMES)


@pytest.mark.parametrize(
    ("precision", "en", "ar"),
    [
        (1, "5 Nov 2025", "5 تشرين الثاني 2025"),
        (2, "about 5 Nov 2025", "حوالي 5 تشرين الثاني 2025"),
        (3, "Nov 2025", "تشرين الثاني 2025"),
    ],
)
def test_a_day_is_given_no_more_precisely_than_it_is_known(precision: int, en: str, ar: str) -> None:
    assert day_en(date(2025, 11, 5), precision) == en
    assert day_ar(date(2025, 11, 5), precision) == ar


def test_every_event_type_has_words() -> None:
    for event_type in EventType:
        words = event_words(event_type)
        assert words.en
        assert words.ar
        assert words.short
