"""Sentences → scenes: who each sentence speaks of, where it lies, what is done in it, and how it is meant.

A sentence that names no governorate lies where the one before it lies, else where the title or the dateline says. A
short form ("the Saraya", «العصائب») counts when the text settles whom it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from pipelines.dating import OLD_AFTER, When, out_of_season, when
from pipelines.genres import genre_of
from pipelines.lexicon import ALONE, DESCRIBED, SUPPORT, Lexicon
from pipelines.models import EventType, Mention
from pipelines.passages import Reading, Sentence
from pipelines.placing import governorates_of, only_aside
from pipelines.roundups import items_of
from pipelines.text import fold

Placed = Literal["sentence", "before", "behind", "title", "dateline", ""]
ABROAD = "abroad"
ROW = 3  # governorates in one sentence that make it a list


STRONG = 0.8  # weight of an action word that by itself says something happened
SOME = 0.5

VIOLENT = frozenset(
    {
        EventType.ARMED_CLASH,
        EventType.ASSASSINATION,
        EventType.ASSASSINATION_ATTEMPT,
        EventType.SHOOTING,
        EventType.BOMBING,
        EventType.ATTACK_ON_OFFICE,
        EventType.ABDUCTION,
    }
)
_FIGHTS = re.compile(r"fight|battle|قتال|محاربه|مواجه|معارك|دركير|جنك|شهر")
FORCE = VIOLENT | {EventType.ARREST, EventType.THREAT, EventType.OTHER}


@dataclass(frozen=True, slots=True)
class Action:
    """An action word of a sentence with its event type and weight."""

    event_type: EventType
    weight: float
    mention: Mention


@dataclass(frozen=True, slots=True)
class Scene:
    """What one sentence tells."""

    sentence: Sentence
    groups: frozenset[str]  # named here, and meant
    full: frozenset[str]  # of these, named by an unambiguous form
    leaders: frozenset[str]  # groups whose leader is named here
    sides: frozenset[str]  # groups whose movement is named here ("Sadrists")
    others: int  # other armed groups named here
    named: frozenset[str]  # governorates named here as the place
    where: frozenset[str]  # governorates it lies in
    placed: Placed  # how `where` is known
    row: bool  # its governorates are a list
    actions: tuple[Action, ...]
    days: tuple[When, ...]
    flags: frozenset[str]  # ids of markers, and: old, recent, pluperfect, unbound (its groups do nothing here)

    @property
    def weight(self) -> float:
        """How strongly it says that something happened (0 … 1)."""
        return max((action.weight for action in self.actions), default=0.0)

    @property
    def forceful(self) -> bool:
        """Whether it tells of force, an arrest or a threat."""
        return any(action.event_type in FORCE and action.weight >= STRONG for action in self.actions)

    @property
    def background(self) -> bool:
        """Whether it tells what was, not what is new."""
        if "recent" in self.flags and "pluperfect" not in self.flags:
            return False
        return bool(self.flags & {"background", "old"}) or ("definition" in self.flags and not self._tells_more())

    def _tells_more(self) -> bool:
        """Whether a sentence that says what a group is also tells a deed, not only whom it was founded to fight."""
        return any(action.weight >= STRONG and not _FIGHTS.match(fold(action.mention.form)) for action in self.actions)


@dataclass(frozen=True, slots=True)
class Story:
    """All scenes of an article and what it is about as a whole."""

    scenes: tuple[Scene, ...]
    published: date  # the day in Iraq
    main: frozenset[str] = field(default=frozenset())  # governorates of title, dateline and lead
    title: frozenset[str] = field(default=frozenset())  # governorates of the title
    dateline: frozenset[str] = field(default=frozenset())  # without the capital, where outlets sit
    known: frozenset[str] = field(default=frozenset())  # groups the article speaks of
    unsettled: frozenset[str] = field(default=frozenset())  # of these, by a short form that may mean something else
    genre: frozenset[str] = field(default=frozenset())  # opinion, sport, economy
    everywhere: frozenset[str] = field(default=frozenset())  # every governorate named anywhere
    abroad: bool = False  # the title is about a place outside Iraq, and title and lead name none inside

    def recalls(self, scene: Scene, governorate: str) -> bool:
        """Whether a scene is history. "X had clashed a week ago" is still news in a report about that very place."""
        if not scene.background:
            return False
        if "pluperfect" in scene.flags and "old" not in scene.flags:
            return governorate not in self.main or "anniversary" in self.genre
        return True


def stage(reading: Reading, lexicon: Lexicon, published: date) -> Story:
    """The scenes of an article; `published` is its day in Iraq."""
    meant, unsettled = _meant(reading, lexicon)
    named = [governorates_of(sentence, lexicon) for sentence in reading.sentences]
    if not any(named):
        # Nothing but "hundreds of the people of Basra gathered": then where they come from is where they are.
        named = [governorates_of(sentence, lexicon, origins=True) for sentence in reading.sentences]
    title = frozenset().union(*(n for s, n in zip(reading.sentences, named, strict=True) if s.field == "title"), ())
    dateline = frozenset(
        entity.governorate
        for entity in (lexicon.entity(m.entity) for m in reading.dateline)
        if entity.governorate and not lexicon.entity(entity.governorate).capital
    )
    if title | dateline:
        named = [
            frozenset() if only_aside(sentence, lexicon, title | dateline) else here
            for sentence, here in zip(reading.sentences, named, strict=True)
        ]
    scenes: list[Scene] = []
    heads = [when(s.text, published) for s in reading.sentences if s.field == "title"]
    if any(heads) and all(published - day.day > OLD_AFTER for days in heads for day in days):
        title = frozenset()  # "inquiry hears of 2007 Basra hostage deal": there it was, years ago
    items = items_of(reading, lexicon)
    current: frozenset[str] = frozenset()
    for sentence, here in zip(reading.sentences, named, strict=True):
        if sentence.paragraph in items and (not scenes or scenes[-1].sentence.paragraph != sentence.paragraph):
            current = frozenset({items[sentence.paragraph]})
        scene = _scene(sentence, here, current, title, dateline, meant, lexicon, published)
        if _still_history(scene, scenes):
            scene = replace(scene, flags=scene.flags | {"old"})
        if sentence.paragraph in items:
            scene = replace(scene, flags=scene.flags | {"item"})
        scenes.append(scene)
        if here and sentence.field != "title" and not scene.background and not scene.row:
            current = here
    scenes = [_placed_behind(scene, scenes[index + 1 : index + 2]) for index, scene in enumerate(scenes)]
    body = [scene for scene in scenes if scene.sentence.field != "title"]
    lead = union(scene.named for scene in body[:2] if not scene.background and not scene.row)
    return Story(
        scenes=tuple(scenes),
        published=published,
        main=title | dateline | lead,
        title=title,
        dateline=dateline,
        known=meant,
        unsettled=unsettled,
        genre=genre_of(reading),
        everywhere=frozenset().union(*named, dateline),
        abroad=not (title | dateline | lead) and any(s.field == "title" and s.of("abroad") for s in reading.sentences),
    )


def _placed_behind(scene: Scene, following: Sequence[Scene]) -> Scene:
    """Force told of nowhere lies where a sentence right behind it that only locates says: "The house is in Basra."."""
    if scene.where or scene.sentence.field == "title" or not (scene.forceful and scene.groups):
        return scene
    only = [other for other in following if len(other.named) == 1 and not other.weight and not other.groups]
    heads = any(_ITEM.match(other.sentence.text) for other in only)
    return replace(scene, where=only[0].named, placed="behind") if only and not heads else scene


_ITEM = re.compile(r"\W*(?:\w+ ){0,3}\(?\w+\)?\s*:")  # "Fire (Erbil): …": an item of its own


# --- who -------------------------------------------------------------------------------------------------------------


_DEED = 0.9  # weight of an action that by itself is one of force or command
_WORLD = ("marker.office", "action.protest", "action.protesters", "movement")


def _meant(reading: Reading, lexicon: Lexicon) -> tuple[frozenset[str], frozenset[str]]:
    """The groups the article speaks of, and those of them known only by a short form that nothing else settles."""
    mentions = [m for s in reading.sentences for m in s.mentions]
    full = {m.entity for m in mentions if m.kind == "group" and m.strength == ALONE}
    full |= {lexicon.entity(m.entity).group for m in mentions if m.kind == "body" and m.strength == ALONE}
    named = {m.entity for m in mentions if m.strength == ALONE}
    short = {
        m.entity
        for m in mentions
        if m.kind == "group"
        and (m.strength == SUPPORT or (m.strength == DESCRIBED and named.isdisjoint(lexicon.entity(m.entity).unless)))
    } - full
    if not short:
        return frozenset(full), frozenset()
    present = {m.entity for m in mentions if m.strength >= SUPPORT} | full
    iraqi = any(m.kind in ("governorate", "place") and m.strength >= SUPPORT for m in mentions)
    foreign = sum(m.kind == "abroad" for m in mentions)
    # Police, offices and protesters are the world of these groups, not that of headbands and barracks of old.
    world = any(m.kind in ("actor", "other_group") or m.entity in _WORLD for m in mentions)
    meant, unsettled = set(full), set()
    for id in short:
        settled = set(lexicon.entity(id).resolved_by) & (present - {id})
        own = any(id in (lexicon.entity(other).near, lexicon.entity(other).group) for other in settled)
        if not own and _namesake(id, mentions):
            continue  # "the Saraya" of a text that names Saraya al-Khorasani in full
        world = world or _struck(id, reading, lexicon)
        if (settled and (iraqi or not foreign)) or (iraqi and not foreign):
            meant.add(id)
        if not settled and (not world or _is_common_noun(id, reading, lexicon)):
            unsettled.add(id)
    return frozenset(meant), frozenset(unsettled & meant)


def _is_common_noun(group: str, reading: Reading, lexicon: Lexicon) -> bool:
    """Whether the short form is a plain word in this text: «عصائب منظمة», "organised bands", has no article."""
    noun = fold(lexicon.entity(group).noun)
    return bool(noun) and any(
        m.entity == group and m.strength < SUPPORT and fold(m.form) == noun and not s.text[: m.start].endswith("ال")
        for s in reading.sentences
        for m in s.of("group")
    )


def _namesake(group: str, mentions: Sequence[Mention]) -> bool:
    """Whether a longer name that is not the group's holds the word the group is called by for short."""
    words = {fold(m.form).removeprefix("ال") for m in mentions if m.entity == group}
    return any(
        word in fold(m.form).split() for m in mentions if m.kind in ("collision", "other_group") for word in words
    )


