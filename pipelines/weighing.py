"""Evidence → features: the named reasons for and against a finding, each with its weight.

The weights are set by hand and checked on labelled cases (`rasid evaluate`); their sum, between 0 and 1, is the score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from pipelines.evidence import Evidence
from pipelines.lexicon import Lexicon
from pipelines.models import EventType, Feature
from pipelines.scenes import FORCE, SOME, STRONG, Scene, Story, union
from pipelines.speech import speaks
from pipelines.ties import deeds_of, ties


def features_of(story: Story, lexicon: Lexicon, governorate: str, evidence: Sequence[Evidence]) -> list[Feature]:
    """All features of a finding, those that speak for it first."""
    return [*_for(story, lexicon, governorate, evidence), *_against(story, lexicon, governorate, evidence)]


def _for(story: Story, lexicon: Lexicon, governorate: str, evidence: Sequence[Evidence]) -> Iterator[Feature]:
    place = lexicon.entity(governorate).name_en
    best = max(evidence, key=lambda item: (item.bond == "sentence", item.weight, -item.scene.sentence.order))
    groups = sorted(union(item.groups for item in evidence))
    names = " and ".join(lexicon.entity(group).name_en for group in groups)
    full = any(scene.full & frozenset(groups) for scene in story.scenes)
    if best.bond == "leader" and full:
        yield Feature("leader_known", 0.10, f"a leader of {names} is named there, the group itself elsewhere")
    elif best.bond == "leader":
        yield Feature("leader", -0.10, f"only a leader of {names} is named")
    elif full:
        yield Feature("group", 0.25, f"{names}: named in full")
    elif set(groups) <= story.unsettled:
        yield Feature("group_unsettled", -0.30, f"{names}: only by a short form that may mean something else")
    else:
        yield Feature("group_short", 0.20, f"{names}: named by a short form that the rest of the text settles")

    spoken = any(item.scene.placed == "sentence" for item in evidence)
    if spoken:
        yield Feature("place", 0.25, f"{place} is named in the sentence that tells of it")
    elif governorate in story.title:
        yield Feature("place_title", 0.22, f"{place} is named in the title")
    elif best.scene.placed == "before":
        yield Feature("place_before", 0.20, f"{place} is named in a sentence before")
    else:
        yield Feature("place_dateline", 0.15, f"{place} is known only from the dateline")
    if spoken and governorate in story.title | story.dateline:
        yield Feature("place_confirmed", 0.08, f"title or dateline say {place} too")

    strongest = max(item.weight for item in evidence)
    words = ", ".join(
        dict.fromkeys(a.mention.form for item in evidence for a in item.scene.actions if a.weight >= SOME)
    )
    if best.bond == "headline":
        yield Feature(
            "action_unknown", 0.05, "title and lead are about the group being there just now, doing something"
        )
    elif strongest >= STRONG:
        yield Feature("action", 0.25, f"tells of an action: {words[:120]}")
    else:
        yield Feature("action_weak", 0.12, f"tells of something milder than an act of force: {words[:120]}")
        if not spoken and governorate not in story.title:
            yield Feature("mild_and_near", -0.25, f"nothing but the context says that it lies in {place}")
    if any(item.bond == "sentence" for item in evidence):
        yield Feature("bound", 0.15, "group and action stand in one sentence")
    elif best.bond == "window":
        yield Feature("bound_near", 0.05, "group and action stand in neighbouring sentences")
    elif best.bond == "tied":
        yield Feature("bound_report", 0.05, "the report begins with the deed and says later whose people it was")
    if any(item.told.sentence.field == "title" or item.told.sentence.paragraph <= 2 for item in evidence):
        yield Feature("prominent", 0.10, "told in the title or at the beginning")
    if len(evidence) > 1:
        yield Feature("repeated", 0.05, f"told in {len(evidence)} sentences")


def _against(story: Story, lexicon: Lexicon, governorate: str, evidence: Sequence[Evidence]) -> Iterator[Feature]:
    place = lexicon.entity(governorate).name_en
    fresh = [item for item in evidence if not item.old]
    if not fresh:
        yield Feature("background", -0.45, "told as background: something older than this report")
    elsewhere = sorted(story.main - {governorate})
    item = any("item" in witness.scene.flags for witness in evidence)  # in a roundup every item is its own report
    if item:
        yield Feature("item", 0.0, f"told in the item about {place} of a roundup")
    if not item and story.title and governorate not in story.title and governorate in story.main:
        names = ", ".join(lexicon.entity(id).name_en for id in sorted(story.title))
        yield Feature("other_title", -0.20, f"the title is about {names}")
    away = not item and (story.main or story.abroad) and governorate not in story.main and not _titled(story, evidence)
    if away:
        names = ", ".join(lexicon.entity(id).name_en for id in elsewhere) or "another country"
        spread = any(item.bond == "spread" for item in evidence)
        turns = any(_turns_to(item.told, lexicon, governorate) for item in evidence if item.bond == "sentence")
        yield Feature(
            "elsewhere",
            -0.10 if spread else -0.25 if turns else -0.45,
            f"title, dateline and lead are about {names}",
        )
    if all(item.scene.row for item in evidence):
        lead = any(item.scene.sentence.field == "title" or item.scene.sentence.paragraph <= 2 for item in evidence)
        yield Feature("row", -0.15 if lead else -0.40, f"{place} is one of a row of provinces")
    titled = union(s.groups | s.leaders for s in story.scenes if s.sentence.field == "title")
    spoken = union(item.groups for item in evidence)
    beside = all(_in_aside(item.scene, lexicon, governorate) for item in evidence)
    if beside and governorate not in story.title and (story.title or not spoken & titled):
        yield Feature("aside", -0.45, f"{place} is named only in what the event came after")
    elif not spoken & titled and all(_group_in_aside(item.scene) for item in evidence):
        dated = any(day.precision == 1 for item in evidence for day in item.scene.days)
        yield Feature("aside", -0.20 if dated else -0.55, "the group is named only in what the event came after")
    if not spoken & titled and any(s.others for s in story.scenes if s.sentence.field == "title"):
        yield Feature("other_title_group", -0.35, "the title is about another armed group")
    host = union(s.groups | s.leaders for s in story.scenes if s.sentence.field == "title" and not _is_guest(s))
    if not spoken & host and all(_is_guest(item.scene) for item in evidence):
        yield Feature("guest", -0.60, "the group only attends what others do")
    past = any("anniversary" in s.flags for s in story.scenes if s.sentence.field == "title")
    if past and all(any(a.event_type in FORCE for a in item.scene.actions) for item in evidence):
        yield Feature("anniversary", -0.60, "the title is about an anniversary")
    deep = all(item.told.sentence.field != "title" and item.told.sentence.paragraph > 2 for item in evidence)
    same = bool(deeds_of(story, governorate)) and any(ties(witness.scene) for witness in evidence)
    same = same or (not elsewhere and _titled(story, evidence))
    # Who reads a report about elsewhere to its end finds what is told there last: `away` has taken for that already.
    if deep and not (item or same or away) and governorate not in story.title and not spoken & titled:
        dated = any("recent" in scene.flags for item in evidence for scene in _with_lead_in(story, item.scene))
        yield Feature(
            "buried",
            -0.10 if dated else -0.35,
            "told only further down, in a report whose title is about something else",
        )
    if all("denial" in item.told.flags | item.scene.flags and not _is_claimed(item) for item in evidence):
        yield Feature("denied", -0.60, "told only to say that it did not happen")
    if "encyclopaedia" in story.genre:
        yield Feature("encyclopaedia", -0.60, "an encyclopaedia entry")
    elif "explainer" in story.genre:
        yield Feature("explainer", -0.45, "the title asks who or what somebody is")
    elif "opinion" in story.genre:
        yield Feature("opinion", -0.50, "opinion, analysis or profile")
    elif "analysis" in story.genre:
        dated = any("recent" in scene.flags for item in evidence for scene in _with_lead_in(story, item.scene))
        yield Feature("analysis", -0.10 if dated else -0.40, "the title asks how or why")
    fights = {a.event_type for s in story.scenes if s.sentence.field == "title" for a in s.actions} & _FIGHTS
    for genre, (weight, meaning) in _GENRES.items():
        if genre in story.genre and not (genre == "accident" and fights):  # "a road accident turns into a battle"
            yield Feature(genre, weight, meaning)
    if all("relief" in item.scene.flags and not item.told.forceful for item in evidence):
        yield Feature("relief", -0.40, "aid, cleaning or condolences, not an act of force or an order")
    if all("conditional" in item.scene.flags for item in evidence):
        yield Feature("conditional", -0.45, "told as a condition: if this were to happen")
    days = [day.day for item in evidence for day in item.told.days]
    opening = union(s.groups | s.leaders for s in story.scenes if s.sentence.paragraph <= 2)
    aside = governorate not in story.title or (deep and not spoken & opening)
    if days and aside and max(days) <= story.published - _STALE:
        yield Feature("stale", -0.45, "a report about something else that recalls what happened days ago")
    if all("hypothetical" in item.scene.flags and item.weight < 1 for item in evidence):
        yield Feature("hypothetical", -0.15, "told as a fear, a plan or a possibility")


def _with_lead_in(story: Story, scene: Scene) -> tuple[Scene, ...]:
    """A scene with the sentence before it in its paragraph: "What happened on Wednesday night … Fighting began …"."""
    before = story.scenes[max(0, scene.sentence.order - 1)]
    return (scene, before) if before.sentence.paragraph == scene.sentence.paragraph else (scene,)


def _is_claimed(item: Evidence) -> bool:
    """Whether it is the group that denies: then somebody blames it for a deed, and the deed is told."""
    return bool(item.groups & item.scene.leaders) or speaks(item.scene)


def _titled(story: Story, evidence: Sequence[Evidence]) -> bool:
    """Whether a title without a place tells the very kind of deed that the evidence tells: then it is about that."""
    named = [item for item in evidence if item.bond == "sentence"]
    told = {a.event_type for item in named for a in item.scene.actions if a.weight >= STRONG}
    return not story.title and any(
        a.event_type in told & FORCE and a.weight >= STRONG
        for scene in story.scenes
        if scene.sentence.field == "title"
        for a in scene.actions
    )


_FIGHTS = frozenset({EventType.ARMED_CLASH, EventType.SHOOTING, EventType.ASSASSINATION, EventType.ATTACK_ON_OFFICE})
_GENRES = {  # what a genre takes from any finding of such a report
    "retrospect": (-0.60, "a look back: at a year, on an anniversary"),
    "hoax": (-0.60, "the title says that it is false"),
    "culture": (-0.50, "about a film, a book, a play or an exhibition"),
    "drill": (-0.60, "an exercise, in which nothing happens"),
    "accident": (-0.50, "the title tells of an accident"),
    "stuffing": (-0.80, "the same few words over and over"),
    "sport": (-0.40, "a sports report"),
    "economy": (-0.35, "a report on oil, money or weather"),
}
_STALE = timedelta(days=8)
_ASIDE = re.compile(
    r"(?:days?|weeks?|hours?) after|earlier this|بعد (?:يوم|أيام|ايام|أسبوع|اسبوع|ساعات)\w* |عقب (?:أحداث"
    r"|احداث)|روز پس از"
)


_GUEST = re.compile(
    r"بحضور|بمشاركة|(?:^|[\s،])و?(?:حضر|شارك)\w* (?:في )?(?:ال)?(?:\w+ ){0,2}(?:ممثل|وفد|وفود|وجهاء|قيادات|شخصيات)"
    r"|ممثل(?:ي|ين|ون|و)? عن|\bو?(?:وفود|وفد) من"
    r"|in the presence of|attended by|representatives (?:of|from)|delegations? from"
    r"|با حضور|بە ئامادەبوونی"
)


def _is_guest(scene: Scene) -> bool:
    """Whether every name of a group stands behind "attended by …"."""
    guest = _GUEST.search(scene.sentence.text)
    groups = scene.sentence.of("group", "body")
    return bool(guest and groups and min(m.start for m in groups) > guest.start())


def _group_in_aside(scene: Scene) -> bool:
    """Whether every name of a group stands behind "days after …"."""
    aside = _ASIDE.search(scene.sentence.text)
    groups = scene.sentence.of("group", "body")
    return bool(aside and groups and min(m.start for m in groups) > aside.start() > 0)


_TURN = re.compile(r"\W*(?:و?في|In|in)\s(?:\w+\s){0,2}")


def _turns_to(scene: Scene, lexicon: Lexicon, governorate: str) -> bool:
    """Whether the report turns to the place: a sentence of force begins with «وفي محافظة واسط», "In Wasit"."""
    opening = _TURN.match(scene.sentence.text)
    if opening is None or not scene.forceful:
        return False
    return any(
        0 <= m.start - opening.end() <= len("ال")
        for m in scene.sentence.of("governorate", "place")
        if lexicon.entity(m.entity).governorate == governorate
    )


_AFTER = re.compile(r"(?<!\w)(?:بعد|عقب|إثر|اثر|after|following|پس از|دوای)\s", re.IGNORECASE)


def _in_aside(scene: Scene, lexicon: Lexicon, governorate: str) -> bool:
    """Whether the governorate is only in what came before: "days after …", "in Baghdad … after tension in Basra"."""
    places = [(m.start, lexicon.entity(m.entity).governorate) for m in scene.sentence.of("governorate", "place")]
    mine = min((at for at, place in places if place == governorate), default=-1)
    aside = _ASIDE.search(scene.sentence.text)
    if aside and mine > aside.start():
        return True
    after = _AFTER.search(scene.sentence.text)
    there = [at for at, place in places if place in scene.named - {governorate}]
    return bool(after and mine > after.start() and there and max(there) < after.start())
