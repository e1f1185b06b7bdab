"""Mentions → findings: what a report says was done, by or to which group, where and when, and why we think so.

Evidence for a finding is a sentence that tells an action, speaks of a watched group and lies in a watched governorate
(or two neighbouring sentences that do so together). Named features with weights add up to a score between 0 and 1:
the group, the place, the action, how closely they stand together, and whether the report is about it pull it up;
background, other provinces, provinces in a row, opinion, sport and mere statements pull it down.

Verdict: score ≥ ALERT is an alert, score ≥ DIGEST goes to the digest, less is nothing. Tags of a finding: denial,
hearsay, official, background (older than the report that tells it: never told as news), unnamed (no group named:
gunmen, palaces), south (no place nearer than southern Iraq is given), thin (judged without the page's body), truncated
(only the first part of a huge text was judged).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipelines import details
from pipelines.dating import day_in_iraq
from pipelines.event_types import event_type_of
from pipelines.evidence import Evidence, accused, gather
from pipelines.lexicon import Lexicon
from pipelines.mentions import find_mentions
from pipelines.models import Article, Feature, Finding, Language, Mention, Passage, Verdict, Watch
from pipelines.passages import Reading, Sentence, may_matter, read
from pipelines.scenes import STRONG, VIOLENT, Scene, Story, stage, union
from pipelines.weighing import features_of

ALERT = 0.60  # an alert: somebody is told now
DIGEST = 0.35  # doubt: listed once a day


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
    fresh: list[Finding] = []
    old: list[Finding] = []
    for governorate in watch.governorates:
        evidence = gather(story, lexicon, watch, governorate)
        for found, is_old in ((fresh, False), (old, True)):
            items = [item for item in evidence if item.old == is_old]
            if items:
                found.append(_finding(article, reading, story, lexicon, watch, governorate, items))
        if not evidence:
            fresh += _unnamed(article, reading, story, lexicon, governorate)
            fresh += _in_the_south(article, reading, story, lexicon, watch, governorate)
    if any(finding.verdict == "alert" for finding in fresh):
        # A report of today that retells an older event: the two must not be taken for one.
        old = [replace(finding, verdict="digest") for finding in old]

    def rank(finding: Finding) -> tuple[float, int, int]:
        return -finding.score, -len(finding.passages), _position(article, finding)

    return tuple(sorted(fresh + old, key=rank))


def _position(article: Article, finding: Finding) -> int:
    """Where in the body the finding is told: of two equals, the one told first."""
    return min((article.body.find(passage.text) for passage in finding.passages if passage.field == "body"), default=0)


# --- a finding -------------------------------------------------------------------------------------------------------


def _finding(
    article: Article,
    reading: Reading,
    story: Story,
    lexicon: Lexicon,
    watch: Watch,
    governorate: str,
    evidence: Sequence[Evidence],
) -> Finding:
    features = features_of(story, lexicon, governorate, evidence)
    groups = union(item.groups for item in evidence)
    old = all(item.old for item in evidence)
    if not old:
        groups |= accused(story, governorate) & frozenset(watch.groups)
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
        verdict = "none"
        score = min(score, ALERT - 0.01)
    around = details.around(story, governorate, scenes, old)
    places = details.places_of(around, lexicon, governorate)
    day = None if old else details.day_of(around, day_in_iraq(article.published))
    killed, injured = details.toll_of(story, around, lexicon, governorate, old)
    event_type = event_type_of(story, scenes, around, governorate, killed)
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
        people=details.people_of(scenes),
        tags=_tags(article, reading, scenes, old, tags),
        passages=_passages(scenes, lexicon, reading.language),
        features=tuple(features),
        why=tuple(f"{feature.weight:+.2f} {feature.why}" for feature in features),
    )


def _tags(
    article: Article, reading: Reading, scenes: Sequence[Scene], old: bool, tags: Iterable[str]
) -> tuple[str, ...]:
    found = list(tags)
    flags = union(scene.flags for scene in scenes)
    found += [tag for tag in ("denial", "hearsay", "official") if tag in flags]
    if old:
        found.append("background")
    if article.body_state != "full":
        found.append("thin")
    if reading.truncated:
        found.append("truncated")
    return tuple(dict.fromkeys(found))


def _passages(scenes: Sequence[Scene], lexicon: Lexicon, language: Language) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            scene.sentence.field,
            scene.sentence.written,
            tuple(
                (m.start, m.end)
                for m in _as_written(scene.sentence, lexicon, language)
                if m.kind not in ("marker", "collision")
            ),
        )
        for scene in scenes[:5]
    )


def _as_written(sentence: Sentence, lexicon: Lexicon, language: Language) -> tuple[Mention, ...]:
    """The mentions of a sentence, their spans counted in what the outlet wrote."""
    same = sentence.written == sentence.text
    return sentence.mentions if same else find_mentions(sentence.written, lexicon, language)


# --- no province -----------------------------------------------------------------------------------------------------

_SOUTH = frozenset({"basra", "maysan", "dhi_qar", "muthanna"})  # the provinces meant by "southern Iraq"


def _in_the_south(
    article: Article, reading: Reading, story: Story, lexicon: Lexicon, watch: Watch, governorate: str
) -> list[Finding]:
    """An act of a watched group in "southern Iraq" and nowhere nearer: it may be here, so it is listed as doubtful."""
    if governorate not in _SOUTH or story.everywhere or story.genre:
        return []
    south = any("south" in scene.flags for scene in story.scenes if scene.sentence.order <= 2)
    watched = frozenset(watch.groups)
    witnesses = [s for s in story.scenes if s.groups & watched and not s.background and s.weight >= STRONG]
    if not south or not witnesses:
        return []
    groups = union(scene.groups for scene in witnesses)
    names = " and ".join(lexicon.entity(group).name_en for group in sorted(groups & watched))
    features = [
        Feature("group", 0.25, f"{names}: named"),
        Feature(
            "south", 0.05, f"only southern Iraq is named, of which {lexicon.entity(governorate).name_en} is a part"
        ),
        Feature("action", 0.15, "tells of an act of force or an order"),
    ]
    ours = [group for group in watch.groups if group in groups]
    return [_compose(article, reading, story, lexicon, governorate, ours, witnesses, features, False, ("south",))]


# --- no name ---------------------------------------------------------------------------------------------------------


def _unnamed(article: Article, reading: Reading, story: Story, lexicon: Lexicon, governorate: str) -> list[Finding]:
    """Force in a watched governorate by hidden hands near the groups: a weak finding for the digest."""
    if governorate not in story.main or story.genre & {"sport", "encyclopaedia"}:
        return []
    witnesses = []
    hint = ""
    for scene in story.scenes:
        entities = {m.entity for m in scene.sentence.mentions}
        violent = any(action.event_type in VIOLENT for action in scene.actions)
        if governorate not in scene.where or scene.background or not violent:
            continue
        near_group = {id for id in entities if lexicon.entity(id).hint}
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
