"""The people a sentence speaks of, and how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.tolls.words import Word


@dataclass(frozen=True, slots=True)
class People:
    """words[start:end] of a sentence; `count` is None for an unknown number of them."""

    start: int
    end: int
    count: int | None
    joined: bool = False
    by: bool = False
    beside: str = ""  # "another" or "second": they are more than those told before
    numbered: bool = False  # by a number word, not by the noun alone
    patient: bool = False  # a number or an accusative: not who did it
    definite: bool = False


def people_of(words: Sequence[Word]) -> tuple[People, ...]:
    """The people of a sentence, without those who are part of others ("two of them") and those who did it."""
    found: list[People] = []
    index = 0
    while index < len(words):
        if words[index].has("part"):
            index = _end_of_part(words, index)
            continue
        them = _counted(words, index) or _named(words, index)
        if them is None:
            index += 1
            continue
        index = them.end
        did = them.start > 0 and words[them.start - 1].has("doer")
        if not did and not _is_part(words, them):
            found.append(them)
    return tuple(found)


def _end_of_part(words: Sequence[Word], index: int) -> int:
    index += 1
    while index < len(words) and not words[index].fate and not words[index].has("stop", "comma"):
        index += 1
    return index


def _is_part(words: Sequence[Word], them: People) -> bool:
    """Whether they are "two of them" and nothing is told of them: no fate stands right before."""
    told = them.start > 0 and words[them.start - 1].fate
    return them.end < len(words) and words[them.end].has("part") and not told


# --- by a number -----------------------------------------------------------------------------------------------------


def _counted(words: Sequence[Word], start: int) -> People | None:
    """ "At least three men", «ثلاثة من الحراس»: a number and, if they are named, its people."""
    first = start
    while start + 1 < len(words) and words[start].has("about") and words[start + 1].has("about", "number"):
        start += 1
    word = words[start]
    if not word.has("number") or (start and words[start - 1].has("label")):
        return None
    count, after = _number(words, start)
    end = _nouns(words, after)
    told = first > 0 and words[first - 1].fate
    if end is None or (word.has("whose") and end == start + 1 and not told):
        return None
    if after < len(words) and words[after].has("aged"):
        return None
    return People(
        start=first,
        end=end,
        count=count,
        joined=words[first].joined,
        by=words[first].by or word.by,
        beside=_beside(words[first : end + 1]),
        numbered=True,
        patient=True,
        definite=word.definite and not word.text.isdigit(),
    )


def _number(words: Sequence[Word], start: int) -> tuple[int, int]:
    """The value of the number words at `start`, and where they end: "twenty five", «ثلاثة عشر», «خمسة وعشرون»."""
    value, end = words[start].value or 0, start + 1
    while end < len(words) and words[end].has("number") and (other := words[end].value):
        teen = value < 10 == other and not words[end].joined
        tens = value < 10 < other <= 90 and words[end].joined
        units = 20 <= value <= 90 and other < 10 and value % 10 == 0 and not words[start].text.isdigit()
        if not teen and not tens and not units:
            break
        value, end = value + other, end + 1
    return value, end


_ADJECTIVES = 3  # words between a number and its people: "three Iraqi security guards"


def _nouns(words: Sequence[Word], end: int) -> int | None:
    """Where the people of a number end; None when it counts something else."""
    for step in range(end, min(end + _ADJECTIVES + 1, len(words))):
        word = words[step]
        if word.has("person"):
            return _owners(words, step + 1)
        if word.has("unit") and word.language != "en":
            break  # English alone puts what they belong to before them: "two office guards"
        if word.joined or word.fate or word.roles - {"unit", "another", "second", "about"}:
            break
    if end < len(words) and words[end].has("unit"):
        return None
    return _owners(words, end)


# --- by a noun -------------------------------------------------------------------------------------------------------


def _named(words: Sequence[Word], start: int) -> People | None:
    """ "A policeman", «شرطيان», «متظاهرين اثنين»: people whose number is in the noun or behind it."""
    word = words[start]
    if word.has("pronoun") and not word.joined and start and words[start - 1].fate:  # "killing him and his son"
        return People(start, start + 1, 1)
    if not word.has("person"):
        return None
    end, count = start + 1, word.value
    if end < len(words) and words[end].has("number") and not words[end].joined:
        if words[end].value == 2 and count in (None, 2):
            end, count = end + 1, 2
        elif words[end].value == 1 and count == 1:
            end += 1
    first = start
    while first and word.language == "en" and not words[first].joined and _qualifies(words[first - 1]):
        first -= 1
    return People(
        start=first,
        end=_owners(words, end),
        count=count,
        joined=words[first].joined,
        by=word.by,
        beside=_beside(words[first : end + 1]),
        patient=word.has("object") or word.value == 2,
    )


def _qualifies(word: Word) -> bool:
    """Whether a word may stand between "his" or "a" and the person: "his young son"."""
    return not word.roles - {"about", "another", "second", "pronoun"}


def _beside(words: Sequence[Word]) -> str:
    return next((role for word in words for role in ("another", "second") if word.has(role)), "")


def _owners(words: Sequence[Word], end: int) -> int:
    """The end of people with what they are of: «أحد حراس القيادي», "three of the guards", «أحد المصابين»."""
    while end < len(words):
        word, behind = words[end], words[end + 1 : end + 4]
        person = word.has("person") and not word.has("object", "number")
        casualty = word.definite and not word.places.isdisjoint(("many", "one"))
        if word.joined:
            break
        if person or casualty:
            end += 1
        elif word.has("of") and any(other.has("person") for other in behind):
            end += 1 + next(step for step, other in enumerate(behind) if other.has("person"))
        elif word.has("of") and len(behind) > 1 and behind[0].text == "the" and behind[1].fate:
            end += 3
        else:
            break
    return end
