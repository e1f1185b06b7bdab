"""Mentions → findings: what a report says was done, by or to which group, where and when, and why we think so.

Evidence for a finding is a sentence that tells an action, speaks of a watched group and lies in a watched governorate
(or two neighbouring sentences that do so together). Named features with weights add up to a score between 0 and 1:
the group, the place, the action, how closely they stand together, and whether the report is about it pull it up;
background, other provinces, provinces in a row, opinion, sport and mere statements pull it down.

Verdict: score ≥ ALERT is an alert, score ≥ DIGEST goes to the digest, less is nothing. Tags of a finding: denial,
hearsay, official, background (older than the report that tells it), unnamed (no group named: gunmen, palaces), thin
(judged without the page's body), truncated (only the first part of a huge text was judged), statement, follow_up.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.dating import When, day_in_iraq
from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.models import Article, EventType, Feature, Finding, Passage, Place, Verdict, Watch
from pipelines.passages import Reading, may_matter, read
from pipelines.scenes import Scene, Story, near, stage, union
from pipelines.text import fold
from pipelines.tolls import toll

ALERT = 0.60  # an alert: somebody is told now
DIGEST = 0.35  # doubt: listed once a day
_STRONG = 0.8  # weight of an action word that by itself says something happened
_SOME = 0.5

_VIOLENT = frozenset(
    {
        EventType.ARMED_CLASH, EventType.ASSASSINATION, EventType.ASSASSINATION_ATTEMPT, EventType.SHOOTING,
        EventType.BOMBING, EventType.ATTACK_ON_OFFICE, EventType.ABDUCTION,
    }
)  # fmt: skip


_FORCE = _VIOLENT | {EventType.ARREST, EventType.THREAT, EventType.OTHER}
_MILD = frozenset(
    {EventType.PROTEST, EventType.POLITICAL, EventType.DEPLOYMENT, EventType.THREAT}
)  # need a name beside them


def judge(article: Article, lexicon: Lexicon, watch: Watch) -> tuple[Finding, ...]:
    """The findings of an article, the surest first; empty when it holds nothing of the watch.

    Never raises for any text. What scores below DIGEST is left out, except `background` findings, which say that the
    report also tells an older event.
    """
    return tuple(finding for finding in weigh(article, lexicon, watch) if finding.verdict != "none")


def weigh(article: Article, lexicon: Lexicon, watch: Watch) -> tuple[Finding, ...]:
    """Every candidate with its score, those too weak for the digest included; what `explain` shows."""
    if not may_matter(article, lexicon, watch):
        return ()
    reading = read(article, lexicon)
    story = stage(reading, lexicon, day_in_iraq(article.published))
    findings: list[Finding] = []
    for governorate in watch.governorates:
        evidence = _evidence(story, lexicon, watch, governorate)
        for old in (False, True):
            items = [item for item in evidence if item.old == old]
            if items:
                findings.append(_finding(article, reading, story, lexicon, watch, governorate, items))
        if not evidence:
            findings += _unnamed(article, reading, story, lexicon, governorate)
    return tuple(sorted(findings, key=lambda finding: (-finding.score, _position(article, finding))))


def _position(article: Article, finding: Finding) -> int:
    """Where in the body the finding is told: of two equals, the one told first."""
    return min((article.body.find(passage.text) for passage in finding.passages if passage.field == "body"), default=0)


# --- evidence --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A scene that bears witness, and how."""

    scene: Scene
    groups: frozenset[str]
    weight: float
    bond: str  # sentence, window, leader
    old: bool
    partner: Scene | None = None


