"""Who belongs to what befell somebody: each kind of word takes the people who stand where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.tolls.people import People, people_of
from pipelines.tolls.words import Kind, Word

_NEAR = 6  # words between a fate and its victims behind it
_FAR = 8  # … before it
_END = 16  # … before a verb that ends the sentence, as in Persian
_CLOSE = 2  # … where English puts the object
_JOINED = 7  # words between two victims
_ASIDE = 3  # words between "attempt to" and what was tried
_CAUSE = 5  # words between a death and the illness that brought it
_NEGATION = 6  # words between "no" and the harm there was none of
_BELONGS = 3  # words between people and a fate right behind them


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence and its people, in their order."""

    words: Sequence[Word]
    people: Sequence[People]
    taken: frozenset[int]  # where those begin who belong to a fate right behind them


def sentence_of(words: Sequence[Word]) -> Sentence:
    """The words with their people; where no word tells what befell anybody, none are looked for."""
    people = people_of(words) if any(word.fate for word in words) else ()
    return Sentence(words, people, frozenset(them.start for them in people if _is_taken(words, them)))


def _is_taken(words: Sequence[Word], them: People) -> bool:
    """Whether people belong to a fate right behind them: "… and three were injured"."""
    for index in range(them.end, min(them.end + _BELONGS, len(words))):
        word = words[index]
        own = index == them.end and not word.definite and not word.places.isdisjoint(("many", "one"))
        passive = index > them.end and words[index - 1].has("was", "were") and word.fate
        if own or passive or any(place.startswith("before") for place in word.places):
            return True
        if word.fate or word.has("stop", "comma", "not", "number", "person"):
            return False
    return False


@dataclass(frozen=True, slots=True)
class _Told:
    """How many a fate befell (None: an unknown number), and whether they are more than those told before."""

    count: int | None
    beside: str = ""


def suffered(sentence: Sentence, kind: Kind) -> int | None:
    """The highest number of those whom a fate of this kind befell; 0 where it is said that there were none."""
    most: int | None = None
    for index, word in enumerate(sentence.words):
        if word.has(f"{kind}.none") or _is_denied(sentence.words, index, kind):
            most = most or 0
            continue
        if not word.place(kind) or _is_averted(sentence.words, index):
            continue
        told = _victims(sentence, index, kind)
        if told is None or told.count is None:
            continue
        if told.beside and most is not None:
            most += told.count
        elif told.beside == "second" and kind == "killed":
            most = told.count + 1
        else:
            most = max(most or 0, told.count)
    return most


def _is_averted(words: Sequence[Word], index: int) -> bool:
    """Whether it was only tried, is recalled, or was nobody's deed: "an attempt to kill", "died in a car accident"."""
    near = 2 if words[index].language == "en" else 1  # "not badly hurt", but «لم يصب»
    tried = any(word.has("averted") for word in words[max(0, index - _ASIDE) : index])
    tried = tried or any(word.has("not") for word in words[max(0, index - near) : index])
    return tried or any(word.has("natural") for word in words[index + 1 : index + 1 + _CAUSE])


def _is_denied(words: Sequence[Word], index: int, kind: Kind) -> bool:
    """Whether none came to this harm: "no casualties", «لم يصب أحد»."""
    if not words[index].has(f"{kind}.harm"):
        return False
    for word in reversed(words[max(0, index - _NEGATION) : index]):
        if word.has("stop", "number"):
            return False
        if word.has("not"):
            return True
    return False


def _victims(sentence: Sentence, index: int, kind: Kind) -> _Told | None:
    """Those whom the fate at `index` befell; None when the sentence does not say."""
    word = sentence.words[index]
    place = word.place(kind)
    if place == "tally":
        return _tally(sentence, index)
    if place in ("many", "one", "two"):
        return _risen(sentence, index) or _adjacent(sentence, index) or _itself(sentence.words, index, place)
    voice = _voice(sentence.words, index)
    if place.startswith("before") or (place == "either" and voice):
        return _passive(sentence, index, place, voice)
    return _active(sentence, index, kind)


# --- a number of its own ---------------------------------------------------------------------------------------------


