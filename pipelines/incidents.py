"""Which findings are one event, and what is known of an event: pure functions over findings and incidents.

Two findings of one event share the governorate, have groups that overlap (or one side names none), event types of
families that go together, and event days near each other. Places and tolls support or veto. Wording decides nothing:
in a domain of two groups and two provinces every headline shares the same words.

The dates compared are those of the *event*; the day of publication stands in only when the text gives none.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.models import (
    Certainty,
    ChangeKind,
    EventType,
    Finding,
    Incident,
    Place,
    Range,
    Severity,
    SourceReport,
    Status,
)
from pipelines.summary import Labels, summarise

IRAQ = ZoneInfo("Asia/Baghdad")

VIOLENCE, DISPLAY, PROTEST, ORDER, ARREST, THREAT = "violence", "display", "protest", "order", "arrest", "threat"

FAMILIES: dict[EventType, str] = {
    EventType.ARMED_CLASH: VIOLENCE,
    EventType.ASSASSINATION: VIOLENCE,
    EventType.ASSASSINATION_ATTEMPT: VIOLENCE,
    EventType.SHOOTING: VIOLENCE,
    EventType.ATTACK_ON_OFFICE: VIOLENCE,
    EventType.BOMBING: VIOLENCE,
    EventType.ABDUCTION: VIOLENCE,
    EventType.SHOW_OF_FORCE: DISPLAY,
    EventType.DEPLOYMENT: DISPLAY,
    EventType.PROTEST: PROTEST,
    EventType.ORDER_OR_STATEMENT: ORDER,
    EventType.POLITICAL: ORDER,
    EventType.OTHER: ORDER,
    EventType.NONE: ORDER,
    EventType.ARREST: ARREST,
    EventType.THREAT: THREAT,
}

# How many days may lie between two findings of one event, (earliest, latest) of the second family after the first.
# An order, an arrest or a statement follows what it answers; fighting and parades are of one night and its morning.
_DAYS: dict[tuple[str, str], tuple[int, int]] = {
    (VIOLENCE, VIOLENCE): (-1, 1),
    (DISPLAY, DISPLAY): (-1, 1),
    (PROTEST, PROTEST): (-1, 1),
    (ORDER, ORDER): (-4, 4),
    (ARREST, ARREST): (-2, 2),
    (THREAT, THREAT): (-1, 1),
    (VIOLENCE, DISPLAY): (-1, 1),
    (VIOLENCE, PROTEST): (-1, 1),
    (VIOLENCE, ORDER): (0, 7),
    (VIOLENCE, ARREST): (0, 7),
    (VIOLENCE, THREAT): (-1, 1),
    (DISPLAY, ORDER): (0, 2),
    (DISPLAY, THREAT): (-1, 1),
    (PROTEST, ORDER): (0, 10),
    (PROTEST, DISPLAY): (-1, 1),
    (ARREST, PROTEST): (0, 2),
}


_LATE = 4  # days an undated report may lag behind the event it tells
_REPOST = 45  # days after which the same event with the same toll is still the same when retold without a date
_PROVINCE = 3  # geo_precision of what says no more than the governorate
_RELATED = 45  # days back in which an incident of the same groups is named as what this one may follow from
_FEUD = 3  # days over which fighting of the same two groups is one event
_BEFORE = 4  # days that what a known incident answers may lie before it, when it is reported only later


def _reach_of(family: str) -> tuple[int, int]:
    """The most days that an incident may lie before, and after, a finding of this family."""
    gaps = [span for (first, second), span in _DAYS.items() if second == family]
    gaps += [(-min(high, _BEFORE), -low) for (first, second), (low, high) in _DAYS.items() if first == family]
    return max(high for _, high in gaps), max(-low for low, _ in gaps)


_REACH = {family: _reach_of(family) for family in set(FAMILIES.values())}

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


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding together with who reported it."""

    finding: Finding
    report: SourceReport

    @property
    def day(self) -> date:
        """The event's day in Iraq, else the day of publication."""
        return self.finding.event_date or self.report.published.astimezone(IRAQ).date()

    @property
    def dated(self) -> bool:
        """True if the text itself says on which day it happened."""
        return self.finding.event_date is not None and self.finding.time_precision == 1

    @property
    def retold(self) -> bool:
        """True for an older story of unknown day, told as background: its day is not that of the report."""
        return self.finding.event_date is None and "background" in self.finding.tags


@dataclass(frozen=True, slots=True)
class Sketch:
    """The little of an incident that a new finding is compared with."""

    incident: str
    day: date
    governorates: tuple[str, ...]
    groups: tuple[str, ...]
    families: tuple[str, ...]
    event_type: EventType
    districts: tuple[str, ...]
    places: tuple[str, ...]
    killed: int | None
    retold: bool = False  # nothing but older stories of unknown day
    reports: int = 1


def reach(evidence: Evidence) -> tuple[date, date]:
    """The first and last event day of incidents that this finding could belong to: what the archive must look up."""
    back, ahead = _REACH[FAMILIES[evidence.finding.event_type]]
    late = _FEUD if evidence.dated else _LATE
    return evidence.day - timedelta(days=max(back, late)), evidence.day + timedelta(days=ahead)