def _struck(group: str, reading: Reading, lexicon: Lexicon) -> bool:
    """Whether an act of force is told in a sentence with the short form: headbands and barracks are not bombed."""
    return any(
        any(m.entity == group for m in s.of("group"))
        and any(lexicon.entity(m.entity).weight >= _DEED and m.entity != "action.none" for m in s.of("action"))
        for s in reading.sentences
    )


def _groups(sentence: Sentence, meant: frozenset[str], lexicon: Lexicon) -> tuple[frozenset[str], frozenset[str]]:
    here: set[str] = set()
    full: set[str] = set()
    for mention in sentence.of("group", "body"):
        group = lexicon.entity(mention.entity).group
        if group in meant and mention.strength >= SUPPORT:
            here.add(group)
            if mention.strength == ALONE:
                full.add(group)
    return frozenset(here), frozenset(full)


# --- how it is meant -------------------------------------------------------------------------------------------------

_HAD = re.compile(r"\bhad (?:been |also |already )?\w+(?:ed|en|n|t)\b")


_THEN = re.compile(  # what points back to a time told before
    r"(?<!\w)(?:انذاك|حينها|حينذاك|وقتها|يومها|ليلتها|في حينه)(?!\w)|^و?كان(?:ت|وا)? \w+"
    r"|\bthat (?:year|month|week|night|day|spring|summer|autumn|winter|january|february|march|april|may|june|july"
    r"|august|september|october|november|december)\b|\bat the time\b|\bback then\b|\bthen\W*$"
)


