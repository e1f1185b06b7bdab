"""Scenes → evidence: which sentences bear witness that a group did or suffered something in a governorate.

A sentence bears witness alone when it names the group, the place (or lies in its scene) and an act; two neighbours do
together when one names the group and the other tells the act. What a leader only says about others, bystanders,
guests and lists of factions bear none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.models import EventType, Watch
from pipelines.scenes import SOME, STRONG, VIOLENT, Scene, Story, near, union
from pipelines.speech import CONTRAST, only_says, speaks
from pipelines.text import fold
from pipelines.ties import deeds_of, tells_who, ties

_MILD = frozenset(
    {EventType.PROTEST, EventType.POLITICAL, EventType.DEPLOYMENT, EventType.THREAT}
)  # no witness without a name beside them

Bond = Literal["sentence", "window", "spread", "leader", "tied", "headline"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A scene that bears witness, and how."""

    scene: Scene
    groups: frozenset[str]
    weight: float
    bond: Bond
    old: bool
    partner: Scene | None = None

    @property
    def told(self) -> Scene:
        """Where the deed stands."""
        return self.partner if self.bond == "tied" and self.partner else self.scene


def gather(story: Story, lexicon: Lexicon, watch: Watch, governorate: str) -> list[Evidence]:
    watched = frozenset(watch.groups)
    dated = any("out_of_season" in scene.flags and governorate in scene.where for scene in story.scenes)
    found = []
    for index, scene in enumerate(story.scenes):
        if governorate not in scene.where:
            continue
        groups = _groups_here(scene, governorate, watched, lexicon)
        weight = _telling(scene)
        old = dated or story.recalls(scene, governorate)
        if groups and weight >= SOME and not scene.forceful and not _named_itself(scene):
            continue  # a bloc in parliament or council does politics; only force by or against its people counts
        if groups and _is_bystander(scene) and not any(a.event_type in VIOLENT for a in scene.actions):
            continue  # "a plant next to the office of the Saraya was closed"
        if groups and SOME <= weight < STRONG and not _about(story, scene, groups):
            continue
        if groups and weight >= SOME:
            found.append(Evidence(scene, groups, weight, "sentence", old))
        elif not old and (not scene.row or "spread" in scene.flags or scene.sides & watched):
            item = _together(story, index, watched, governorate, lexicon)
            if item:
                found.append(item)
    if all(item.old for item in found):
        found += _tied(story, watched, governorate) or _headlined(story, watched, governorate)
    return found


_BLOC_OF = re.compile(  # between a bloc and its group: "the Sadiqoun bloc, the political wing of …"
    r"\W*(?:و?(?:هي|هو) )?(?:ال)?(?:تابع|منبثق|مقرب|مرتبط|جناح|ذراع|واجه|شاخه|بازو|بال)\w*(?: \S+){0,4}\W*"
    r"|\W*(?:the |which is the )?(?:political|parliamentary|electoral|affiliated|linked|tied|belonging)(?: \S+){0,4}\W*"
)
_ITS_CHANNEL = re.compile(
    r"(?<!\w)(?:قناه|فضائيه|اذاعه|صحيفه|جامعه|مؤسسه|موسسه|جمعيه|نادي|شركه|مستشفي)(?: \w+){0,3}"
    r" (?:ال)?(?:تابعه|مملوكه|مقربه)(?: \w+)? ?ل?(?:حركه )?$"
)
_STANDS_BY = re.compile(
    r"(?<!\w)[وبفل]?(?:ملاصق\w*|مجاور\w*|قرب|مقابل|قباله|خلف|بجانب|بجوار|بمحاذاه"
    r"|adjacent to|next to|next door to|opposite|behind|near)(?: \w+)? ?ل?(?:ال)?"
    r"(?:مقر|مكتب|مقار|بنايه|the (?:\w+ )?(?:office|headquarters|building) of)(?: \w+)? ?$"
)


def _is_bystander(scene: Scene) -> bool:
    """Whether every group is named only as whose office stands near by, or whose channel somebody works for."""
    before = [scene.sentence.before(name) for name in scene.sentence.of("group", "body")]
    return bool(before) and all(_STANDS_BY.search(text) or _ITS_CHANNEL.search(text) for text in before)


