"""Bytes → text: the label is a hint, the bytes decide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encoding import charset_of, decode, decode_bytes

TEXT = "سرايا السلام تنتشر في البصرة وعصائب أهل الحق في الكوت"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "windows-1256", "iso-8859-6"]
)
@pytest.mark.parametrize(
    "declared", [(), ("utf-8",), ("windows-1256",), ("no such charset",), ("windows-1252", "utf-8")]
)
def test_arabic_is_read_whatever_the_label_says(encoding, declared):
    assert decode_bytes(TEXT.encode(encoding), declared)[0] == TEXT


def test_english_in_windows_1252_is_read_for_an_english_source():
    text = "The group’s leader — in Basra — said “no”."
    assert decode_bytes(text.encode("windows-1252"), (), "en")[0] == text


def test_a_few_lost_bytes_do_not_change_the_encoding():
    body = (TEXT * 20).encode()
    text, encoding = decode_bytes(body[1:], ("windows-1256",))
    assert encoding == "utf-8" and text.endswith(TEXT)


def test_text_mangled_before_it_was_sent_is_mended_for_an_arabic_source_only():
    mangled = TEXT.encode("windows-1256").decode("windows-1252")
    assert decode_bytes(mangled.encode(), (), "ar")[0] == TEXT
    assert decode_bytes(mangled.encode(), (), "en")[0] == mangled


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ("text/html; charset=UTF-8", "UTF-8"),
        ('text/html;charset="windows-1256"', "windows-1256"),
        ("text/html", ""),
        ("", ""),
    ],
)
def test_the_charset_of_a_header(header, charset):
    assert charset_of(header) == charset


@given(st.binary(max_size=200), st.text(max_size=30))
def test_no_bytes_and_no_label_make_it_fail(body, label):
    assert isinstance(decode(body, label), str)
    assert isinstance(decode_bytes(body, (label,))[0], str)
