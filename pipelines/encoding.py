"""Bytes → text, with Arabic in mind: what a server declares is a hint, what the bytes are decides.

Legacy encodings hardly ever form valid UTF-8 by accident, so bytes that are UTF-8 are UTF-8 whatever the label says:
UTF-8 labelled windows-1256 was seen to give mojibake that every parser calls well-formed, which is a silent miss of
every name. Bytes that are not UTF-8 are read as declared, unless another encoding makes clearly better Arabic of them.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (  # the longer ones first: the BOM of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ARABIC_GUESSES = ("windows-1256", "iso-8859-6")
_ARABIC_SCRIPT = frozenset({"ar", "ckb", "fa"})
_ARABIC_LETTER = re.compile(r"[\u0621-\u064A\u0671-\u06D3]")
_LATIN1_LETTER = re.compile(r"[\u00C0-\u00FF]")
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_LOST_BYTES_SHARE = 0.02  # bytes lost in transit or by a careless cut; a wrong encoding breaks nearly every letter


def decode_bytes(body: bytes, declared: tuple[str, ...] = (), language: str = "ar") -> tuple[str, str]:
    """The text of `body` and the encoding it was read in. Never raises; unreadable bytes become U+FFFD.

    `declared` are charsets named by the header and the document, best first; `language` is the source's.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace"), encoding
    if encoding := _wide_without_bom(body):
        return body.decode(encoding, "replace"), encoding
    if (text := _as_utf8(body)) is not None:
        return _unscrambled(text, language), "utf-8"
    candidates = [name for name in map(_known, declared) if name and name not in ("utf-8", "ascii", "utf-16", "utf-32")]
    guesses = _ARABIC_GUESSES if language in _ARABIC_SCRIPT else ("windows-1252", *_ARABIC_GUESSES)
    best = max(
        dict.fromkeys([*candidates, *guesses]),  # ties go to the declared one: max() keeps the first
        key=lambda name: _arabic_score(body.decode(name, "replace")),
    )
    return body.decode(best, "replace"), best


def decode(body: bytes, content_type: str = "", language: str = "ar") -> str:
    """The text of an HTML page: charset by header, `<meta>`, then guess, each overruled by what the bytes are."""
    meta = _META_CHARSET.search(body[:4096])
    declared = (charset_of(content_type), meta.group(1).decode("ascii", "replace") if meta else "")
    return decode_bytes(body, tuple(filter(None, declared)), language)[0]


def charset_of(content_type: str) -> str:
    """The charset parameter of a Content-Type header, or ""."""
    found = _HEADER_CHARSET.search(content_type)
    return found.group(1) if found else ""


def _known(name: str) -> str:
    try:
        return codecs.lookup(name.strip()).name.replace("cp1256", "windows-1256").replace("iso8859-6", "iso-8859-6")
    except (LookupError, ValueError):
        return ""


def _wide_without_bom(body: bytes) -> str:
    """UTF-16 shows by every second byte being 00 (Latin) or 06 (Arabic)."""
    head = body[:256]
    if len(head) < 4 or not head.count(0):
        return ""
    for encoding, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if (high.count(0) + high.count(6)) > 0.6 * len(high):
            return encoding
    return ""


def _as_utf8(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        lost, letters = text.count("\ufffd"), sum(1 for letter in text if letter > "\x7f")
        return text if lost <= max(4, letters * _LOST_BYTES_SHARE) and letters - lost > 2 * lost else None


def _unscrambled(text: str, language: str) -> str:
    """Undo a wrong reading made before us: Latin-1 letters where a source in Arabic script has no Arabic at all."""
    if language not in _ARABIC_SCRIPT or _ARABIC_LETTER.search(text) or len(_LATIN1_LETTER.findall(text)) < 20:
        return text
    for wrong, right in (("windows-1252", "utf-8"), ("windows-1252", "windows-1256"), ("latin-1", "windows-1256")):
        try:
            repaired = text.encode(wrong).decode(right)
        except UnicodeError:
            continue
        if len(_ARABIC_LETTER.findall(repaired)) > 20:
            return repaired
    return text


def _arabic_score(text: str) -> int:
    """How much a text looks like Arabic: the article ال is the commonest pair, and tells the two legacy sets apart."""
    sample = text[:200_000]
    return (
        len(_ARABIC_LETTER.findall(sample))
        + 20 * sample.count("ال")
        - 5 * sample.count("\ufffd")
        - 3 * sum(sample.count(mark) for mark in "×÷\x80\x81\x8d\x8e\x8f\x90")
    )
