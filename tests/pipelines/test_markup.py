"""Markup → plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.markup import clean, one_line, plain


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("a <b>bold</b> word", "a bold word"),
        ("drop<span>cap</span>", "dropcap"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("&amp;lt;b&amp;gt;", "<b>"),
        ("&quot;نص&nbsp;عربي&quot;", '"نص عربي"'),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("<img src=x onerror=alert(1)>after", "after"),
        ("a\r\nb\x0bc\u2028d", "a\nb\nc\nd"),
        ("", ""),
    ],
)
def test_fragments(markup, text):
    assert plain(markup) == text


def test_one_line_for_titles():
    assert one_line("<p>one</p>\r\n<p>two</p>") == "one two"


def test_unfit_characters_are_dropped_and_arabic_ones_are_kept():
    assert clean("a\x00b\x1f\ud800\uffff\u0640\u200c\u064e") == "ab\u0640\u200c\u064e"


def test_fifty_thousand_open_tags_leave_the_text():
    assert "نص" in plain("<span>" * 50_000 + "نص")


@given(st.text(max_size=200))
def test_any_text_comes_back_as_text_that_can_be_stored(text):
    plain(text).encode("utf-8")
    assert "\x00" not in plain(text)
