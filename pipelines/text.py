"""One spelling for every text: what the matcher, the lexicon and the search column compare.

Arabic news spells one name in many ways: with or without hamza, vowel signs, tatweel, Persian and Sorani letters,
guillemets inside the name, zero-width signs, hashtags, and on purpose broken up to slip past platform filters.
`fold` brings them to one spelling; `Folded` does the same and keeps the way back, so that a passage can be shown as
the outlet wrote it.

Folded: presentation forms and compatibility letters (NFKC), أإآٱ→ا, ة ە ہ ھ ۀ→ه, ى ی ې→ي, ک گ→ك, Sorani
ڕ ڵ ۆ ێ ڤ→ر ل و ي ف, digits→ASCII, Latin marks (ā→a) and look-alike Cyrillic and Greek letters, case. Removed:
tatweel, vowel signs, zero-width and bidi signs, apostrophes inside a word, the possessive 's. Turned into a space:
quotes, dashes, underscore, hash, every other space. Never folded: ئ ؤ ء, the article, any suffix: that would join
different words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from functools import cached_property

_LETTERS = {
    **dict.fromkeys("أإآٱٲٳٵ", "ا"),
    **dict.fromkeys("ةەہھۀۂۃ", "ه"),
    **dict.fromkeys("ىیېےۍ", "ي"),
    **dict.fromkeys("کگڪګڬگ", "ك"),
    "ڕ": "ر", "ڵ": "ل", "ۆ": "و", "ۊ": "و", "ێ": "ي", "ڤ": "ف",
}  # fmt: skip
_LOOKALIKES = dict(zip("аеорсухіѕјһԁԛԝвнкмтαοεικρτυχνβ", "aeopcyxisjhdqwbhkmtaoeikptuxvb", strict=True))
_SPACES = '_#"“”„‟«»‹›〈〉《》「」『』`´|\u00a0'
_APOSTROPHES = "'’‘ʼʿʾʹ′‛ʻ"
_KEPT = ("ـ", "\u0654")  # looked at again with their neighbours


def fold(text: str) -> str:
    """The text in its one spelling; folding it again changes nothing."""
    text = text.translate(_TABLE)
    for needle, pattern, replacement in _STEPS:
        if needle in text:
            text = pattern.sub(replacement, text)
    return text.strip(" ")


def plain(text: str) -> str:
    """Arabic text in ordinary letters: no vowel signs, tatweel, invisible signs, presentation forms, Persian ک and ی.

    Unlike `fold` it keeps hamza, ة, ى, quotation marks, dashes and capitals, which tell something to whoever reads on.
    """
    return text.translate(_PLAIN)


class Folded:
    """A folded text that remembers where each of its characters stood in the original.

    `text` equals `fold(original)`. The table of offsets is built only when it is first asked for, because most
    articles hold no name and need none.
    """

    __slots__ = ("__dict__", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        self.text = fold(original)

    @cached_property
    def offsets(self) -> list[int]:
        """For each folded character the offset of the original character it came from."""
        letters: list[str] = []
        origins: list[int] = []
        for index, char in enumerate(self.original):
            folded = _TABLE[ord(char)]
            letters.append(folded)
            origins.extend([index] * len(folded))
        text = "".join(letters)
        for _, pattern, replacement in _STEPS:
            text, origins = _replaced(text, origins, pattern, replacement)
        left = len(text) - len(text.lstrip(" "))
        return origins[left : left + len(text.strip(" "))]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of the folded span [start, end)."""
        if not 0 <= start < end <= len(self.offsets):
            raise ValueError(f"no span [{start}, {end}) in a folded text of {len(self.offsets)} characters")
        return self.offsets[start], _cluster_end(self.original, self.offsets[end - 1])

    def folded_offset(self, original: int) -> int:
        """The first folded character that came from the original offset or from behind it."""
        return bisect_left(self.offsets, original)