def _still_history(scene: Scene, before: Sequence[Scene]) -> bool:
    """Whether an undated sentence goes on with what an old sentence right before it began: "In 2007 … They had …"."""
    if not before or scene.days or scene.flags & {"recent", "old"}:
        return False
    last = before[-1]
    same = last.sentence.field == "body" and last.sentence.paragraph == scene.sentence.paragraph
    past = "pluperfect" in scene.flags or bool(
        _HAD.search(scene.sentence.text) or _THEN.search(fold(scene.sentence.text))
    )
    return same and past and "old" in last.flags


_PLUPERFECT = re.compile(
    r"(?:^|[\s،.])و?(?:كان(?:ت|وا|ا)?|لقد كان) (?:\S+ ){0,7}?قد (?!ي)|^(?:و?قد|و?سبق) |^\S+ قد (?:شهدت|سبق)"
)
_HABIT = re.compile(
    r"(?:^|[\s،.])و?سبق (?:\S+ )?(?:ان|لها ان|له ان) |(?<!\w)(?:اكثر من مره|غير مره|more than once)(?!\w)"
)


_COPULA = re.compile(
    r"\W*(?:\([^)]*\)\W*)?(?:is|was|are|were|has been) (?:a|an|the|one|part|among|also|known|considered)\b"
    r"|\W*(?:هي|هو) (?:\w+ )"
)