def reach_of_reposts(evidence: Evidence) -> tuple[date, date] | None:
    """The days further back in which the same event may lie, retold without a date; None if this is no such report."""
    if evidence.dated or not evidence.finding.killed:
        return None
    return evidence.day - timedelta(days=_REPOST), evidence.day


def reach_of_related(evidence: Evidence) -> tuple[date, date] | None:
    """The days in which an incident may lie that this finding follows from; None if it is of no such kind."""
    if FAMILIES[evidence.finding.event_type] not in (ORDER, ARREST, PROTEST):
        return None
    return evidence.day - timedelta(days=_RELATED), evidence.day


def choose(evidence: Evidence, sketches: Iterable[Sketch]) -> Sketch | None:
    """The incident this finding belongs to, or None if it is a new one."""
    fits = [(likeness, sketch) for sketch in sketches if (likeness := _likeness(evidence, sketch)) is not None]
    return max(fits, key=lambda fit: (fit[0], fit[1].incident), default=(0, None))[1]


def follows(evidence: Evidence, sketches: Iterable[Sketch]) -> tuple[str, ...]:
    """Ids of the incidents a new one may follow from: same groups and governorate in the weeks before."""
    near = [
        sketch
        for sketch in sketches
        if 0 <= (evidence.day - sketch.day).days <= _RELATED
        and set(sketch.groups) & set(evidence.finding.groups)
        and set(sketch.governorates) & set(evidence.finding.governorates)
    ]
    return tuple(sketch.incident for sketch in sorted(near, key=lambda s: s.day, reverse=True)[:1])


def _likeness(evidence: Evidence, sketch: Sketch) -> float | None:
    """How well a finding fits an incident, None if it cannot belong to it."""
    finding = evidence.finding
    shared_groups = set(finding.groups) & set(sketch.groups)
    if not set(finding.governorates) & set(sketch.governorates):
        return None
    if finding.groups and sketch.groups and not shared_groups:
        return None
    if evidence.retold != sketch.retold:
        return None
    if FAMILIES[finding.event_type] not in sketch.families and not set(finding.governorates) <= set(
        sketch.governorates
    ):
        return None  # an order for both provinces is more than the sequel of what happened in one
    shared_places = set(_spots(finding.places)) & set(sketch.places)
    if _elsewhere(finding, sketch) and not shared_places:
        return None
    gap = (evidence.day - sketch.day).days
    if not _near(evidence, sketch, gap):
        return None
    return (
        2.0 * len(shared_groups)
        + 2.0 * len(shared_places)
        + 1.0 * (finding.event_type == sketch.event_type)
        + 1.0 * (FAMILIES[finding.event_type] in sketch.families)
        + 1.0 * (finding.killed is not None and finding.killed == sketch.killed)
        + 0.5 * min(math.log2(sketch.reports), 4.0)
        - 1.0 * abs(gap)
    )


def _near(evidence: Evidence, sketch: Sketch, gap: int) -> bool:
    family = FAMILIES[evidence.finding.event_type]
    for other in sketch.families:
        if (other, family) in _DAYS:
            earliest, latest = _DAYS[(other, family)]
        elif (family, other) in _DAYS:
            low, high = _DAYS[(family, other)]
            earliest, latest = -min(high, _BEFORE), -low
        else:
            continue
        if not evidence.dated and family == other:
            latest = max(latest, _LATE)
        if family == other == VIOLENCE and _is_feud(evidence.finding.groups, sketch.groups):
            latest = max(latest, _FEUD)
        if earliest <= gap <= latest:
            return True
    retold = (
        not evidence.dated
        and family in sketch.families
        and bool(evidence.finding.killed)
        and evidence.finding.killed == sketch.killed
        and set(evidence.finding.groups) == set(sketch.groups)
    )
    return retold and 0 <= gap <= _REPOST


def _is_feud(one: Sequence[str], other: Sequence[str]) -> bool:
    """Both name the same two groups: they fight over several nights, and each report dates it by its own."""
    return len(one) > 1 and set(one) == set(other)


def _elsewhere(finding: Finding, sketch: Sketch) -> bool:
    """Both name districts and share none: two events, unless both groups fight, which spreads over a city."""
    if not finding.districts or not sketch.districts or set(finding.districts) & set(sketch.districts):
        return False
    return not _is_feud(finding.groups, sketch.groups)


def _spots(places: Sequence[Place]) -> tuple[str, ...]:
    return tuple(place.id for place in places if place.geo_precision == 1 and place.kind != "city")


def sketch_of(incident: Incident) -> Sketch:
    """What later findings are compared with."""
    types = {finding.event_type for finding in incident.findings} | {incident.event_type}
    return Sketch(
        incident=incident.id,
        day=incident.event_date or min(report.published for report in incident.sources).astimezone(IRAQ).date(),
        governorates=incident.governorates,
        groups=incident.groups,
        families=tuple(sorted({FAMILIES[event_type] for event_type in types})),
        event_type=incident.event_type,
        districts=incident.districts,
        places=_spots(incident.places),
        killed=incident.killed.max if incident.killed else None,
        reports=len(incident.sources),
        retold=all(finding.event_date is None and "background" in finding.tags for finding in incident.findings),
    )


# --- what is known of an incident ---------------------------------------------------------------------------------


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


def utc_day(day: date) -> datetime:
    """Midnight in Iraq of a calendar day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=IRAQ).astimezone(UTC)