def _evidence(story: Story, lexicon: Lexicon, watch: Watch, governorate: str) -> list[_Evidence]:
    watched = frozenset(watch.groups)
    dated = any("out_of_season" in scene.flags and governorate in scene.where for scene in story.scenes)
    found = []
    for index, scene in enumerate(story.scenes):
        if governorate not in scene.where:
            continue
        groups = _groups_here(scene, governorate, watched, lexicon)
        weight = _telling(scene)
        old = dated or _is_old(scene, story, governorate)
        if groups and weight >= _SOME and not _forceful(scene) and not scene.sentence.of("group"):
            continue  # a bloc in parliament or council does politics; only force by or against its people counts
        if groups and _SOME <= weight < _STRONG and not _about(story, scene, groups):
            continue
        if groups and weight >= _SOME:
            found.append(_Evidence(scene, groups, weight, "sentence", old))
        elif not old and (not scene.row or "spread" in scene.flags or scene.sides & watched):
            item = _together(story, index, watched, governorate, lexicon)
            if item:
                found.append(item)
    return found


def _is_old(scene: Scene, story: Story, governorate: str) -> bool:
    """Whether a scene is history. "X had clashed a week ago" is still news in a report about that very place."""
    if not scene.background:
        return False
    if "pluperfect" in scene.flags and "old" not in scene.flags:
        return governorate not in story.main
    return True


def _about(story: Story, scene: Scene, groups: frozenset[str]) -> bool:
    """Whether the report is about the group: a guest list in its last paragraph does not make a visit an activity."""
    first = next((other for other in story.scenes if other.sentence.field != "title"), scene)
    if scene.sentence.field == "title" or scene is first:
        return True
    return any(groups & (other.groups | other.leaders) for other in story.scenes if other.sentence.field == "title")


_CONTRAST = re.compile(r"(?:[،,;؛]\s*)?\b(?:فيما|بينما|في حين|في المقابل|بالمقابل|while|whereas|but|meanwhile)\b|[;؛]")


def _groups_here(scene: Scene, governorate: str, watched: frozenset[str], lexicon: Lexicon) -> frozenset[str]:
    """The watched groups a scene speaks of in this governorate.

    "SaS stormed the square in Najaf, while Basra and Kut stayed calm": each half keeps its own places and names.
    """
    groups = frozenset() if "list_of_groups" in scene.flags else scene.groups & watched
    if not groups or len(scene.named) < 2:
        return groups
    cuts = [match.start() for match in _CONTRAST.finditer(scene.sentence.text)]
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
            if governorate in places.get(part(m.start), {governorate})
        )
        & groups
    )


def _together(
    story: Story, index: int, watched: frozenset[str], governorate: str, lexicon: Lexicon
) -> _Evidence | None:
    """Evidence that only two neighbouring sentences give together: one names the group, the other tells the action."""
    scene = story.scenes[index]
    groups = _groups_here(scene, governorate, watched, lexicon)
    forceful = any(action.event_type not in _MILD and action.weight >= _STRONG for action in scene.actions)
    telling = _telling(scene) >= _STRONG and (forceful or "anaphora" in scene.flags)
    for other in near(story.scenes, index, 2):
        there = frozenset() if "list_of_groups" in other.flags else (other.groups or other.leaders) & watched
        elsewhere = other.where and governorate not in other.where
        if other.background or ("spread" not in scene.flags and elsewhere):
            continue
        told = governorate in other.where and _telling(other) >= _STRONG and not other.others
        if groups and told and not _stands_by(scene) and scene.flags & {"member", "anaphora", "accusation"}:
            return _Evidence(scene, groups, _telling(other), "window", False, other)
        if scene.row and not there & scene.sides and "spread" not in scene.flags:
            continue
        if scene.others or (_stands_by(other) and _telling(other) < _STRONG):
            continue
        linked = "anaphora" in scene.flags or _telling(other) >= _STRONG or bool(there & scene.sides)
        spread = "spread" in scene.flags and other.weight >= _STRONG
        if there and not groups and scene.named and ((telling and linked) or spread):
            bond = "window" if telling else "spread"
            return _Evidence(scene, there, max(_telling(scene), _STRONG), bond, False, other)
    leaders = scene.leaders & watched
    if leaders and telling and not groups:
        return _Evidence(scene, leaders, _telling(scene), "leader", False)
    return None


