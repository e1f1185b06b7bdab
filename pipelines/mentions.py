"""Text → mentions: every known name in a text, with its span in the original spelling.

One pass of the automaton over the folded text; then each hit is checked for what may stand on its left (the Arabic
proclitics و ف ب ل ك, the article, لل) and for a word boundary on its right; the longest name wins; a collision
(سرايا القدس, Cote d'Ivoire) silences the names inside it. Names broken up to slip past filters (سر ايا السلام) are
found by a second pass over the letters alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.lexicon import Form, Lexicon
from pipelines.models import Mention
from pipelines.text import Folded

_NAME_PROCLITIC = re.compile(r"[وف]?[بلك]?")
_ARTICLE_PROCLITIC = re.compile(r"[وف]?(?:[بك]?ال|لل)")
_WORD_PROCLITIC = re.compile(r"[وف]?(?:[بكل]?ال|لل|[بكلسأ])?")
_KURDISH_PREFIX = re.compile(r"(?:له|به|و)?")
_KURDISH_SUFFIX = re.compile(
    r"(?:هكان|هكه|هيان|هوه|يش|دا|ان|يان|هي|يي|ي|ش|ه|ن|ين|يه|يهوه|ييهوه|هوهدا|ييهكان){0,4}(?!\w)"
)
_ACCUSATIVE = re.compile("ا")
_PERSIAN_SUFFIX = re.compile(r"(?:هاي|ها|ي|ان)?(?!\w)")
_LEFT = 6  # the longest run of proclitics looked at
_NAMES = frozenset({"group", "body", "movement", "person", "other_group", "governorate", "place", "abroad", "actor"})
_SIGNS = ".,،:*/·()"  # what a name is broken up with, beside spaces
_MAX_GAP = 3  # signs between two letters of a broken-up name


def find_mentions(text: str | Folded, lexicon: Lexicon, language: str = "ar") -> tuple[Mention, ...]:
    """Every known name, action, marker and collision in the text, in reading order.

    `strength` is that of the form (1 alone, 0.5 with support, 0.2 never alone); what the rest of the text adds to a
    short form is decided by `findings`. Persian and Sorani forms count only in texts of those languages where an
    Arabic reader would read another word.
    """
    folded = text if isinstance(text, Folded) else Folded(text)
    hits = _hits(folded, lexicon, language)
    hits += _broken(folded, lexicon, hits)
    return tuple(
        Mention(
            form.entity,
            form.kind,
            *folded.span(start, end),
            folded.original[slice(*folded.span(start, end))],
            form.strength,
        )
        for start, end, form in _chosen(hits)
    )


Hit = tuple[int, int, Form]


def names_in(text: str, lexicon: Lexicon, language: str = "ar") -> frozenset[tuple[str, float]]:
    """(entity, strength) of every form in a text, collisions not yet heeded: the quick look before the careful one."""
    folded = Folded(text)
    hits = _hits(folded, lexicon, language, only_names=True)
    hits += _broken(folded, lexicon, hits)
    return frozenset((form.entity, form.strength) for _, _, form in hits)


def _hits(folded: Folded, lexicon: Lexicon, language: str, only_names: bool = False) -> list[Hit]:
    text = folded.text
    hits: list[Hit] = []
    if not lexicon.form_count:
        return hits
    for last, (length, forms, names) in lexicon.automaton.iter(text):
        if only_names and not names:
            continue
        start = last + 1 - length
        for form in forms:
            end = _accepts(text, start, last + 1, form, language)
            if end and (not form.capitals or _spelled(folded, start, end, form.capitals)):
                hits.append((start, end, form))
    return hits


def _accepts(text: str, start: int, end: int, form: Form, language: str) -> int:
    """The end of the match if the form may stand here, else 0."""
    if form.tail is not None:
        found = form.tail.match(text, end)
        if found is None:
            return 0
        stop = found.end()
    elif end < len(text) and _is_word(text[end]):
        accusative = form.kind == "action" and form.arabic and text[end] == "ا"  # قتالا
        if accusative and not (end + 1 < len(text) and _is_word(text[end + 1])):
            suffix = _ACCUSATIVE.match(text, end)
        elif form.language == "ckb" and form.arabic:
            suffix = _KURDISH_SUFFIX.match(text, end)
        elif form.language == "fa" and language == "fa" and form.arabic:
            suffix = _PERSIAN_SUFFIX.match(text, end)
        else:
            return 0
        if suffix is None:
            return 0
        stop = end
    else:
        stop = end
    if form.language != language and form.language in ("fa", "ckb") and (form.kind != "group" or form.strength < 1):
        return 0  # سڕ is "freeze" in Sorani and the start of a hundred Arabic words
    if start and _is_word(text[start - 1]):
        if not form.arabic:
            return 0
        left = start
        while left and start - left <= _LEFT and _is_word(text[left - 1]):
            left -= 1
        prefix = text[left:start]
        if form.language == "ckb":
            return stop if _KURDISH_PREFIX.fullmatch(prefix) or _NAME_PROCLITIC.fullmatch(prefix) else 0
        if form.article:
            return stop if _ARTICLE_PROCLITIC.fullmatch(prefix) else 0
        if form.kind in ("action", "marker"):
            return stop if _WORD_PROCLITIC.fullmatch(prefix) else 0
        return stop if _NAME_PROCLITIC.fullmatch(prefix) else 0
    return 0 if form.article else stop


def _is_word(char: str) -> bool:
    return char.isalnum()


_KURDISH_LETTERS = frozenset("گڤڕڵۆێ")


def _spelled(folded: Folded, start: int, end: int, capitals: str) -> bool:
    """Whether the original is spelled as asked: AAH in capitals, Kut with one, کوت and not گوت ("said" in Sorani)."""
    written = folded.original[slice(*folded.span(start, end))]
    letters = "".join(char for char in written if char.isalnum())
    wanted = "".join(char for char in capitals if char.isalnum())
    if wanted.isupper():
        return letters.isupper()
    if wanted[:1].isupper():
        return letters[:1].isupper()
    return not (_KURDISH_LETTERS & set(letters)) - set(wanted)


def _broken(folded: Folded, lexicon: Lexicon, hits: Sequence[Hit]) -> list[Hit]:
    """Names with spaces or signs inside their words: سر ايا السلام, س.ر.ا.ي.ا السلام."""
    text = folded.text
    if not lexicon.squeezed:
        return []
    squeezed = "".join(text.split())
    for sign in _SIGNS:
        squeezed = squeezed.replace(sign, "")
    letters = list(lexicon.squeezed.iter(squeezed)) if squeezed else []
    if not letters:
        return []
    positions = [index for index, char in enumerate(text) if not char.isspace() and char not in _SIGNS]
    known = {(start, end) for start, end, _ in hits}
    found: list[Hit] = []
    for last, (length, forms, _) in letters:
        first = last + 1 - length
        start, end = positions[first], positions[last] + 1
        if (start, end) in known or end - start > 2 * length:
            continue
        if any(positions[i + 1] - positions[i] > _MAX_GAP + 1 for i in range(first, last)):
            continue
        if "." in text[start:end] and ". " in text[start:end]:
            continue
        for form in forms:
            accepted = _accepts(text, start, end, form, "ar")
            if accepted:
                found.append((start, accepted, form))
    return found


def _rank(form: Form) -> int:
    """Of two names over the same letters a known thing comes before a mere veto, unless the veto asks for capitals;
    a group comes before all others, so that a user's own group is not taken for one of the shipped rivals."""
    if form.kind == "collision":
        return 0 if form.capitals else 3
    return 1 if form.kind == "group" else 2


def _chosen(hits: list[Hit]) -> list[Hit]:
    """The longest name at each place, none inside a collision; actions and markers stand beside names."""
    hits.sort(key=lambda hit: (hit[0], -hit[1], _rank(hit[2]), -hit[2].strength))
    chosen: list[Hit] = []
    ends: dict[str, int] = {}
    for hit in hits:
        start, end, form = hit
        lane = "name" if form.kind in _NAMES or form.kind == "collision" else form.entity
        if form.kind == "action" and end <= ends.get("name", 0):
            continue  # "mobilization" in the name of the Popular Mobilization Forces is no deployment
        if end <= ends.get(lane, 0) or (lane == "name" and start < ends.get(lane, 0)):
            continue
        ends[lane] = end
        chosen.append(hit)
    return chosen
