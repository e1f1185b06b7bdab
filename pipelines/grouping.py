"""Which findings are one event: pure functions over findings and sketches of incidents.

Two findings of one event share the governorate, have groups that overlap (or one side names none), event types of
families that go together, and event days near each other. Places and tolls support or veto. Wording decides nothing:
in a domain of two groups and two provinces every headline shares the same words.

The dates compared are those of the *event*; the day of publication stands in only when the text gives none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pipelines.models import EventType, Finding, Incident, Place, SourceReport

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
_RELATED = 45  # days back in which an incident of the same groups is named as what this one may follow from
_FEUD = 3  # days over which fighting of the same two groups is one event
_BEFORE = 4  # days that what a known incident answers may lie before it, when it is reported only later


def _reach_of(family: str) -> tuple[int, int]:
    """The most days that an incident may lie before, and after, a finding of this family."""
    gaps = [span for (first, second), span in _DAYS.items() if second == family]
    gaps += [(-min(high, _BEFORE), -low) for (first, second), (low, high) in _DAYS.items() if first == family]
    return max(high for _, high in gaps), max(-low for low, _ in gaps)


_REACH = {family: _reach_of(family) for family in set(FAMILIES.values())}


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