def _tally(sentence: Sentence, index: int) -> _Told | None:
    """ "The death toll rose from two to four": the highest number behind it."""
    counts = []
    for them in sentence.people:
        if them.start <= index or them.count is None:
            continue
        gap = sentence.words[index + 1 : them.start]
        if len(gap) > _FAR or any(word.fate or word.has("stop", "comma") for word in gap):
            break
        counts.append(them.count)
    return _Told(max(counts)) if counts else None


def _risen(sentence: Sentence, index: int) -> _Told | None:
    """«من قتيلين إلى أربعة», "from two dead to four"."""
    if index + 1 < len(sentence.words) and sentence.words[index + 1].has("to"):
        return next((_Told(them.count) for them in sentence.people if them.start == index + 2), None)
    return None


def _adjacent(sentence: Sentence, index: int) -> _Told | None:
    """«ثلاثة مسلحين قتلى» or «القتلى الثلاثة»."""
    definite = sentence.words[index].definite
    for number, them in enumerate(sentence.people):
        if them.end == index and not definite and sentence.words[them.start].text != "the":
            return _Told(_with_joined(sentence, number, commas=False), them.beside)
        if them.start == index + 1 and definite and them.definite:
            return _Told(them.count, them.beside)
    return None


def _itself(words: Sequence[Word], index: int, place: str) -> _Told | None:
    """«قتيل» is one, «قتيلان» two; «بين قتيل وجريح» tells of no number."""
    if place == "many" or any(word.has("between") for word in words[max(0, index - _ASIDE) : index]):
        return None
    more = index + 1 < len(words) and words[index + 1].has("another", "second")
    return _Told(2 if place == "two" else 1, "another" if more else "")


# --- victims before it -----------------------------------------------------------------------------------------------


def _voice(words: Sequence[Word], index: int) -> str:
    """ "was" or "were" before a participle, with an adverb or two between; "" in the active voice."""
    for word in reversed(words[max(0, index - 3) : index]):
        for role in ("was", "were"):
            if word.has(role):
                return role
        if word.roles or word.joined:
            break
    return ""


def _passive(sentence: Sentence, index: int, place: str, voice: str) -> _Told | None:
    following = sentence.words[index + 1 : index + 2]
    if any(word.has("pronoun") and not word.joined for word in following):
        return _after(sentence, index)  # «لقي حتفه هو وسائقه»
    told = _before(sentence, index, were=voice == "were")
    beside = told.beside if told else ""
    if place == "before_two":
        return _Told(2, beside)
    if place != "before_one" and voice != "was":
        return told
    # «دو نفر کشته شد», "5 others was wounded": the number right before it is right, the verb a slip.
    several = any(index - _CLOSE <= them.end <= index and them.numbered for them in sentence.people)
    return told if several and told and (told.count or 0) > 1 else _Told(1, beside)


def _before(sentence: Sentence, index: int, *, were: bool) -> _Told | None:
    """Those who stand before a fate: the nearest of known number, with those joined to them."""
    words = sentence.words
    ends = any(place.startswith("before") for place in words[index].places)
    for number in range(len(sentence.people) - 1, -1, -1):
        them = sentence.people[number]
        if them.end > index or them.count is None or them.definite:
            continue
        between = words[them.end : index]
        reach = _FAR if words[index].language == "en" or not ends else _END
        if _is_bare(words, them):
            reach = 0 if words[index].language == "ar" else _CLOSE  # «أحد عشر عيارا»: what it counts is not known
        if len(between) > reach or any(map(_parts, between)):
            break
        total = _with_joined(sentence, number)
        if were and total == 1 and them.joined:
            total = 2  # "Haider and his driver were killed"
        return _Told(total, them.beside if total == them.count else "")
    return None


def _is_bare(words: Sequence[Word], them: People) -> bool:
    """Whether an Arabic number counts nobody by name: not "three men", "three of them" or "three were taken"."""
    if any(not word.has("number", "about") or word.language == "en" for word in words[them.start : them.end]):
        return False
    behind = words[them.end] if them.end < len(words) else None
    return behind is None or not (behind.has("of", "part", "another") or behind.text.endswith(("ين", "ون", "وا")))