def _letter(code: int) -> str:
    """The folded form of one character: "" when it is removed, " " when it parts words."""
    char = chr(code)
    if char in _APOSTROPHES:
        return "'"
    if char in _SPACES or char.isspace():
        return " "
    folded = ""
    for piece in unicodedata.normalize("NFKC", char).lower():
        piece = _LETTERS.get(piece, piece)
        category = unicodedata.category(piece)
        if piece in _KEPT:
            folded += piece
        elif category in ("Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"):
            continue
        elif category in ("Pd", "Zs", "Zl", "Zp", "Pc", "Pi", "Pf") or piece in '−_#"|`':
            folded += " "
        elif category == "Nd":
            folded += str(unicodedata.digit(piece))
        else:
            latin = "\u00c0" <= piece <= "\u024f" or "\u1e00" <= piece <= "\u1fff"
            base = unicodedata.normalize("NFD", piece)[0] if latin else piece
            folded += _LOOKALIKES.get(base, base)
    return folded


class _Plain(dict[int, str]):
    """A table for `str.translate` to ordinary letters."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if "\ufb50" <= char <= "\ufdff" or "\ufe70" <= char <= "\ufefc":
            char = unicodedata.normalize("NFKC", char)
        self[code] = "".join(_ORDINARY.get(piece, piece) for piece in char if not _is_ornament(piece))
        return self[code]


def _is_ornament(char: str) -> bool:
    """Whether it is no letter of its own: tatweel, vowel and invisible signs, but not the hamza above a letter."""
    return char == "ـ" or (unicodedata.category(char) in ("Mn", "Cf") and char != "\u0654")


_ORDINARY = {"ی": "ي", "ک": "ك", "گ": "ك", "ہ": "ه", "ھ": "ه", "ە": "ه"}
_PLAIN = _Plain()


class _Table(dict[int, str]):
    """A table for `str.translate` that learns each character the first time it is met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _letter(code)
        return folded


_TABLE = _Table()

_ARABIC = "\u0621-\u063a\u0641-\u064a\u0671-\u06d3\u06d5"
# What depends on the neighbours, in this order: (a letter it cannot do without, what, by what). A replacement is
# never longer than what it replaces.
_STEPS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("ـ", re.compile(rf"(?<=[{_ARABIC}])ـ+[\s،,.;:*/·•]{{1,4}}ـ+(?=[{_ARABIC}])"), ""),  # العـ ـصائب, المجاهـ،،ـدين
    ("ـ", re.compile("ـ+"), ""),
    ("\u0654", re.compile("ي\u0654"), "ئ"),  # the decomposed spelling of one letter
    ("\u0654", re.compile("و\u0654"), "ؤ"),
    ("\u0654", re.compile("\u0654+"), ""),
    ("'", re.compile(r"(?<=\w)'s(?!\w)"), ""),  # Saraya’s: else the right boundary is lost
    ("'", re.compile(r"(?<!\w)'+|'+(?!\w)"), " "),  # a quotation mark, not a letter's sign
    ("'", re.compile("'+"), ""),
    ("*", re.compile(rf"(?<=[{_ARABIC}])[*]{{1,3}}(?=[{_ARABIC}])"), ""),  # عصا*ئب
    ("  ", re.compile(" {2,}"), " "),
)


def _replaced(text: str, origins: list[int], pattern: re.Pattern[str], replacement: str) -> tuple[str, list[int]]:
    """One step with the way back: each kept character keeps its origin, a new one takes that of the first replaced."""
    pieces: list[str] = []
    kept: list[int] = []
    done = 0
    for match in pattern.finditer(text):
        pieces.append(text[done : match.start()])
        kept.extend(origins[done : match.start()])
        pieces.append(replacement)
        kept.extend(origins[match.start() : match.start() + len(replacement)])
        done = match.end()
    if not done:
        return text, origins
    pieces.append(text[done:])
    kept.extend(origins[done:])
    return "".join(pieces), kept


def _cluster_end(text: str, start: int) -> int:
    """The end of the character at `start` with the vowel signs and tatweels that hang on it."""
    end = start + 1
    while end < len(text) and (unicodedata.category(text[end]) in ("Mn", "Me") or text[end] == "ـ"):
        end += 1
    return end