def _forceful(scene: Scene) -> bool:
    return any(action.event_type in _FORCE and action.weight >= _STRONG for action in scene.actions)


def _stands_by(scene: Scene) -> bool:
    """Whether the group only comments or offers something: what is told beside it is not its doing."""
    if "hypothetical" in scene.flags or scene.background:
        return True
    return _speaks(scene) and "anaphora" not in scene.flags


def _telling(scene: Scene) -> float:
    """The weight of the actions a scene tells; what a leader only says about others weighs little."""
    weight = scene.weight
    if _only_says(scene):
        return min(weight, 0.3)
    return weight


def _only_says(scene: Scene) -> bool:
    """Whether the group or its leader is the speaker and the action is what he speaks about."""
    if "own" in scene.flags or any(a.event_type is EventType.ORDER_OR_STATEMENT for a in scene.actions):
        return False
    return _speaks(scene)


def _speaks(scene: Scene) -> bool:
    """Whether the group or its leader is the one who speaks."""
    speakers = [m for m in scene.sentence.of("person", "group", "body") if m.strength >= SUPPORT]
    verbs = [m for m in scene.sentence.of("marker") if m.entity == "marker.speech"]
    arabic = any("\u0600" <= char <= "\u06ff" for char in scene.sentence.text[:40])
    for speaker in speakers:
        for verb in verbs:
            between = speaker.start - verb.end if arabic else verb.start - speaker.end
            if arabic and _THAT.search(scene.sentence.text[verb.end : max(verb.end, speaker.start)]):
                continue  # "the sources said that fighters of …": somebody else speaks
            if not arabic and _SOURCE.search(scene.sentence.text[speaker.end : max(speaker.end, verb.start)]):
                continue  # "… Asaib Ahl al-Haq and others, witnesses said"
            if 0 <= between <= (45 if arabic else 60) and not _others_between(scene, speaker.start, verb.start):
                return True
            if arabic and 0 <= verb.start - speaker.end <= 12:
                return True
    return False


_SOURCE = re.compile(
    r"\b(?:witness\w*|sources?|officials?|police|officers?|medics?|residents?|activists?|reports?|media|doctors?|mp|lawmaker"
    r"|captain|colonel|major|general|governor|agency|he|she|they|it|who)\b",
    re.IGNORECASE,
)
_THAT = re.compile(r"\s[إأا]ن\s|مصدر|مصادر|المصادر|شهود|وكالة|موقع")


def _others_between(scene: Scene, one: int, two: int) -> bool:
    low, high = sorted((one, two))
    return any(
        low < m.start < high for m in scene.sentence.of("actor", "action") if m.kind == "actor" or m.start < high
    )


# --- a finding -------------------------------------------------------------------------------------------------------


def _finding(
    article: Article,
    reading: Reading,
    story: Story,
    lexicon: Lexicon,
    watch: Watch,
    governorate: str,
    evidence: Sequence[_Evidence],
) -> Finding:
    features = _features(article, story, lexicon, governorate, evidence)
    groups = frozenset().union(*(item.groups for item in evidence))
    old = all(item.old for item in evidence)
    if not old:
        groups |= _accused(story, governorate) & frozenset(watch.groups)
    return _compose(
        article,
        reading,
        story,
        lexicon,
        governorate,
        [group for group in watch.groups if group in groups],
        [item.scene for item in evidence] + [item.partner for item in evidence if item.partner],
        features,
        old,
        (),
    )


def _accused(story: Story, governorate: str) -> frozenset[str]:
    """Groups that are blamed for what the report tells."""
    return frozenset().union(
        *(
            scene.groups
            for scene in story.scenes
            if "accusation" in scene.flags and governorate in scene.where and not scene.background
        )
    )