def _with_joined(sentence: Sentence, number: int, *, commas: bool = True) -> int | None:
    """The count of people with those before them whom "and" joins to them: "a policeman and two guards"."""
    first = sentence.people[number]
    total = first.count
    for earlier in reversed(sentence.people[:number]):
        gap = sentence.words[earlier.end : first.start]
        acted = earlier.start > 0 and sentence.words[earlier.start - 1].fate
        parted = len(gap) > _JOINED or any(_parts(word) or (word.has("comma") and not commas) for word in gap) or acted
        if total is None or earlier.count is None or not first.joined or parted:
            break
        total, first = total + earlier.count, earlier
    return total


# --- victims behind it -----------------------------------------------------------------------------------------------


def _active(sentence: Sentence, index: int, kind: Kind) -> _Told | None:
    words = sentence.words
    word = words[index]
    if any(other.place(kind) in ("many", "one", "two") for other in words[index + 1 : index + 4]):
        return None  # «سقوط ثلاثة قتلى»: the noun tells
    told = _attribute(sentence, index) or _after(sentence, index)
    if told is not None:
        return told
    others = any(index < them.start <= index + _NEAR and them.start in sentence.taken for them in sentence.people)
    if word.has(f"{kind}.either") and not others:
        told = _before(sentence, index, were=False)
        if told is None and (word.text[0] == "ف" or (index and words[index - 1].has("relative"))):
            return _Told(1)  # «فقُتل», «الذي قُتل»: he whom the sentence before told of
    if told is None and word.has(f"{kind}.whoever") and _is_somebody(words, index):
        return _Told(1)
    return told


def _attribute(sentence: Sentence, index: int) -> _Told | None:
    """ "Five wounded people": an English participle right behind a bare number."""
    word = sentence.words[index]
    if word.language != "en" or word.joined or not index or not sentence.words[index - 1].has("number"):
        return None
    return next((_Told(them.count, them.beside) for them in sentence.people if them.end == index), None)


def _is_somebody(words: Sequence[Word], index: int) -> bool:
    """Whether the word behind a death may be a name: nothing that the vocabulary knows, no plural, not "of illness"."""
    if index + 1 == len(words) or words[index].definite:
        return False
    behind = words[index + 1]
    known = behind.joined or behind.roles - {"day"}
    return not known and not behind.text.endswith(("ون", "ين", "ات")) and not behind.text.startswith(("بال", "لل"))


def _after(sentence: Sentence, index: int) -> _Told | None:
    """Those who stand behind a fate: the first, with those joined to them; "a gunman killed three": the three."""
    words = sentence.words
    total: int | None = None
    last: People | None = None
    for them in sentence.people:
        if them.start <= index:
            continue
        gap = words[index + 1 if last is None else last.end : them.start]
        commas = sum(word.has("comma") for word in gap)
        reach = _JOINED if last else _CLOSE if words[index].language == "en" else _NEAR
        if them.start in sentence.taken or len(gap) > reach:
            break
        if any(_parts(word) or word.has("being", "relative") for word in gap):
            break
        if last is None:
            if commas % 2 or them.definite or (them.by and gap):
                break
            total, last = them.count, them
        elif them.joined and not commas and not them.definite and not any(w.joined and not w.definite for w in gap):
            total, last = _sum(total, them.count), them
        elif _acts_on(last, them, gap):
            total, last = them.count, them
        else:
            break
    return None if last is None else _Told(total, last.beside if total == last.count else "")


def _acts_on(first: People, other: People, gap: Sequence[Word]) -> bool:
    """Whether the first did it to the other: «قتل مسلح ثلاثة حراس», two people one behind the other in one clause."""
    commas = sum(word.has("comma") for word in gap)
    english = any(word.language == "en" for word in gap)
    beside = not other.joined and commas in (0, 2) and not english and not any(word.has("place") for word in gap)
    return beside and other.patient and not first.patient


def _parts(word: Word) -> bool:
    """Whether a word parts a fate from people who stand beyond it."""
    return word.fate or word.has("stop", "clause")


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
