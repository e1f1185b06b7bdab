"""Mentions → findings: what a report says was done, by or to which group, where and when, and why we think so.

A report is cut into sentences. Each sentence has a scene: the governorates it names, else those of the sentence before,
of the title or of the dateline. Evidence for a finding is a sentence that tells an action, speaks of a watched group
and lies in a watched governorate. Named features with weights add up to the score; background, other provinces,
provinces in a row, opinion and sport pull it down.

Verdict: score ≥ ALERT → alert, ≥ DIGEST → digest, else none.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.lexicon import Lexicon
from pipelines.models import Article, EventType, Feature, Finding, Mention, Passage, Watch
from pipelines.passages import Reading, Sentence, may_matter, read

ALERT = 0.60
DIGEST = 0.35


def judge(article: Article, lexicon: Lexicon, watch: Watch) -> tuple[Finding, ...]:
    """The findings of an article, the surest first; empty when it holds nothing of the watch. Never raises."""
    if not may_matter(article, lexicon):
        return ()
    reading = read(article, lexicon)
    scenes = _scenes(reading, lexicon)
    groups = _groups(reading, lexicon)
    findings = []
    for governorate in watch.governorates:
        finding = _judge_governorate(article, reading, scenes, groups, lexicon, watch, governorate)
        if finding is not None:
            findings.append(finding)
    return tuple(sorted(findings, key=lambda finding: -finding.score))


@dataclass(frozen=True, slots=True)
class _Scene:
    governorates: frozenset[str]
    explicit: bool
    background: bool


def _governorate(mention: Mention, lexicon: Lexicon) -> str:
    entity = lexicon.entity(mention.entity)
    return "abroad" if mention.kind == "abroad" else entity.governorate


def _scenes(reading: Reading, lexicon: Lexicon) -> list[_Scene]:
    current: frozenset[str] = frozenset()
    scenes = []
    base = frozenset(_governorate(m, lexicon) for m in reading.dateline)
    for sentence in reading.sentences:
        named = frozenset(_governorate(m, lexicon) for m in sentence.of("governorate", "place") if m.strength >= 0.5)
        background = any(m.entity == "marker.background" for m in sentence.mentions)
        if named:
            scenes.append(_Scene(named, True, background))
            if not background:
                current = named
        else:
            scenes.append(_Scene(current or base, False, background))
    return scenes


def _groups(reading: Reading, lexicon: Lexicon) -> list[frozenset[str]]:
    present = {m.entity for s in reading.sentences for m in s.mentions if m.kind != "group"}
    full = {m.entity for s in reading.sentences for m in s.of("group") if m.strength == 1}
    short = {m.entity for s in reading.sentences for m in s.of("group") if m.strength >= 0.5}
    known = full | {id for id in short if set(lexicon.entity(id).resolved_by) & (present | full | short - {id})}
    out = []
    for sentence in reading.sentences:
        here = {m.entity for m in sentence.of("group") if m.entity in known and m.strength >= 0.5}
        here |= {lexicon.entity(m.entity).group for m in sentence.of("body") if m.strength == 1}
        out.append(frozenset(here))
    return out


def _judge_governorate(
    article: Article,
    reading: Reading,
    scenes: list[_Scene],
    groups: list[frozenset[str]],
    lexicon: Lexicon,
    watch: Watch,
    governorate: str,
) -> Finding | None:
    evidence: list[tuple[Sentence, float]] = []
    here: set[str] = set()
    types: dict[EventType, float] = {}
    for sentence, scene, named in zip(reading.sentences, scenes, groups, strict=True):
        acting = {group for group in named if group in watch.groups}
        actions = [lexicon.entity(m.entity) for m in sentence.of("action")]
        weight = max((entity.weight for entity in actions), default=0.0)
        if governorate not in scene.governorates or not acting or weight < 0.5 or scene.background:
            continue
        here |= acting
        evidence.append((sentence, weight))
        for entity in actions:
            factor = 3 if sentence.field == "title" else 1
            types[entity.event_type] = types.get(entity.event_type, 0) + factor * entity.weight
    if not evidence:
        return None
    features = [
        Feature(
            "action",
            0.7 if any(weight >= 0.8 for _, weight in evidence) else 0.45,
            "an action by or against a group there",
        ),
    ]
    score = round(min(1.0, sum(feature.weight for feature in features)), 3)
    event_type = max(types, key=lambda event: types[event])
    return Finding(
        id="fnd_" + hashlib.sha256(f"{article.id}|{governorate}".encode()).hexdigest()[:20],
        article=article.id,
        groups=tuple(group for group in watch.groups if group in here),
        governorates=(governorate,),
        event_type=event_type,
        verdict="alert" if score >= ALERT else "digest" if score >= DIGEST else "none",
        score=score,
        passages=tuple(
            Passage(s.field, s.text, tuple((m.start, m.end) for m in s.mentions if m.kind != "marker"))
            for s, _ in evidence[:4]
        ),
        features=tuple(features),
        why=tuple(feature.why for feature in features),
    )
