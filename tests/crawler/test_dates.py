"""Dates as Iraqi sites write them. The first table is what was seen at the sites; wrong readings stand beside it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import parse_date

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # a Saturday, 13:00 in Baghdad


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17-05-2024, 14:22", "2024-05-17T14:22+03:00"),  # feedparser: 2017
        ("2025-03-19 | 07:53", "2025-03-19T07:53+03:00"),  # feedparser: midnight
        ("2023/11/09", "2023-11-09T00:00+03:00"),  # feedparser: the 1st
        ("17 آيار 2024", "2024-05-17T00:00+03:00"),
        ("18 ايلول 2023", "2023-09-18T00:00+03:00"),
        ("13 شباط 2026", "2026-02-13T00:00+03:00"),
        ("13 كانون الثاني/ يناير 2024", "2024-01-13T00:00+03:00"),
        ("السبت 13 كانون الثاني/ يناير 2024", "2024-01-13T00:00+03:00"),
        ("٢٠٢٤/٠٥/١٧", "2024-05-17T00:00+03:00"),  # feedparser: November
        ("1439-07-04T12:23:48Z", None),  # Hijri; feedparser: the year 1439
        ("Fri, 20 Nov 2026 10:02:11 AST", "2026-11-20T10:02:11+03:00"),  # feedparser: the Atlantic
        ("Fri, 20 Nov 2026 10:02:11 +03", "2026-11-20T10:02:11+03:00"),  # email.utils: three minutes
        ("اليوم, 12:05", "2026-11-21T12:05+03:00"),
        ("پێش 3 کاتژمێر", "2026-11-21T07:00+00:00"),
        ("الخميس 05/07/1439 هـ - الموافق 22/03/2018 م ، الساعة 10:42 مساءً", "2018-03-22T22:42+03:00"),
    ],
)
def test_dates_seen_at_the_sites(text, expected):
    assert parse_date(text, NOW) == (expected and at(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 22 Apr 2025 06:00:00 +0000", "2025-04-22T06:00+00:00"),
        ("Tue, 22 Apr 2025 06:00:00 GMT", "2025-04-22T06:00+00:00"),
        ("22 Apr 2025 06:00 EST", "2025-04-22T06:00-05:00"),
        ("22 Apr 25 06:00 UT", "2025-04-22T06:00+00:00"),
        ("Tue, 22 April 2025 06:00:00 GMT+3", "2025-04-22T06:00+03:00"),
        ("2026-11-20T10:00:00+03:00", "2026-11-20T10:00+03:00"),
        ("2026-11-20T10:00:00.123Z", "2026-11-20T10:00+00:00"),
        ("2026-11-20 10:00", "2026-11-20T10:00+03:00"),
        ("20261120T100000Z", "2026-11-20T10:00+00:00"),
        ("2026-11-20 10:20 مساءً", "2026-11-20T22:20+03:00"),
        ("20/11/2026 08:30 PM", "2026-11-20T20:30+03:00"),
        ("20/11/2026 08:30 ص", "2026-11-20T08:30+03:00"),
        ("20/11/2026 12:30 ص", "2026-11-20T00:30+03:00"),
        ("20/11/2026 12:30 م", "2026-11-20T12:30+03:00"),
        ("14:22 17-05-2024", "2024-05-17T14:22+03:00"),
        ("03/04/2026", "2026-04-03T00:00+03:00"),
        ("04/25/2026", "2026-04-25T00:00+03:00"),
        ("20 نوفمبر 2026 - 10:15 م", "2026-11-20T22:15+03:00"),
        ("الجمعة، 20 تشرين الثاني 2026 10:20 ص", "2026-11-20T10:20+03:00"),
        ("14 كانون الثاني 2024 الساعة 14:00", "2024-01-14T14:00+03:00"),
        ("٢٠ تشرين الأول ٢٠٢٦", "2026-10-20T00:00+03:00"),
        ("5 أيار 2026", "2026-05-05T00:00+03:00"),
        ("5 آب 2026", "2026-08-05T00:00+03:00"),
        ("5 أكتوبر 2026", "2026-10-05T00:00+03:00"),
        ("١٣ کانوونی دووەم ٢٠٢٤", "2024-01-13T00:00+03:00"),
        ("January 14, 2024", "2024-01-14T00:00+03:00"),
        ("Nov 20, 2026 5:30 pm", "2026-11-20T17:30+03:00"),
        ("14th of January 2024", "2024-01-14T00:00+03:00"),
        ("أمس, 22:10", "2026-11-20T22:10+03:00"),
        ("منذ 5 دقائق", "2026-11-21T09:55+00:00"),
        ("قبل ساعتين", "2026-11-21T08:00+00:00"),
        ("3 hours ago", "2026-11-21T07:00+00:00"),
        ("1763632800", "2025-11-20T10:00+00:00"),
        ("Sat Nov 14 10:00:00 2026", "2026-11-14T10:00+03:00"),
        ("\u200f20/11/2026\u200f", "2026-11-20T00:00+03:00"),
    ],
)
def test_other_forms(text, expected):
    assert parse_date(text, NOW) == at(expected)


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "0000-00-00", "-1", "25:61", "2026-11-20 25:61", "9999-01-01", "0001-01-01", "1970-01-01T00:00Z",
        "31/02/2026", "2026-13-40", "Fri, 20 Nov 2026 10:02:11 XYZ", "12:30", "2026", "x" * 500, "5 شباط",
        "1439/07/04", "99999999999999999",
    ],
)  # fmt: skip
def test_f031_what_is_no_date_is_none(text):
    assert parse_date(text, NOW) is None


def test_f032_the_future_is_not_believed_but_a_fast_clock_is():
    assert parse_date("2027-11-21T10:00:00Z", NOW) is None
    assert parse_date((NOW + timedelta(hours=1)).isoformat(), NOW) == NOW + timedelta(hours=1)
    assert parse_date((NOW + timedelta(hours=3)).isoformat(), NOW) is None


def test_today_is_baghdads_day():
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # already the 21st in Baghdad
    assert parse_date("اليوم, 00:10", late) == at("2026-11-21T00:10+03:00")


def test_month_first_on_request():
    assert parse_date("03/04/2026", NOW, day_first=False) == at("2026-03-04T00:00+03:00")


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text):
    found = parse_date(text, NOW)
    assert found is None or found <= NOW + timedelta(hours=2)


@given(st.integers(1_072_915_200, 1_793_491_200))
def test_iso_and_rfc_822_are_read_as_written(seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    assert parse_date(moment.isoformat(), NOW) == moment
    assert parse_date(moment.strftime("%a, %d %b %Y %H:%M:%S +0000"), NOW) == moment
