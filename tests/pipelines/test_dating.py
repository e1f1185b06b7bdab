"""Words for a day, against the day of publication."""

from datetime import UTC, date, datetime

import pytest

from pipelines.dating import day_in_iraq, out_of_season, when

SUNDAY = date(2024, 1, 14)


@pytest.mark.parametrize(
    ("text", "published", "day", "precision"),
    [
        ("ليلة أمس", SUNDAY, date(2024, 1, 13), 1),
        ("اليوم الأحد", SUNDAY, SUNDAY, 1),
        ("فجر السبت", SUNDAY, date(2024, 1, 13), 1),
        ("last night", SUNDAY, date(2024, 1, 13), 1),
        ("on Thursday", SUNDAY, date(2024, 1, 11), 1),
        ("شب گذشته", SUNDAY, date(2024, 1, 13), 1),
        ("ڕۆژی یەکشەممە", SUNDAY, SUNDAY, 1),
        ("13 كانون الثاني/ يناير 2024", SUNDAY, date(2024, 1, 13), 1),
        ("(31 آب 2022)", date(2022, 9, 1), date(2022, 8, 31), 1),
        ("15\\من آيار", date(2021, 5, 15), date(2021, 5, 15), 1),
        ("11 يوليو الجاري", date(2023, 7, 21), date(2023, 7, 11), 1),
        ("on 31 August", date(2022, 9, 2), date(2022, 8, 31), 1),
        ("January 13", SUNDAY, date(2024, 1, 13), 1),
        ("30 December", SUNDAY, date(2023, 12, 30), 1),
        ("2022-10-06", date(2022, 10, 6), date(2022, 10, 6), 1),
        ("21/2/2024", date(2024, 2, 21), date(2024, 2, 21), 1),
        ("قبل أسبوع", SUNDAY, date(2024, 1, 7), 2),
        ("في حزيران 2018", SUNDAY, date(2018, 6, 30), 3),
        ("عام 2007", SUNDAY, date(2007, 12, 31), 3),
        ("In August the city saw gunfire", date(2022, 10, 5), date(2022, 8, 31), 3),
        ("وفي أيلول شهدت المدينة", date(2022, 12, 5), date(2022, 9, 30), 3),
        ("judges had just condemned him", SUNDAY, SUNDAY, 1),
    ],
)
def test_a_day_is_resolved(text: str, published: date, day: date, precision: int) -> None:
    found = when(text, published)
    assert [(item.day, item.precision) for item in found][-1] == (day, precision)


@pytest.mark.parametrize(
    "text", ["الأسبوع المقبل", "يوم الخميس المقبل", "next Wednesday", "on the eve of Saturday", ""]
)
def test_what_is_to_come_is_no_day_of_an_event(text: str) -> None:
    assert when(text, SUNDAY) == ()


def test_a_night_over_two_days_names_both() -> None:
    found = when("ليل الأربعاء - الخميس", date(2022, 9, 1))
    assert [item.day for item in found] == [date(2022, 8, 31), date(2022, 9, 1)]


def test_the_day_of_publication_is_that_of_iraq() -> None:
    assert day_in_iraq(datetime(2024, 1, 13, 22, 30, tzinfo=UTC)) == SUNDAY


@pytest.mark.parametrize("text", ["marking the anniversary of the October Movement", "في ذكرى احتجاجات تشرين"])
def test_an_anniversary_out_of_season_betrays_an_older_report(text: str) -> None:
    assert out_of_season(text, SUNDAY)
    assert not out_of_season(text, date(2022, 9, 30))