def _features(
    article: Article, story: Story, lexicon: Lexicon, governorate: str, evidence: Sequence[_Evidence]
) -> list[Feature]:
    place = lexicon.entity(governorate).name_en
    best = max(evidence, key=lambda item: (item.bond == "sentence", item.weight, -item.scene.sentence.order))
    groups = sorted(frozenset().union(*(item.groups for item in evidence)))
    names = " and ".join(lexicon.entity(group).name_en for group in groups)
    features: list[Feature] = []

    def add(name: str, weight: float, why: str) -> None:
        features.append(Feature(name, weight, why))

    full = any(scene.full & frozenset(groups) for scene in story.scenes)
    if best.bond == "leader":
        add("leader", -0.10, f"only a leader of {names} is named")
    elif full:
        add("group", 0.25, f"{names}: named in full")
    else:
        add("group_short", 0.20, f"{names}: named by a short form that the rest of the text settles")

    spoken = any(item.scene.placed == "sentence" for item in evidence)
    if spoken:
        add("place", 0.25, f"{place} is named in the sentence that tells of it")
    elif governorate in story.title:
        add("place_title", 0.22, f"{place} is named in the title")
    elif best.scene.placed == "before":
        add("place_before", 0.20, f"{place} is named in a sentence before")
    else:
        add("place_dateline", 0.15, f"{place} is known only from the dateline")
    if spoken and governorate in story.title | story.dateline:
        add("place_confirmed", 0.08, f"title or dateline say {place} too")

    strongest = max(item.weight for item in evidence)
    words = ", ".join(
        dict.fromkeys(a.mention.form for item in evidence for a in item.scene.actions if a.weight >= _SOME)
    )
    if strongest >= _STRONG:
        add("action", 0.25, f"tells of an action: {words[:120]}")
    else:
        add("action_weak", 0.12, f"tells of something milder than an act of force: {words[:120]}")
    if any(item.bond == "sentence" for item in evidence):
        add("bound", 0.15, "group and action stand in one sentence")
    elif best.bond == "window":
        add("bound_near", 0.05, "group and action stand in neighbouring sentences")
    if any(item.scene.sentence.field == "title" or item.scene.sentence.paragraph <= 2 for item in evidence):
        add("prominent", 0.10, "told in the title or at the beginning")
    if len(evidence) > 1:
        add("repeated", 0.05, f"told in {len(evidence)} sentences")

    add_doubts(story, lexicon, governorate, evidence, best, add)
    return features


def add_doubts(story, lexicon, governorate, evidence, best, add) -> None:  # type: ignore[no-untyped-def]
    place = lexicon.entity(governorate).name_en
    fresh = [item for item in evidence if not item.old]
    if not fresh:
        add("background", -0.45, "told as background: something older than this report")
    elsewhere = sorted(story.main - {governorate})
    if story.title and governorate not in story.title and governorate in story.main:
        names = ", ".join(lexicon.entity(id).name_en for id in sorted(story.title))
        add("other_title", -0.20, f"the title is about {names}")
    if story.main and governorate not in story.main:
        names = ", ".join(lexicon.entity(id).name_en for id in elsewhere)
        spread = any(item.bond == "spread" for item in evidence)
        add("elsewhere", -0.10 if spread else -0.45, f"title, dateline and lead are about {names}")
    if all(item.scene.row for item in evidence):
        lead = any(item.scene.sentence.field == "title" or item.scene.sentence.paragraph <= 2 for item in evidence)
        add("row", -0.15 if lead else -0.40, f"{place} is one of a row of provinces")
    titled = union(s.groups | s.leaders for s in story.scenes if s.sentence.field == "title")
    spoken = union(item.groups for item in evidence)
    beside = all(_in_aside(item.scene, lexicon, governorate) for item in evidence)
    if beside and governorate not in story.title and (story.title or not spoken & titled):
        add("aside", -0.45, f"{place} is named only in what the event came after")
    deep = all(item.scene.sentence.field != "title" and item.scene.sentence.paragraph > 2 for item in evidence)
    if deep and governorate not in story.title and not spoken & titled:
        dated = any("recent" in item.scene.flags for item in evidence)
        add("buried", -0.10 if dated else -0.35, "told only further down, in a report whose title is about something else")
    if "encyclopaedia" in story.genre:
        add("encyclopaedia", -0.60, "an encyclopaedia entry")
    elif "explainer" in story.genre:
        add("explainer", -0.45, "the title asks who or what somebody is")
    elif "opinion" in story.genre:
        add("opinion", -0.50, "opinion, analysis or profile")
    elif "analysis" in story.genre:
        dated = any("recent" in item.scene.flags for item in evidence)
        add("analysis", -0.10 if dated else -0.25, "the title asks how or why")
    if "sport" in story.genre:
        add("sport", -0.40, "a sports report")
    if "economy" in story.genre:
        add("economy", -0.25, "a report on oil, money or weather")
    if all("hypothetical" in item.scene.flags and item.weight < 1 for item in evidence):
        add("hypothetical", -0.15, "told as a fear, a plan or a possibility")