_NOMINATED = re.compile(r"(?<!\w)(?:رشح\w*|مرشح\w*|ترشيح\w*|nominat\w+|nominees?|candidates?)(?!\w)(?: \S+){0,5} ?$")


def _named_itself(scene: Scene) -> bool:
    """Whether a group is named other than to say whose a bloc, a candidate or a minister is."""
    text = scene.sentence.text
    blocs = [m.end for m in scene.sentence.of("body")]
    return any(
        not any(end <= m.start and _BLOC_OF.fullmatch(fold(text[end : m.start]) + " ") for end in blocs)
        and not _NOMINATED.search(scene.sentence.before(m))
        for m in scene.sentence.of("group")
    )


def _about(story: Story, scene: Scene, groups: frozenset[str]) -> bool:
    """Whether the title is about the group: a guest list or a minister's party does not make a visit its activity."""
    first = next((other for other in story.scenes if other.sentence.field != "title"), scene)
    if scene.sentence.field == "title" or (scene is first and scene.weight > SOME):
        return True
    return any(groups & (other.groups | other.leaders) for other in story.scenes if other.sentence.field == "title")


def _groups_here(scene: Scene, governorate: str, watched: frozenset[str], lexicon: Lexicon) -> frozenset[str]:
    """The watched groups a scene speaks of in this governorate.

    "SaS stormed the square in Najaf, while Basra and Kut stayed calm": each half keeps its own places and names.
    """
    groups = frozenset() if "unbound" in scene.flags else scene.groups & watched
    if not groups or len(scene.named) < 2:
        return groups
    groups -= _bound_elsewhere(scene, governorate, lexicon)
    cuts = [match.start() for match in CONTRAST.finditer(scene.sentence.text)]
    cuts += _new_subjects(scene, lexicon)
    if not cuts:
        return groups

    def part(at: int) -> int:
        return sum(cut <= at for cut in cuts)

    places: dict[int, set[str]] = {}
    for mention in scene.sentence.of("governorate", "place"):
        if lexicon.entity(mention.entity).governorate in scene.named:
            places.setdefault(part(mention.start), set()).add(lexicon.entity(mention.entity).governorate)
    return (
        frozenset(
            lexicon.entity(m.entity).group
            for m in scene.sentence.of("group", "body")
            if governorate in places.get(part(m.start), frozenset() if scene.row else {governorate})
        )
        & groups
    )


_RIGHT_THERE = re.compile(r"\W*(?:in|at|near|في|ب|در|له)?\W*(?:ال)?", re.IGNORECASE)
_AND_THERE = re.compile(r"\W*(?:and|و|و?في|in)?\W*(?:in|في|محافظة|محافظتي)?\s*(?:ال)?", re.IGNORECASE)


def _bound_elsewhere(scene: Scene, governorate: str, lexicon: Lexicon) -> frozenset[str]:
    """Groups whose every name is followed at once by another place: "men fought with the Saraya in Samarra"."""
    text = scene.sentence.text
    places = [m for m in scene.sentence.of("governorate", "place") if m.strength >= SUPPORT]
    here: set[str] = set()
    there: set[str] = set()
    for mention in scene.sentence.of("group", "body"):
        end, linked, found = mention.end, _RIGHT_THERE, set()
        for place in places:
            if place.start > end and linked.fullmatch(text, end, place.start):
                found.add(lexicon.entity(place.entity).governorate)
                end, linked = place.end, _AND_THERE  # "in Samarra and Balad"
        (there if found and governorate not in found else here).add(lexicon.entity(mention.entity).group)
    return frozenset(there - here)


_AND_ANOTHER = re.compile(
    r"\sو(?!في\s|[أا]خر|آخر|كذلك|كما|[أا]يض|مثل|عناصر|عنصر|مقر|مكتب)"
    r"\w+(?:\s\w+){0,2}\s(?:في|ب)\s?(?:محافظة |مدينة )?(?:ال)?$"
)


