"""What is known of an incident: severity, certainty, toll, places and revisions, from all its evidence. Pure.

Severity says how bad it is, certainty how sure, as in CAP 1.2; a toll is the range of what the sources say and is never
lowered in silence; a denial is a revision like any other. Which findings are one incident is decided in grouping.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from pipelines.grouping import Evidence
from pipelines.models import (
    Certainty,
    ChangeKind,
    EventType,
    Incident,
    Place,
    Range,
    Severity,
    SourceReport,
    Status,
)
from pipelines.summary import Labels, summarise

_PROVINCE = 3  # geo_precision of what says no more than the governorate
_SEVERITY: dict[EventType, Severity] = {
    EventType.ARMED_CLASH: Severity.CRITICAL,
    EventType.ASSASSINATION: Severity.CRITICAL,
    EventType.ASSASSINATION_ATTEMPT: Severity.CRITICAL,
    EventType.BOMBING: Severity.CRITICAL,
    EventType.ATTACK_ON_OFFICE: Severity.CRITICAL,
    EventType.SHOOTING: Severity.HIGH,
    EventType.ABDUCTION: Severity.HIGH,
    EventType.SHOW_OF_FORCE: Severity.HIGH,
    EventType.DEPLOYMENT: Severity.HIGH,
    EventType.ARREST: Severity.MEDIUM,
    EventType.THREAT: Severity.MEDIUM,
    EventType.PROTEST: Severity.MEDIUM,
    EventType.ORDER_OR_STATEMENT: Severity.LOW,
    EventType.POLITICAL: Severity.LOW,
    EventType.OTHER: Severity.LOW,
    EventType.NONE: Severity.LOW,
}


def new_id(evidence: Evidence) -> str:
    """The id of the incident that this finding opens: stable, so that judging again gives the same one."""
    digest = hashlib.sha256(evidence.finding.id.encode()).digest()
    return "inc_" + base64.b32encode(digest)[:10].decode().lower()


def revise(
    previous: Incident | None,
    evidence: Sequence[Evidence],
    now: datetime,
    labels: Labels,
    related: tuple[str, ...] = (),
) -> Incident:
    """The incident as all its evidence tells it: a new revision if something that people are told has changed.

    `evidence` is everything known of the incident, oldest report first; the first of it gave the incident its id.
    """
    told = [item for item in evidence if "denial" not in item.finding.tags] or list(evidence)
    sure = [item for item in told if item.finding.verdict == "alert"] or told
    reports = _reports(evidence)
    event_date, time_precision = _event_date(sure)
    killed, injured = _toll(told, "killed"), _toll(told, "injured")
    event_type = _event_type(sure)
    voices = independent_sources(report for report in reports if "denial" not in report.tags)
    status = _status(evidence)
    first = min(sure, key=lambda item: (-item.report.trust, item.report.published))
    incident = Incident(
        id=previous.id if previous else new_id(evidence[0]),
        revision=previous.revision if previous else 1,
        status=status,
        change="new",
        severity=_severity(sure, killed, injured),
        certainty=_certainty(told, voices),
        event_type=event_type,
        groups=_union(item.finding.groups for item in sure),
        governorates=_union(item.finding.governorates for item in sure),
        districts=_union(item.finding.districts for item in sure),
        places=_places(sure),
        event_date=event_date,
        time_precision=time_precision,
        killed=killed,
        injured=injured,
        headline=previous.headline if previous else first.report.title,
        headline_lang=previous.headline_lang if previous else first.report.language,
        summary_en="",
        sources=reports,
        independent_sources=voices,
        findings=tuple(item.finding for item in evidence),
        first_seen=previous.first_seen if previous else now,
        updated=now,
        published=max((item.report.published for item in evidence if not item.report.backlog), default=None),
        related=previous.related if previous else related,
    )
    incident = replace(incident, summary_en=summarise(incident, labels))
    if previous is None:
        return incident
    changed = changes(previous, incident)
    if not changed:
        kept = (previous.change, previous.changed, previous.revision, previous.updated)
        return replace(incident, change=kept[0], changed=kept[1], revision=kept[2], updated=kept[3])
    return replace(incident, change=_kind(previous, incident, changed), changed=changed, revision=previous.revision + 1)


def withdrawn(previous: Incident, now: datetime) -> Incident:
    """The incident after its only source took its report back by editing it."""
    return replace(
        previous,
        revision=previous.revision + 1,
        status="retracted",
        change="retracted",
        changed=("withdrawn: the only report of it was edited and no longer says so",),
        updated=now,
    )


def independent_sources(reports: Iterable[SourceReport]) -> int:
    """Voices that count as one each: families that did not copy; all faction-side outlets together are one."""
    voices = {("faction" if report.stance == "faction" else report.family) for report in reports if not report.copy_of}
    return len(voices)


def changes(previous: Incident, current: Incident) -> tuple[str, ...]:
    """What a new revision says that the previous did not, in words; empty if there is nothing to tell."""
    found: list[str] = []
    if previous.status != current.status:
        found.append(f"status {previous.status} → {current.status}")
    if previous.doubtful and not current.doubtful:
        found.append("confirmed as an event of the watch")
    for name in ("severity", "certainty", "event_type"):
        before, after = getattr(previous, name), getattr(current, name)
        if before != after:
            found.append(f"{name.replace('_', ' ')} {before} → {after}")
    for name in ("killed", "injured"):
        before, after = getattr(previous, name), getattr(current, name)
        if before != after:
            found.append(f"{name} {_spell(before)} → {_spell(after)}")
    for name in ("groups", "governorates", "districts"):
        added = [item for item in getattr(current, name) if item not in getattr(previous, name)]
        if added:
            found.append(f"{name} added: {', '.join(added)}")
    if {place.id for place in current.places} - {place.id for place in previous.places}:
        added = [place.name_en for place in current.places if place.id not in {p.id for p in previous.places}]
        found.append(f"places added: {', '.join(added)}")
    known = {report.article for report in previous.sources if "denial" in report.tags}
    for report in current.sources:
        if "denial" in report.tags and report.article not in known:
            found.append(f"denied, as reported by {report.name}")
        if "official" in report.tags and not any("official" in old.tags for old in previous.sources):
            found.append(f"first official word, as reported by {report.name}")
    if previous.independent_sources != current.independent_sources:
        found.append(f"independent sources {previous.independent_sources} → {current.independent_sources}")
    return tuple(dict.fromkeys(found))


def _kind(previous: Incident, current: Incident, changed: tuple[str, ...]) -> ChangeKind:
    if current.status == "retracted" and previous.status != "retracted":
        return "retracted"
    grew = all(change.startswith(("independent sources", "certainty", "places added")) for change in changed)
    return "corroborated" if grew and current.independent_sources > previous.independent_sources else "update"


def _reports(evidence: Sequence[Evidence]) -> tuple[SourceReport, ...]:
    """One report per article; its tags are those of all its findings here."""
    merged: dict[str, SourceReport] = {}
    for item in evidence:
        known = merged.get(item.report.article)
        tags = _union([known.tags if known else (), item.finding.tags])
        killed = _most(known.killed if known else None, item.finding.killed)
        injured = _most(known.injured if known else None, item.finding.injured)
        merged[item.report.article] = replace(item.report, tags=tags, killed=killed, injured=injured)
    return tuple(sorted(merged.values(), key=lambda report: (report.published, report.article)))


def _event_type(evidence: Sequence[Evidence]) -> EventType:
    """The type most voices give; of two equally common the graver, of the named the first."""
    votes = Counter(item.finding.event_type for item in evidence)
    return max(votes, key=lambda event_type: (votes[event_type], _SEVERITY[event_type].rank, event_type.value))


def _event_date(evidence: Sequence[Evidence]) -> tuple[date | None, int]:
    """The day most reports give, from the most precise of them."""
    dated = [item.finding for item in evidence if item.finding.event_date is not None]
    if not dated:
        return None, 3
    precision = min(finding.time_precision for finding in dated)
    votes = Counter(finding.event_date for finding in dated if finding.time_precision == precision)
    return max(votes, key=lambda day: (votes[day], day or date.min)), precision


def _toll(evidence: Sequence[Evidence], name: str) -> Range | None:
    """The range of the newest number of each family: a source that corrects itself replaces its own figure."""
    newest: dict[str, tuple[datetime, int]] = {}
    for item in evidence:
        number = getattr(item.finding, name)
        key = item.report.family
        if number is None:
            continue
        if key not in newest or newest[key][0] < item.report.published:
            newest[key] = (item.report.published, number)
        elif newest[key][0] == item.report.published:
            newest[key] = (item.report.published, max(number, newest[key][1]))
    numbers = [number for _, number in newest.values()]
    return Range(min(numbers), max(numbers)) if numbers else None


def _severity(evidence: Sequence[Evidence], killed: Range | None, injured: Range | None) -> Severity:
    worst = max((_SEVERITY[item.finding.event_type] for item in evidence), key=lambda severity: severity.rank)
    if killed and killed.max > 0:
        return Severity.CRITICAL
    if injured and injured.max > 0 and worst.rank < Severity.HIGH.rank:
        return Severity.HIGH
    return worst


def _certainty(evidence: Sequence[Evidence], voices: int) -> Certainty:
    """Observed: two independent voices or an official word; likely: one trusted; possible: one weak or hearsay."""
    if voices >= 2 or any("official" in item.finding.tags for item in evidence):
        return Certainty.OBSERVED
    best = max((item.report for item in evidence), key=lambda report: report.trust)
    hearsay = all("hearsay" in item.finding.tags for item in evidence)
    if best.trust >= 2 and best.stance != "faction" and not hearsay:
        return Certainty.LIKELY
    return Certainty.POSSIBLE


def _status(evidence: Sequence[Evidence]) -> Status:
    """Retracted when the only voice takes it back, or an official denies what a single voice said."""
    denials = [item for item in evidence if "denial" in item.finding.tags]
    claims = [item for item in evidence if "denial" not in item.finding.tags]
    if not denials or not claims:
        return "open"
    newest = max(denials, key=lambda item: item.report.published)
    later = [item for item in claims if item.report.published > newest.report.published]
    voices = independent_sources(item.report for item in claims)
    by_itself = all(item.report.family == newest.report.family for item in claims)
    if not later and voices <= 1 and (by_itself or "official" in newest.finding.tags):
        return "retracted"
    return "open"


def _places(evidence: Sequence[Evidence]) -> tuple[Place, ...]:
    """Every place named: first the district that most findings name, and within it the most precise place.

    "South of Basra city" names the city too; where several reports agree on a district, that is where it was.
    """
    found: dict[str, Place] = {}
    votes: Counter[str] = Counter()
    for item in evidence:
        found.update({place.id: place for place in item.finding.places if place.id not in found})
        votes.update({_district(place) for place in item.finding.places if place.geo_precision < _PROVINCE})
    return tuple(
        sorted(
            found.values(),
            key=lambda place: (
                place.geo_precision == _PROVINCE,
                -votes[_district(place)],
                place.kind == "city",
                place.geo_precision,
            ),
        )
    )


def _district(place: Place) -> str:
    return place.district or place.id


def _union(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _most(first: int | None, second: int | None) -> int | None:
    numbers = [number for number in (first, second) if number is not None]
    return max(numbers) if numbers else None


def _spell(toll: Range | None) -> str:
    if toll is None:
        return "unknown"
    return str(toll.min) if toll.min == toll.max else f"{toll.min}–{toll.max}"