def _scene(
    sentence: Sentence,
    here: frozenset[str],
    current: frozenset[str],
    title: frozenset[str],
    dateline: frozenset[str],
    meant: frozenset[str],
    lexicon: Lexicon,
    published: date,
) -> Scene:
    groups, full = _groups(sentence, meant, lexicon)
    others = len({fold(m.form) for m in sentence.of("other_group")})
    leaders = frozenset(
        lexicon.entity(m.entity).near for m in sentence.of("person") if lexicon.entity(m.entity).role == "leader"
    )
    sides = frozenset(lexicon.entity(m.entity).near for m in sentence.of("movement"))
    days = when(sentence.text, published)
    names = sentence.of("group", "body")  # "the movement that Khazali leads" defines nothing
    flags = {
        m.entity.removeprefix("marker.")
        for m in sentence.of("marker")
        if not any(name.start <= m.start and m.end <= name.end for name in names)
    }
    if _PLUPERFECT.search(fold(sentence.text)):
        flags |= {"pluperfect", "background"}
    if _HABIT.search(fold(sentence.text)):
        flags |= {"background", "old"}
    if days and all(published - day.day > OLD_AFTER for day in days):
        flags.add("old")
    if out_of_season(sentence.text, published):
        flags |= {"old", "out_of_season"}
    if any(published - day.day <= OLD_AFTER and day.precision < 3 for day in days):
        flags.add("recent")
        flags.discard("old" if "out_of_season" not in flags else "")
    if any(_COPULA.match(fold(sentence.text[m.end : m.end + 60])) for m in sentence.of("group")):
        flags.add("definition")
    # "burned the offices of A, B, C" is no mere list
    struck = any(m.entity == "action.attack_on_office" for m in sentence.of("action"))
    if _only_examples(sentence) or (len(groups) + others >= 3 and others and not struck):
        flags.add("unbound")
    if _NOT_THEIRS.search(fold(sentence.text)):
        flags |= {"unbound", "not_theirs"}
    placed: Placed = (
        "sentence" if here else "before" if current else "title" if title else "dateline" if dateline else ""
    )
    where = here or current or title or dateline
    return Scene(
        sentence=sentence,
        groups=groups,
        full=full,
        leaders=leaders & meant,
        sides=sides & meant,
        others=others,
        named=here,
        where=where,
        placed=placed,
        row=len(here | {m.entity for m in sentence.of("abroad")}) >= ROW and bool(here),
        actions=_actions(sentence, lexicon),
        days=days,
        flags=frozenset(flags),
    )


_SUCH_AS = re.compile(
    r"(?<!\w)(?:مثل|نظير|مانند|وهك|such as|like"
    r"|(?:الاخري|other \w+|others) (?:\S+ ){0,4}(?:و?منها|من بينها|بينها|including|among them))"
    r" (?:\w+ ){0,4}\W*[وف]?(?:ال)?$"
)