def _new_subjects(scene: Scene, lexicon: Lexicon) -> list[int]:
    """Where a second province comes with a subject of its own: "escapes in Maysan and his clan in Basra threatens"."""
    places = [
        m
        for m in scene.sentence.of("governorate", "place")
        if m.strength >= SUPPORT and lexicon.entity(m.entity).governorate in scene.named
    ]
    cuts = []
    for one, other in pairwise(places):
        if lexicon.entity(one.entity).governorate != lexicon.entity(other.entity).governorate:
            found = _AND_ANOTHER.search(scene.sentence.text[one.end : other.start])
            if found:
                cuts.append(one.end + found.start())
    return cuts


def _together(story: Story, index: int, watched: frozenset[str], governorate: str, lexicon: Lexicon) -> Evidence | None:
    """Evidence that only two neighbouring sentences give together: one names the group, the other tells the action."""
    scene = story.scenes[index]
    groups = _groups_here(scene, governorate, watched, lexicon)
    for other in near(story.scenes, index, 2):
        elsewhere = other.where and governorate not in other.where
        if other.background or ("spread" not in scene.flags and elsewhere):
            continue
        found = _whose_deed(scene, other, groups, governorate) if groups else None
        found = found or (None if groups else _their_deed(scene, other, watched, governorate, lexicon))
        if found:
            return found
    leaders = scene.leaders & watched
    if leaders and _tells(scene) and not groups:
        return Evidence(scene, leaders, _telling(scene), "leader", False)
    return None


def _whose_deed(scene: Scene, other: Scene, groups: frozenset[str], governorate: str) -> Evidence | None:
    """A sentence that names the group and points to a deed told beside it: "The attackers were members of …"."""
    if not scene.flags & _POINTS or scene.others or _as_example(scene) or _stands_by(scene) or _accuses(scene):
        return None
    here = governorate in other.where or (not other.where and "same_deed" in scene.flags)
    forceful = any(a.event_type not in _MILD for a in other.actions if a.weight >= STRONG)
    told = here and forceful and _telling(other) >= STRONG and not other.others
    return Evidence(scene, groups, _telling(other), "window", False, other) if told else None


def _their_deed(
    scene: Scene, other: Scene, watched: frozenset[str], governorate: str, lexicon: Lexicon
) -> Evidence | None:
    """A sentence that tells what those did who are named beside it: "the group then …", "both sides", "it spread …"."""
    there = frozenset() if "unbound" in other.flags else other.groups & watched
    by_side = bool(there & scene.sides)
    if not there or (scene.row and not by_side and "spread" not in scene.flags):
        return None
    if scene.others or (_stands_by(other) and _telling(other) < STRONG):
        return None
    telling = _tells(scene)
    sides = len(there) > 1 and bool(_SIDES.search(fold(scene.sentence.text)))  # "both sides": nobody else is meant
    if telling and sides and governorate in other.where:
        return Evidence(scene, there, _telling(scene), "window", False, other)
    earlier = other.sentence.order < scene.sentence.order
    back = "anaphora" in scene.flags and earlier  # "the group" points back
    linked = telling and (back or by_side) and _told_there(scene, governorate, lexicon)
    spread = "spread" in scene.flags and other.weight >= STRONG and earlier  # it goes on with what was told
    if not scene.named or not (linked or spread):
        return None
    bond: Bond = "window" if telling else "spread"
    return Evidence(scene, there, max(_telling(scene), STRONG), bond, False, other)


def _tells(scene: Scene) -> bool:
    """Whether a sentence tells a deed that by itself says something happened, of force or of those named before."""
    forceful = any(action.event_type not in _MILD and action.weight >= STRONG for action in scene.actions)
    return _telling(scene) >= STRONG and (forceful or "anaphora" in scene.flags)


