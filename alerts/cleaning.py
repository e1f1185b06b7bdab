"""Makes text from the world fit to be shown: no control characters, no reversed direction, no broken character.

Everything that came from a feed or page passes here before a template or a channel sees it. Escaping is another
matter and belongs to each format.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import regex  # type: ignore[import-untyped]
from w3lib.url import safe_url_string

ELLIPSIS = "…"
LONGEST_LINK = 2000  # characters: what every receiver takes
ISOLATE, POP = "\u2068", "\u2069"  # first-strong isolate and its end: the only direction controls that go out

# Cc, Cs, Co and unassigned, and the format characters that turn direction around (UAX #9), hide text or carry tags.
# Zero-width joiner and non-joiner stay: Persian, Kurdish and emoji are written with them.
_UNSEEN = regex.compile(
    r"[\p{Cs}\p{Co}\p{Cn}\u200B\u200E\u200F\u061C\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u00AD\U000E0000-\U000E0FFF]"
    r"|[\x00-\x08\x0E-\x1B\x7F-\x84\x86-\x9F]"
)
_BREAKS = re.compile(r"[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
_SPACES = re.compile(r"[ \u00a0\u3000]{2,}")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTER = re.compile(r"[^\W\d_]")
# A number written to be dialled: international or Iraqi mobile and landline, in Latin, Arabic or Persian digits.
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+|00|٠٠|۰۰)[\d٠-٩۰-۹]{1,3}|[0٠۰])[\s\-.()/]{0,2}(?:[\d٠-٩۰-۹][\s\-.()/]{0,2}){8,12}(?![\w.])"
)


def clean(text: str) -> str:
    """One line of visible text in its own spelling; breaks become spaces."""
    return _SPACES.sub(" ", clean_same_length_breaks(text)).strip()


def clean_same_length_breaks(text: str) -> str:
    """As `clean`, but spaces stay as they are: for a piece of a line."""
    return str(_UNSEEN.sub("", _BREAKS.sub(" ", text)))


def mask_phones(text: str) -> str:
    """Each digit but the first two of a telephone number becomes `•`; the length stays, so that spans stay true."""
    return _PHONE.sub(_mask, text)


def graphemes(text: str) -> list[str]:
    """The characters as a reader counts them (UAX #29): never cut within one."""
    return [str(grapheme) for grapheme in regex.findall(r"\X", text)]


def cut(text: str, limit: int, unit: str = "characters") -> str:
    """At most `limit` characters, UTF-16 units (`utf16`) or UTF-8 `bytes`, ending in `…` if anything was cut off."""
    if size(text, unit) <= limit:
        return text
    room = limit - size(ELLIPSIS, unit)
    if room < 0:
        return ""
    kept: list[str] = []
    for grapheme in graphemes(text[: limit + 1]):
        room -= size(grapheme, unit)
        if room < 0:
            break
        kept.append(grapheme)
    return "".join(kept).rstrip() + ELLIPSIS


def size(text: str, unit: str = "characters") -> int:
    """The length in the unit that a receiver counts in."""
    if unit == "utf16":
        return len(text.encode("utf-16-le")) // 2
    if unit == "bytes":
        return len(text.encode())
    return len(text)


def is_right_to_left(text: str) -> bool:
    """Whether its first letter is of a right-to-left script, which is how a chat client chooses the direction."""
    first = _LETTER.search(text)
    return first is not None and _RIGHT_TO_LEFT.match(first[0]) is not None


def isolate(text: str) -> str:
    """Right-to-left text fit to stand within a left-to-right line of plain text."""
    return f"{ISOLATE}{text}{POP}" if _RIGHT_TO_LEFT.search(text) else text


def balanced(text: str) -> str:
    """Every isolate closed, as it may not be after a cut."""
    return text + POP * (text.count(ISOLATE) - text.count(POP))


def safe_link(url: str) -> str:
    """The address, percent-encoded, with an ASCII host and no user name; empty if it is not http(s) or too long."""
    try:
        parts = urlsplit(clean_same_length_breaks(url).strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or "\\" in url or " " in parts.netloc:
            return ""
        host = parts.hostname.encode("idna").decode("ascii")
        if ":" in host:
            host = f"[{host}]"
        netloc = host if parts.port is None else f"{host}:{parts.port}"
        link = safe_url_string(urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment)))
    except ValueError:
        return ""
    return "" if len(link) > LONGEST_LINK or re.search(r"[<>\"'`\s|]", link) else link


def host_of(link: str) -> str:
    """The host of a link as `safe_link` gave it."""
    return urlsplit(link).hostname or ""


def _mask(found: re.Match[str]) -> str:
    seen = 0
    masked = []
    for character in found[0]:
        if character.isdigit():
            seen += 1
            masked.append(character if seen <= 2 else "•")
        else:
            masked.append(character)
    return "".join(masked)
