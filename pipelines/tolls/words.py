"""The words of a sentence with what the vocabulary of `words.toml` knows of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

from pipelines.text import fold

Kind = Literal["killed", "injured", "victims"]
KINDS: tuple[Kind, ...] = ("killed", "injured", "victims")
# Where victims stand to a word that tells of them. A word that can be several of these is the first of them.
_PLACES = ("tally", "before_one", "before_two", "before", "many", "one", "two", "either", "whoever", "after")


@dataclass(frozen=True, slots=True)
class Word:
    """One word or phrase; one that the vocabulary does not know has no roles. The roles are those of `words.toml`."""

    text: str
    language: str
    roles: frozenset[str] = frozenset()
    value: int | None = None  # how many it counts
    joined: bool = False  # "and" stands before it, or is its first letter
    by: bool = False  # «بثلاثة»: "with three"
    definite: bool = False

    def has(self, *roles: str) -> bool:
        """Whether it can be one of these."""
        return not self.roles.isdisjoint(roles)

    @property
    def fate(self) -> bool:
        """Whether it tells what befell somebody."""
        return _tells(self.roles)

    def place(self, kind: Kind) -> str:
        """Where the victims of this kind stand to it: "before", "after", …; "" when it tells of none."""
        return _place(self.roles, kind)

    @property
    def places(self) -> frozenset[str]:
        """Where victims of any kind stand to it."""
        return frozenset(self.place(kind) for kind in KINDS) - {""}


@cache
def _tells(roles: frozenset[str]) -> bool:
    return any(role.startswith(KINDS) for role in roles)


@cache
def _place(roles: frozenset[str], kind: Kind) -> str:
    return next((place for place in _PLACES if f"{kind}.{place}" in roles), "")


_TOKEN = re.compile(r"[وفبل](?=\d)|\d+(?:[.,:/]\d+)+|\w+|[^\w\s]")
_AND = ("and", "و", "&")
_STOPS, _COMMAS = ".;:؛!?؟", ",،()"


def read(text: str) -> tuple[Word, ...]:
    """The words of a sentence, phrases of the vocabulary as one; "and" is a property of the word behind it."""
    tokens = _TOKEN.findall(fold(text))
    language = _language(text, tokens)
    words: list[Word] = []
    index, joined = 0, False
    while index < len(tokens):
        if tokens[index] in _AND:
            joined, index = True, index + 1
            continue
        word, length = _word(tokens, index, "en" if _LATIN.match(tokens[index]) else language)
        words.append(replace(word, joined=True) if joined else word)
        index, joined = index + length, False
    return tuple(words)


_LATIN = re.compile("[a-z0-9%]")
_SORANI = re.compile("[ەێۆڕڵ]")
_PERSIAN = frozenset({"از", "را", "كه", "شد", "شدند", "شده", "است", "كشته", "زخمي", "براي"})


def _language(text: str, tokens: Sequence[str]) -> str:
    """The language of the words in Arabic letters: Sorani by its letters, Persian by its commonest words."""
    return "ckb" if _SORANI.search(text) else "fa" if _PERSIAN.intersection(tokens) else "ar"


def _word(tokens: Sequence[str], index: int, language: str) -> tuple[Word, int]:
    """The longest phrase that begins at a token, and how many tokens it takes."""
    token = tokens[index]
    if token.isdigit():
        number = frozenset() if _is_year(token) else frozenset({"number"})
        return Word(token, language, number, int(token)), 1
    if not token[0].isalnum():
        role = "stop" if token in _STOPS else "comma" if token in _COMMAS else "unit"
        return Word(token, language, frozenset({role})), 1
    best, length = Word(token, language), 0
    for stem in _stems(token, language):
        for phrase, (roles, value) in _vocabulary(language).get(stem.text, {}).items():
            if len(phrase) > length and _continues(phrase, tokens[index : index + len(phrase)], language):
                best, length = replace(stem, text=token, roles=roles, value=value), len(phrase)
                break
    return best, max(length, 1)


def _is_year(digits: str) -> bool:
    return (len(digits) == 4 and 1900 <= int(digits) <= 2100) or len(digits) > 4


def _continues(phrase: Sequence[str], tokens: Sequence[str], language: str) -> bool:
    return len(tokens) == len(phrase) and all(
        any(wanted == stem.text for stem in _stems(token, language))
        for wanted, token in zip(phrase[1:], tokens[1:], strict=True)
    )


@lru_cache(maxsize=4096)
def _stems(token: str, language: str) -> tuple[Word, ...]:
    """What a word may be without what Arabic writes together with it ("and", "with", "the"), the longest first."""
    forms = [Word(token, language)]
    if language != "ar":
        return tuple(forms)
    if token[0] in "وف" and len(token) > 2:
        forms.append(Word(token[1:], language, joined=True))
    for form in tuple(forms):
        if form.text[0] in "بلك" and len(form.text) > 3:
            forms.append(replace(form, text=form.text[1:], by=True))
            if form.text.startswith("لل"):
                forms.append(replace(form, text=form.text[2:], by=True, definite=True))
    for form in tuple(forms):
        if form.text.startswith("ال") and len(form.text) > 4:
            forms.append(replace(form, text=form.text[2:], definite=True))
    return tuple(forms)


# --- the vocabulary --------------------------------------------------------------------------------------------------

_Phrases = Mapping[tuple[str, ...], tuple[frozenset[str], int | None]]
_Form = tuple[str, str, int | None]  # phrase, role, the number it counts


@cache
def _vocabulary(language: str) -> Mapping[str, _Phrases]:
    """The phrases of a language by their first word, the longest first."""
    file = resources.files("pipelines").joinpath("tolls", "words.toml")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    found: dict[str, dict[tuple[str, ...], tuple[frozenset[str], int | None]]] = {}
    for phrase, role, value in _forms(data[language]):
        words = tuple(_TOKEN.findall(fold(phrase)))
        roles, known = found.setdefault(words[0], {}).get(words, (frozenset(), None))
        found[words[0]][words] = (roles | {role}, known if value is None else value)
    return {first: dict(sorted(them.items(), key=lambda item: -len(item[0]))) for first, them in found.items()}


def _forms(language: Mapping[str, Mapping[str, Any]]) -> Iterator[_Form]:
    persons = language["persons"]
    for number, phrases in language["numbers"].items():
        yield from ((phrase, "number", int(number)) for phrase in phrases)
        if "noun" in persons:
            yield from ((fold(phrase) + "ي", "number", int(number)) for phrase in phrases)
    yield from ((phrase, "person", None) for phrase in persons["many"])
    for phrase in persons.get("noun", []):
        yield phrase, "person", None
        yield from ((fold(phrase) + ending, "person", 1) for ending in ("يك", "يكي", "يهك", "يهكي"))
        yield from ((fold(phrase) + ending, "person", None) for ending in ("ي", "يش", "ش"))
    one = persons["one"] + persons.get("regular", []) + persons.get("kin", [])
    if "kin" in persons:
        for phrase in one:
            yield from _declined(fold(phrase), regular=phrase in persons["regular"], kin=phrase in persons["kin"])
    yield from ((phrase, "person", 1) for phrase in one)  # «امرأة» is no dual of «آمر»: the noun itself comes last
    for role, phrases in language["words"].items():
        yield from ((phrase, role, None) for phrase in phrases)
    for kind in KINDS:
        for place, phrases in language.get(kind, {}).items():
            yield from ((phrase, f"{kind}.{place}", None) for phrase in phrases)


def _declined(noun: str, *, regular: bool, kin: bool) -> Iterator[_Form]:
    """The forms of an Arabic noun for one person: dual, accusative, "his", and the regular plural."""
    feminine = noun.endswith("ه") and len(noun) > 2
    stem = noun[:-1] + "ت" if feminine else noun
    yield stem + "ان", "person", 2
    yield stem + "ين", "person", None if regular and not feminine else 2
    if kin:
        yield from ((stem + ending, "person", 1) for ending in ("ه", "ها", "هم", "هما", "ي"))
        yield from ((stem + ending, "person", 2) for ending in ("اه", "اها", "اهما", "يه", "يها", "يهما"))
    if not feminine:
        yield noun + "ا", "object", 1
        yield noun + "ا", "person", 1
    if regular:
        yield from ((noun.removesuffix("ه") + ending, "person", None) for ending in ("ون", "ات", "و", "ي"))