def _tied(story: Story, watched: frozenset[str], governorate: str) -> list[Evidence]:
    """A report that first tells a deed without a name, and further down whose people, place or doing it was."""
    if governorate not in story.main or story.genre or any("not_theirs" in scene.flags for scene in story.scenes):
        return []
    deeds = deeds_of(story, governorate)
    if not deeds or any(s.others for s in story.scenes if s.sentence.field == "title"):
        return []
    struck = any(a.event_type is EventType.ATTACK_ON_OFFICE for scene in deeds for a in scene.actions)
    found = []
    for scene in story.scenes:
        groups = frozenset() if "unbound" in scene.flags or scene.others else scene.groups & watched
        elsewhere = scene.named and governorate not in scene.named
        if not groups or elsewhere or scene.row or "conditional" in scene.flags or speaks(scene):
            continue
        if scene.background and not tells_who(scene):
            continue
        if scene.sentence.order > deeds[0].sentence.order and (ties(scene) or (struck and "office" in scene.flags)):
            found.append(Evidence(scene, groups, STRONG, "tied", False, deeds[0]))
    return found


_NO_NEWS = frozenset({"background", "old", "definition", "relief"})


def _headlined(story: Story, watched: frozenset[str], governorate: str) -> list[Evidence]:
    """What a group did in words the lexicon has not: the title names it, and the lead says that it was there just now.

    Every language has more verbs than a list; a report about a group that is in a place as of yesterday is news of it.
    """
    about = union(s.groups for s in story.scenes if s.sentence.field == "title" and s.sentence.of("group"))
    lead = [s for s in story.scenes if s.sentence.field != "title"][:2]
    if story.genre:
        return []
    return [
        Evidence(scene, scene.groups & watched & about, 0.0, "headline", False)
        for scene in lead
        if scene.groups & watched & about
        and scene.sentence.of("group")
        and governorate in scene.named
        and not scene.row
        and "recent" in scene.flags
        and not scene.flags & _NO_NEWS
        and not speaks(scene)
    ]


_SIDES = re.compile(
    r"(?<!\w)[وفبل]*(?:الطرفين|الطرفان|الجانبين|الجانبان|الفصيلين|الفصيلان|الجماعتين|المجموعتين|both sides|both groups"
    r"|the two sides|the two groups|both factions|each side|دو طرف|دو كروه|ههردوولا|ههردوو لا)(?!\w)"
)


_POINTS = frozenset({"member", "anaphora", "accusation", "same_deed"})  # to the deed told beside


_EXAMPLE = re.compile(r"(?:including|among them|such as|مثل|بينها|منها)\W*(?:\w+\W+){0,2}$")


def _as_example(scene: Scene) -> bool:
    """Whether the group is named as one of many: "the role of militias, including Asaib"."""
    names = scene.sentence.of("group", "body")
    return bool(names) and bool(_EXAMPLE.search(scene.sentence.text[: names[0].start]))


_COMMA = re.compile(r"[،,;؛]")


def _told_there(scene: Scene, governorate: str, lexicon: Lexicon) -> bool:
    """Whether one clause holds both deed and place: not "it is accused of attacks, and has allies in Basra"."""
    cuts = [0, *(match.start() for match in _COMMA.finditer(scene.sentence.text)), len(scene.sentence.text)]
    deeds = [a.mention.start for a in scene.actions if a.weight >= STRONG]
    places = [
        m.start
        for m in scene.sentence.of("governorate", "place")
        if lexicon.entity(m.entity).governorate == governorate
    ]
    return any(any(a <= d < b for d in deeds) and any(a <= p < b for p in places) for a, b in pairwise(cuts))


def _accuses(scene: Scene) -> bool:
    """Whether the group is the one who accuses: what is told beside it is what it accuses others of."""
    return "accusation" in scene.flags and "own" not in scene.flags and speaks(scene)


def _stands_by(scene: Scene) -> bool:
    """Whether the group only comments or offers something: what is told beside it is not its doing."""
    if "hypothetical" in scene.flags or scene.background:
        return True
    return speaks(scene) and "anaphora" not in scene.flags


def _telling(scene: Scene) -> float:
    """The weight of the actions a scene tells; what a leader only says about others weighs little."""
    weight = scene.weight
    if only_says(scene):
        return min(weight, 0.3)
    return weight


def accused(story: Story, governorate: str) -> frozenset[str]:
    """Groups that are blamed for what the report tells."""
    return union(
        scene.groups
        for scene in story.scenes
        if "accusation" in scene.flags and governorate in scene.where and not scene.background
    )