def _compose(
    article: Article,
    reading: Reading,
    story: Story,
    lexicon: Lexicon,
    governorate: str,
    groups: Sequence[str],
    witnesses: Sequence[Scene],
    features: Sequence[Feature],
    old: bool,
    tags: Iterable[str],
) -> Finding:
    scenes = list(dict.fromkeys(witnesses))
    score = round(max(0.0, min(1.0, sum(feature.weight for feature in features))), 3)
    verdict: Verdict = "alert" if score >= ALERT else "digest" if score >= DIGEST else "none"
    if old:
        verdict = "digest"
        score = min(score, ALERT - 0.01)
    around = _around(story, governorate, scenes, old)
    places = _places(around, lexicon, governorate)
    day = None if old else _day(around, day_in_iraq(article.published))
    killed, injured = _toll(story, lexicon, governorate, scenes, old)
    event_type = _event_type(story, scenes, around, governorate, killed)
    key = f"{article.id}|{governorate}|{'old' if old else ''}"
    return Finding(
        id="fnd_" + hashlib.sha256(key.encode()).hexdigest()[:20],
        article=article.id,
        groups=tuple(groups),
        governorates=(governorate,),
        event_type=event_type,
        verdict=verdict,
        score=score,
        districts=tuple(dict.fromkeys(place.district for place in places if place.district)),
        places=tuple(places),
        event_date=day.day if day else None,
        time_precision=day.precision if day else 3,
        killed=killed,
        injured=injured,
        people=_people(scenes),
        tags=_tags(article, reading, scenes, old, tags),
        passages=_passages(scenes),
        features=tuple(features),
        why=tuple(f"{feature.weight:+.2f} {feature.why}" for feature in features),
    )


def _around(story: Story, governorate: str, scenes: Sequence[Scene], old: bool) -> list[Scene]:
    """The witnesses with the other sentences of the same scene: they hold spot, day and toll."""
    witnesses = set(map(id, scenes))
    return [
        scene
        for scene in story.scenes
        if id(scene) in witnesses
        or (
            governorate in scene.where
            and scene.background == old
            and not scene.row
            and (not scene.named or governorate in scene.named)
        )
    ]


def _places(scenes: Sequence[Scene], lexicon: Lexicon, governorate: str) -> list[Place]:
    found: dict[str, Place] = {}
    for scene in scenes:
        for mention in scene.sentence.of("place", "governorate"):
            entity = lexicon.entity(mention.entity)
            if entity.governorate == governorate:
                place = entity.place(mention.form)
                found.setdefault(place.id, place)
    return sorted(found.values(), key=lambda place: place.geo_precision)


def _day(scenes: Sequence[Scene], published: date) -> When | None:
    for scene in scenes:
        days = [day for day in scene.days if day.precision == 1]
        if days and not scene.background:
            return max(days, key=lambda day: day.day)
    for scene in scenes:
        if scene.days and not scene.background:
            return scene.days[0]
    return When(published, 2, "")


