"""Why a report would alert or not: its text with every name marked, and the reasons in plain words.

Pure data; the command line prints it in colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.dating import day_in_iraq
from pipelines.findings import ALERT, DIGEST, judge, weigh
from pipelines.furniture import read_lines
from pipelines.lexicon import Lexicon
from pipelines.mentions import find_mentions
from pipelines.models import Article, Finding, PassageField, Watch
from pipelines.passages import language_of, read
from pipelines.scenes import stage


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked span of a text: `kind` as in the lexicon, or "furniture"; `label` says in words what it is."""

    start: int
    end: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class MarkedText:
    """One field of the article with its marks in reading order; names are marked within furniture too."""

    field: PassageField
    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found in an article and what was made of it."""

    texts: tuple[MarkedText, ...]
    findings: tuple[Finding, ...]  # as judge gives them
    rejected: tuple[Finding, ...]  # what scored too low to be one
    reasons: tuple[str, ...]  # for a newcomer, in order


def explain(article: Article, lexicon: Lexicon, watch: Watch) -> Explanation:
    """Judge an article and say why. Never raises for any text."""
    findings = judge(article, lexicon, watch)
    kept = {finding.id for finding in findings}
    rejected = tuple(finding for finding in weigh(article, lexicon, watch) if finding.id not in kept)
    return Explanation(
        texts=_marked(article, lexicon),
        findings=findings,
        rejected=rejected,
        reasons=_reasons(article, lexicon, watch, findings, rejected),
    )


def _marked(article: Article, lexicon: Lexicon) -> tuple[MarkedText, ...]:
    fields: tuple[tuple[PassageField, str], ...] = (
        ("title", article.title),
        ("summary", article.summary),
        ("lead", article.lead),
        ("description", article.description),
        ("body", article.body),
    )
    language = language_of(f"{article.title}\n{article.body}", article.language)
    marked = []
    for name, text in fields:
        if not text.strip():
            continue
        marks = [
            Mark(mention.start, mention.end, mention.kind, _label(mention.kind, mention.entity, lexicon))
            for mention in find_mentions(text, lexicon, language)
        ]
        if name == "body":
            marks += [
                Mark(line.start, line.end, "furniture", "page furniture: not judged")
                for line in read_lines(text, article.source.cut_at)
                if line.role == "furniture"
            ]
        marked.append(MarkedText(name, text, tuple(sorted(marks, key=lambda mark: (mark.start, -mark.end)))))
    return tuple(marked)


def _label(kind: str, entity_id: str, lexicon: Lexicon) -> str:
    entity = lexicon.entity(entity_id)
    if kind == "action":
        return f"action: {entity.event_type.value}"
    if kind == "marker":
        return f"sign of {entity_id.removeprefix('marker.')}"
    return f"{kind.replace('_', ' ')}: {entity.name_en}"


def _reasons(
    article: Article,
    lexicon: Lexicon,
    watch: Watch,
    findings: tuple[Finding, ...],
    rejected: tuple[Finding, ...],
) -> tuple[str, ...]:
    reasons = []
    if article.body_state != "full":
        reasons.append(f"the body is {article.body_state}: judged on title, summary, lead and description too")
    for finding in findings:
        where = " and ".join(lexicon.entity(id).name_en for id in finding.governorates)
        who = " and ".join(lexicon.entity(id).name_en for id in finding.groups) or "no group by name"
        limit = f"an alert needs {ALERT:.2f}, the digest {DIGEST:.2f}"
        if "background" in finding.tags:
            limit = "an older event that the report retells is never told as news of the day"
        reasons.append(
            f"{finding.verdict}: {finding.event_type.value} in {where}, {who}; score {finding.score:.2f} ({limit})"
        )
    for finding in rejected:
        where = " and ".join(lexicon.entity(id).name_en for id in finding.governorates)
        reasons.append(f"not enough for {where}: score {finding.score:.2f}, the digest needs {DIGEST:.2f}")
        reasons += [f"  {why}" for why in finding.why]
    if not findings and not rejected:
        reasons += _nothing(article, lexicon, watch)
    return tuple(reasons)


def _nothing(article: Article, lexicon: Lexicon, watch: Watch) -> list[str]:
    """Which of the three things a finding needs is missing: a group, a place, an act that binds them."""
    reading = read(article, lexicon)
    if not reading.sentences:
        return ["there is no text to judge"]
    story = stage(reading, lexicon, day_in_iraq(article.published))
    watched = " or ".join(lexicon.entity(id).name_en for id in watch.governorates)
    named = frozenset(watch.groups) & story.known
    if not named:
        if reading.furniture:
            return ["a watched group is named only in the furniture of the page (related news, ticker, tags)"]
        return ["no watched group is named, or only by a word that means something else here"]
    names = " and ".join(lexicon.entity(id).name_en for id in sorted(named))
    if not story.everywhere & frozenset(watch.governorates):
        elsewhere = ", ".join(lexicon.entity(id).name_en for id in sorted(story.everywhere) if id in lexicon.entities)
        return [
            f"{names} is named, but nothing in {watched}" + (f"; the report is about {elsewhere}" if elsewhere else "")
        ]
    return [f"{names} and {watched} are both named, but no sentence tells of an act that binds them"]
