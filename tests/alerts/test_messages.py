"""What people read: the same in every form, within the limits of each receiver, and fit to act on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import lxml.html
import pytest

from alerts.channels import slack_blocks
from alerts.channels.slack_blocks import escape, fallback, render_blocks
from alerts.cleaning import cut, graphemes, size
from alerts.messages import (
    EXCERPT,
    PAYLOAD,
    IncidentMessage,
    Telling,
    compose,
    excerpt_of,
    incident_json,
    render_html,
    render_minimal,
    render_text,
    subject_of,
    webhook_body,
)
from alerts.policy import Change
from pipelines.models import Certainty, Incident, Passage, Place, Range
from tests.alerts.golden_messages import GOLDEN, forms, messages
from tests.alerts.samples import ABU_AL_KHASIB, NAMES, NOW, arabic_passage, finding, incident, report, second


def told(one: Incident, change: Any = "new", *changes: Change, **values: Any) -> IncidentMessage:
    return compose(one, Telling(change, changes, NOW, **values), NAMES)


@pytest.mark.parametrize(("name", "message"), [pytest.param(name, one, id=name) for name, one in messages()])
def test_every_form_is_as_it_was_last_looked_at(name: str, message: Any) -> None:
    for ending, text in forms(message):
        assert text == (GOLDEN / f"{name}.{ending}").read_text("utf-8"), f"{name}.{ending}"


# --- what is in a message


def test_the_subject_is_short_and_names_place_groups_event_and_code() -> None:
    assert subject_of(incident(), NAMES) == "[CRITICAL] Abu al-Khasib, Basra · SaS ⚔ AAH · clash · #7OYF"


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (told(incident()), "NEW: armed clash (1 independent source)"),
        (told(incident(certainty=Certainty.POSSIBLE)), "NEW, UNCONFIRMED: armed clash (1 independent source)"),
        (
            told(second(incident()), "update", Change("killed", "1", "3"), Change("place", "", "wasit")),
            "UPDATE 1: killed 1 → 3; now also Wasit (2 independent sources)",
        ),
        (
            told(second(incident()), "corroborated", Change("sources", "1", "2")),
            "CORROBORATED 1: independent sources 1 → 2",
        ),
        (
            told(second(incident()), "update", Change("denial", "", "Office")),
            "DENIED 1: as reported by Office (2 independent sources)",
        ),
        (
            told(second(incident()), "retracted", Change("retracted")),
            "RETRACTED: this report no longer stands (2 independent sources)",
        ),
        (
            told(incident(), late=timedelta(hours=7)),
            "DELAYED, decided 24 Sep 2025 21:05 Baghdad · NEW: armed clash (1 independent source)",
        ),
        (told(incident(), mark="TEST"), "[TEST] NEW: armed clash (1 independent source)"),
    ],
)
def test_the_first_line_says_what_changed(one: IncidentMessage, line: str) -> None:
    assert one.first_line == line
    assert render_text(one).splitlines()[0] == line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("killed", "1", "3–5"), "تحديث: القتلى: 1 ← 3 إلى 5"),
        (Change("certainty", "possible", "observed"), "تحديث: درجة التأكد: غير مؤكد ← مؤكد"),
        (Change("place", "", "wasit"), "تحديث: يشمل الآن واسط"),
        (Change("sources", "1", "2"), "تحديث: المصادر المستقلة: 1 ← 2"),
        (Change("denial", "", "الشرطة"), "نفي: بحسب \u2068الشرطة\u2069"),
    ],
)
def test_it_says_so_in_arabic_too(change: Change, words: str) -> None:
    assert told(second(incident()), "update", change).first_line_ar == words


def test_an_update_of_what_is_unconfirmed_says_so_again() -> None:
    unsure = second(incident(), certainty=Certainty.POSSIBLE)
    assert told(unsure, "update", Change("killed", "1", "2")).first_line.startswith("UPDATE 1, UNCONFIRMED: killed")
    assert told(unsure, "update", Change("denial", "", "Office")).first_line.startswith("DENIED 1: as")


def test_the_arabic_headline_stands_right_to_left_before_the_english_line() -> None:
    page = lxml.html.fromstring(render_html(told(incident())))
    headline = next(div for div in page.iter("div") if div.text == incident().headline)
    assert (headline.get("dir"), headline.get("lang")) == ("rtl", "ar")
    text = render_text(told(incident()))
    assert text.index(incident().headline) < text.index("Armed clash, Saraya al-Salam and Asa'ib Ahl al-Haq")


def test_a_headline_in_another_language_has_an_arabic_line_generated_from_the_finding() -> None:
    message = told(incident(headline="Gunfire in Abu al-Khasib", headline_lang="en"))
    assert message.headline_ar.startswith(
        "اشتباك مسلح، سرايا السلام وعصائب أهل الحق، أبو الخصيب (البصرة)، 24 أيلول 2025"
    )
    assert "neither is a translation" in render_text(message)


def test_the_place_has_its_precision_and_a_map() -> None:
    text = render_text(told(incident()))
    assert "Place: Abu al-Khasib (Basra) · precision: spot or town" in text
    assert "https://www.openstreetmap.org/?mlat=30.44060&mlon=48.00750#map=14/30.44060/48.00750" in text


def test_tolls_are_shown_with_who_says_what() -> None:
    text = render_text(told(second(incident())))
    assert "Injured: 3–5 (Rafidain Wire 3, Shatt Post 5)" in text
    assert "The sources differ about the toll." in text


def test_times_are_in_baghdad_and_in_utc() -> None:
    assert "First seen: 24 Sep 2025 21:04 Baghdad (18:04 UTC)" in render_text(told(incident()))


def test_a_copy_is_shown_last_and_as_what_it_is() -> None:
    copied = incident(sources=(report("Copier", copy_of="art_x"), report("Rafidain Wire", minutes=5)))
    names = [source.name for source in told(copied).sources]
    assert names == ["Rafidain Wire", "Copier"]
    assert "copy, not counted" in told(copied).sources[1].about


@pytest.mark.parametrize(
    ("one", "caveat"),
    [
        (incident(), "One independent source only."),
        (incident(sources=(report("X", stance="faction"),)), "Every source is affiliated with a faction."),
        (incident(sources=(report("X", tags=("hearsay",)),)), "Rests on unnamed sources."),
        (incident(groups=()), "No report names the group."),
        (incident(event_date=None), "The reports do not say on which day."),
        (incident(places=()), "The place is known no better than the governorate."),
    ],
)
def test_every_reason_for_caution_is_said_in_both_languages(one: Incident, caveat: str) -> None:
    found = [fact for fact in told(one).caveats if fact.value_en == caveat]
    assert len(found) == 1
    assert found[0].value_ar


def test_telephone_numbers_are_masked_everywhere() -> None:
    text = "اتصلوا على 07701234567 أو +964 780 765 4321 أو ٠٧٧٠١٢٣٤٥٦٧ في سرايا السلام"
    one = incident(headline=text, findings=(finding(passages=(Passage("body", text, ((60, 66),)),), why=(text,)),))
    for _, form in forms(told(one)):
        assert "1234567" not in form
        assert "765 4321" not in form
        assert "١٢٣٤٥٦٧" not in form


def test_years_dates_and_tolls_are_no_telephone_numbers() -> None:
    line = "قتل 12 وأصيب 2500 في 24/09/2025 الساعة 10:30، اللواء 313، 1,234,567 نسمة"
    assert told(incident(headline=line)).headline == line


# --- the JSON


def test_the_json_has_exactly_the_fields_of_the_interface() -> None:
    data = incident_json(second(incident()))
    assert " ".join(data) == (
        "id revision status change severity certainty event_type groups governorates districts places event_date "
        "time_precision killed injured headline headline_lang summary_en sources independent_sources findings "
        "first_seen updated"
    )
    assert list(data["places"][0]) == ["name_en", "name_ar", "lat", "lon", "geo_precision"]
    assert list(data["sources"][0]) == ["source", "family", "stance", "title", "url", "published", "killed", "injured"]
    assert list(data["findings"][0]) == ["article", "passages", "why", "score"]
    assert data["killed"] == {"min": 1, "max": 1}
    assert data["event_date"] == "2025-09-24"
    assert data["updated"] == "2025-09-24T18:17:00Z"
    json.dumps(data)


def test_the_marks_of_a_passage_still_fit_its_excerpt() -> None:
    passage = incident_json(incident())["findings"][0]["passages"][0]
    phrases = [passage["text"][start:end] for start, end in passage["marks"]]
    assert phrases == ["اشتباك مسلح", "سرايا السلام", "عصائب أهل الحق", "أبي الخصيب"]


def test_a_webhook_stays_below_twenty_kilobytes() -> None:
    long = "كلمة " * 60
    many = incident(
        sources=tuple(report(f"Source {number}", title=long) for number in range(80)),
        findings=tuple(finding(id=f"f{number}", passages=(arabic_passage(),) * 3) for number in range(80)),
    )
    body = webhook_body(told(many))
    assert len(body) <= PAYLOAD
    assert json.loads(body)["data"]["truncated"] is True
    assert json.loads(body)["data"]["sources"]


# --- excerpts


@pytest.mark.parametrize("length", [EXCERPT - 1, EXCERPT, EXCERPT + 1, 5000])
def test_an_excerpt_is_at_most_280_characters(length: int) -> None:
    text = ("كلمة " * 1200)[:length]
    excerpt = excerpt_of(Passage("body", text, ((length // 2, length // 2 + 4),)))
    assert len(excerpt.text) <= EXCERPT
    assert ("…" in excerpt.text) == (length > EXCERPT - 2)


def test_an_excerpt_shows_what_was_matched_however_far_down_it_stands() -> None:
    text = "x " * 3000 + "سرايا السلام في البصرة" + " y" * 3000
    start = text.index("سرايا")
    excerpt = excerpt_of(Passage("body", text, ((start, start + 12), (start + 16, start + 22))))
    assert [piece.text for piece in excerpt.pieces if piece.marked] == ["سرايا السلام", "البصرة"]


def test_adjacent_marks_are_one() -> None:
    excerpt = excerpt_of(Passage("body", "an assassination attempt", ((3, 16), (16, 24))))
    assert [piece.text for piece in excerpt.pieces if piece.marked] == ["assassination attempt"]


def test_what_the_newest_report_says_comes_first() -> None:
    newer = finding(id="f2", article="art_shatt_post", score=0.6, passages=(Passage("body", "ارتفعت الحصيلة"),))
    one = second(incident(), findings=(finding(), newer))
    assert [excerpt.text for excerpt in told(one).excerpts] == ["ارتفعت الحصيلة", arabic_passage().text]


def test_a_spot_off_the_map_is_shown_on_it_by_its_town() -> None:
    street = Place("s", "Corniche Street", "شارع الكورنيش", "street", "basra", geo_precision=1)
    text = render_text(told(incident(places=(street, ABU_AL_KHASIB), summary_en="")))
    assert "Place: Corniche Street (Basra); also Abu al-Khasib · precision: spot or town · map: Abu al-Khasib" in text
    assert f"mlat={ABU_AL_KHASIB.lat:.5f}" in text


def test_overlapping_and_wrong_marks_break_nothing() -> None:
    excerpt = excerpt_of(Passage("body", "abcdef", ((0, 3), (2, 4), (-5, 1), (5, 99), (3, 3))))
    assert excerpt.text == "abcdef"


@pytest.mark.parametrize("cluster", ["👨‍👩‍👧‍👦", "🇮🇶", "ة̈́", "👍🏽", "e\u0301"])
@pytest.mark.parametrize("unit", ["characters", "utf16", "bytes"])
def test_no_cut_breaks_a_character(cluster: str, unit: str) -> None:
    text = cluster * 40
    for limit in range(1, size(text, unit) + 2):
        short = cut(text, limit, unit)
        assert size(short, unit) <= limit
        assert all(one in (cluster, "…") for one in graphemes(short))
        assert (short == text) == (limit >= size(text, unit))


# --- the limits of Slack


def long_message(**over: Any) -> IncidentMessage:
    return told(incident(**over))


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("limit", [slack_blocks.HEADER, slack_blocks.SECTION, slack_blocks.CONTEXT])
@pytest.mark.parametrize("letter", ["a", "&", "<", "👨‍👩‍👧‍👦", "ب"])
def test_texts_of_slack_stay_within_their_limits_after_escaping(limit: int, extra: int, letter: str) -> None:
    text = letter * ((limit + extra) // len(letter))
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    assert not escaped.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&")
    if letter == "a":
        assert (escaped == text) == (extra <= 0)


def test_a_huge_incident_still_fits_slack() -> None:
    long = "نص " * 400
    message = told(
        incident(
            sources=tuple(report(f"Source {n}", title=long) for n in range(60)),
            findings=tuple(
                finding(id=f"f{n}", passages=(Passage("body", f"{n} {long}"),), why=(long,) * 9) for n in range(9)
            ),
            headline=long,
        )
    )
    blocks = render_blocks(message)
    assert len(blocks) <= slack_blocks.MOST_BLOCKS
    assert sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks) < 14_000
    assert len(fallback(message)) <= slack_blocks.FALLBACK
    for block in blocks:
        for element in block.get("elements", [block]):
            assert len(element.get("text", {}).get("text", "") if isinstance(element.get("text"), dict) else "") <= 3000
    assert len(render_html(message).encode()) < 100_000


def test_one_language_per_line_in_slack() -> None:
    """A mixed line has its punctuation and numbers turned around: the first strong letter decides for all of it."""
    for block in render_blocks(told(incident())):
        if block["type"] == "section" and block["text"]["type"] == "plain_text":
            for line in block["text"]["text"].splitlines():
                letters = [letter for letter in line if letter.isalpha()]
                assert len({"\u0600" <= letter <= "\u06ff" for letter in letters}) <= 1, line


def test_the_shortest_form_still_says_what_where_and_whence() -> None:
    text = render_minimal(told(incident()))
    assert len(text) < 700
    for words in (
        "NEW: armed clash",
        "Abu al-Khasib (Basra)",
        "https://rafidain-wire.example/news/41",
        "inc_7k2mq3xw5b",
    ):
        assert words in text


def test_an_old_incident_whose_ids_the_lexicon_lost_can_still_be_told() -> None:
    message = told(replace(incident(), groups=("forgotten_group",), governorates=("lost",), districts=("lost.town",)))
    assert "Forgotten Group" in message.summary_en


def test_a_toll_of_none_is_said() -> None:
    assert "none injured" in told(incident(injured=Range(0, 0), summary_en="")).summary_en