def _toll(
    story: Story, lexicon: Lexicon, governorate: str, witnesses: Sequence[Scene], old: bool
) -> tuple[int | None, int | None]:
    title = [scene for scene in story.scenes if scene.sentence.field == "title"]
    around = _around(story, governorate, witnesses, old)
    in_title = [toll(_here(scene, lexicon, governorate)) for scene in title if not old]
    in_text = [toll(_here(scene, lexicon, governorate)) for scene in around]
    result: list[int | None] = []
    for kind in ("killed", "injured"):
        stated = [value for item in in_title if (value := getattr(item, kind)) is not None]
        if not stated or max(stated) <= 1:
            stated += [value for item in in_text if (value := getattr(item, kind)) is not None]
        result.append(max(stated) if stated else None)
    return result[0], result[1]


_CLAUSE = re.compile(r"[,;،؛(]|\s[-–—]\s")
_ASIDE = re.compile(
    r"(?:days? after|after the|a day after|weeks? after|earlier this|بعد يوم|بعد يومين|بعد ايام|عقب احداث|روز پس از)"
)


def _here(scene: Scene, lexicon: Lexicon, governorate: str) -> str:
    """The clauses of a sentence that do not lie in another governorate or another time: "… after 30 died in Baghdad"."""
    text = scene.sentence.text
    places = [(m.start, lexicon.entity(m.entity).governorate) for m in scene.sentence.of("governorate", "place")]
    cuts = [0, *(match.start() for match in _CLAUSE.finditer(text)), len(text)]
    kept = []
    for start, end in itertools.pairwise(cuts):
        named = {place for at, place in places if start <= at < end}
        clause = text[start:end]
        if named and governorate not in named and governorate in scene.where:
            continue
        if named - {governorate} and governorate in named:
            clause = clause[: _first_other(places, start, end, governorate) - start]
        kept.append(clause)
    return " ".join(kept)


def _in_aside(scene: Scene, lexicon: Lexicon, governorate: str) -> bool:
    """Whether the governorate stands only behind "days after …": the report is about what came afterwards."""
    aside = _ASIDE.search(scene.sentence.text)
    mine = [
        m.start
        for m in scene.sentence.of("governorate", "place")
        if lexicon.entity(m.entity).governorate == governorate
    ]
    return bool(aside and mine and min(mine) > aside.start())


def _first_other(places: list[tuple[int, str]], start: int, end: int, governorate: str) -> int:
    return min((at for at, place in places if start <= at < end and place != governorate), default=end)


# How much a word says about the kind of the event: general words and roles give way to acts.
_SPECIFIC = {
    EventType.OTHER: 0.2,
    EventType.NONE: 0.0,
    EventType.DEPLOYMENT: 0.5,
    EventType.POLITICAL: 0.6,
    EventType.THREAT: 0.6,
    EventType.PROTEST: 0.8,
    EventType.SHOOTING: 0.8,
    EventType.ARREST: 0.8,
}
_AFTER = re.compile(
    r"\b(?:after|following|hours after|in the wake of|over|suspected of|بتهمة|بعد|عقب|إثر|اثر|على خلفية|خلفية|ردا على|احتجاجا|تنديدا|رفضا|استنكارا|پس از|دوای)\b"
)