_NOT_THEIRS = re.compile(  # a link to the group is said to be false
    r"(?<!\w)[وف]?(?:(?:هويه|هويات|باج|باجات|وثائق) مزور\w*|منتحل\w* (?:صفه|اسم)|لا وجود لاسم\w*"
    r"|لا علاقه لاي (?:حركه|جهه|فصيل|حزب)"
    r"|تبين انه ليس)(?!\w)"
    r"|\b(?:forger(?:y|ies)|(?:forged|fake) (?:\w+ )?(?:id|ids|card|cards|badge|badges|papers)|impostors?|posing as"
    r"|no link with any"
    r"|played no part|none of them is|anonymous (?:\w+ )?(?:channel|account|page)|hoax)\b"
)


def _only_examples(sentence: Sentence) -> bool:
    """Whether the groups are named as examples only: "bigger ones, such as those of Asaib"."""
    named = sentence.of("group", "body")
    return bool(named) and bool(_SUCH_AS.search(sentence.before(named[0])))


_FEARED = re.compile(
    r"(?<!\w)(?:مخاوف|خشيه|تحسبا|تحذير\w*|[يت]?حذر\w*|تجنب\w*|لتجنب|تفادي\w*|لتفادي|درءا|منعا|لمنع|خطه|مخطط\w*"
    r"|نيه|احتمال\w*|[وف]?ظن\w*|حسبوه|توهم\w*)"
    r"(?: \w+){0,2}? (?:من |ل|ب)?(?:وقوع |حدوث |حصول |اندلاع )?(?:ال)? ?$"
    r"|(?<!\w)(?:fears? of|fearing|to avoid|avoiding|warn\w* (?:of|against)|to prevent|preventing"
    r"|averting|plan(?:s|ned|ning)? to|plot(?:s|ted|ting)? to"
    r"|risk of|threat of|thought|mistook|mistaken for|rumou?rs? of)(?: \w+){0,4} $"
    r"|(?<!\w)(?:احتمال|بيم|نكراني از|براي جلوكيري از|مترسي|ترسي)(?: \w+){0,2} $"
)


_NOT = re.compile(
    r"(?<!\w)[وف]?(?:لم (?:تقع|يقع|تحدث|يحدث|تحصل|يحصل|تشهد|يشهد|نشهد|تسجل|يسجل|تكن|يكن|تجر|يجر|ترصد)"
    r"|لا (?:يوجد|توجد|وجود|صحه|معلومات)|(?:ب?عدم|ب?دون|بلا) (?:اي|وجود|حصول|حدوث|وقوع|تسجيل)) (?:\w+ ){0,3}?(?:ال)?$"
    r"|(?<!\w)(?:لا|بلا|دون) (?:اي )?$"
    r"|\b(?:no|without(?: any)?|did not (?:see|witness|record)|there (?:was|were|is|are) no|denied any|free of"
    r"|(?:played|took) no part in)(?: \w+){0,2} $"
)


_NO_FOE = re.compile(
    r"\W*(?:against |on |with |the |ال)?(?:corruption|poverty|crime|drugs|unemployment|fires?|disease"
    r"|فساد|فقر|مخدرات|بطاله)"
)


def _happened(text: str, mention: Mention) -> bool:
    """Whether an act is told, not feared, forbidden, planned or said not to have been: "there was no clash"."""
    before = fold(text[max(0, mention.start - 50) : mention.start]) + " "
    if _NO_FOE.match(fold(text[mention.end : mention.end + 30])):
        return False  # who fights corruption fires no shot
    return not (_FEARED.search(before) or _NOT.search(before))


def _actions(sentence: Sentence, lexicon: Lexicon) -> tuple[Action, ...]:
    actions = []
    for mention in sentence.of("action"):
        entity = lexicon.entity(mention.entity)
        if _happened(sentence.text, mention):
            actions.append(Action(entity.event_type, entity.weight, mention))
    return tuple(actions)


def union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """All members of all sets."""
    return frozenset().union(*sets)


def near(scenes: Sequence[Scene], index: int, reach: int = 1) -> tuple[Scene, ...]:
    """The scenes beside one, the nearest first; the title is beside none."""
    beside = []
    for step in range(1, reach + 1):
        for other in (index - step, index + step):
            if 0 <= other < len(scenes) and scenes[other].sentence.field != "title":
                beside.append(scenes[other])
    return tuple(beside)