def _event_type(
    story: Story, witnesses: Sequence[Scene], around: Sequence[Scene], governorate: str, killed: int | None
) -> EventType:
    """What was done: the title counts most, then the first witness; what it came after counts less."""
    votes: dict[EventType, float] = {}
    title = [s for s in story.scenes if s.sentence.field == "title" and (not s.named or governorate in s.named)]
    body = [s for s in witnesses if s.sentence.field != "title"]
    lead = [s for s in around if s.sentence.field != "title"][:1]
    body = lead + [s for s in body if s not in lead]
    for rank, scene in enumerate([*title, *body]):
        factor = 3.0 if scene.sentence.field == "title" else 1.6 if rank == len(title) else 1.0
        after = _AFTER.search(scene.sentence.text)
        best: dict[EventType, float] = {}
        for action in scene.actions:
            late = 0.4 if after and after.start() > 0 and action.mention.start > after.start() else 1.0
            vote = late * action.weight**2 * _SPECIFIC.get(action.event_type, 1.0)
            best[action.event_type] = max(best.get(action.event_type, 0.0), vote)
        if best.get(EventType.BOMBING) and rank <= len(title) and _at_office(scene):
            best[EventType.ATTACK_ON_OFFICE] = best.pop(EventType.BOMBING) + 0.2
        for event, vote in best.items():
            votes[event] = votes.get(event, 0.0) + factor * vote
    if not any(votes.values()):
        return EventType.OTHER
    # Shots between the two groups are a battle; shots into the air are none.
    both = any(len(scene.groups) > 1 for scene in witnesses)
    if both:
        general = votes.pop(EventType.SHOOTING, 0.0) + (votes.pop(EventType.OTHER, 0.0) if killed else 0.0)
        votes[EventType.ARMED_CLASH] = votes.get(EventType.ARMED_CLASH, 0.0) + general
    elif not killed and any("in_the_air" in scene.flags for scene in around):
        votes[EventType.SHOOTING] = votes.pop(EventType.ARMED_CLASH, 0.0) + votes.get(EventType.SHOOTING, 0.0)
    return max(votes, key=lambda event: votes[event])


def _at_office(scene: Scene) -> bool:
    """Whether an office or house of a group is named right beside the group."""
    offices = [m for m in scene.sentence.of("marker") if m.entity == "marker.office"]
    groups = [m for m in scene.sentence.of("group", "body", "person", "movement") if m.entity != "pmf"]
    return any(-12 <= group.start - office.end <= 30 for office in offices for group in groups) or any(
        0 <= office.start - group.end <= 3 for office in offices for group in groups
    )


def _people(scenes: Sequence[Scene]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(m.entity for scene in scenes for m in scene.sentence.of("person") if m.strength >= SUPPORT)
    )


def _tags(
    article: Article, reading: Reading, scenes: Sequence[Scene], old: bool, tags: Iterable[str]
) -> tuple[str, ...]:
    found = list(tags)
    flags = frozenset().union(*(scene.flags for scene in scenes))
    found += [tag for tag in ("denial", "hearsay", "official") if tag in flags]
    if old:
        found.append("background")
    if article.body_state != "full":
        found.append("thin")
    if reading.truncated:
        found.append("truncated")
    return tuple(dict.fromkeys(found))


def _passages(scenes: Sequence[Scene]) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            scene.sentence.field,
            scene.sentence.text,
            tuple((m.start, m.end) for m in scene.sentence.mentions if m.kind != "marker"),
        )
        for scene in scenes[:5]
    )


# --- no name ---------------------------------------------------------------------------------------------------------


def _unnamed(article: Article, reading: Reading, story: Story, lexicon: Lexicon, governorate: str) -> list[Finding]:
    """Force in a watched governorate by hidden hands near the groups: a weak finding for the digest."""
    if governorate not in story.main or story.genre & {"sport", "encyclopaedia"}:
        return []
    witnesses = []
    hint = ""
    for scene in story.scenes:
        entities = {m.entity for m in scene.sentence.mentions}
        violent = any(action.event_type in _VIOLENT for action in scene.actions)
        if governorate not in scene.where or scene.background or not violent:
            continue
        near_group = entities & {"sadrist_movement", "sadr_office", "pmf", "basra.presidential_palaces"}
        hidden = "hidden" in entities
        if near_group or (hidden and "official" in scene.flags):
            witnesses.append(scene)
            hint = hint or ", ".join(sorted(near_group)) or "unknown gunmen in an official text"
    if not witnesses:
        return []
    place = lexicon.entity(governorate).name_en
    features = [
        Feature("unnamed", 0.20, f"no watched group is named, but: {hint}"),
        Feature("place", 0.15, f"it lies in {place}"),
        Feature("action", 0.10, "tells of an act of force"),
    ]
    return [_compose(article, reading, story, lexicon, governorate, (), witnesses, features, False, ("unnamed",))]
