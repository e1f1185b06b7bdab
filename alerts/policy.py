"""When people are told: now, after a hold, with others, or not at all. Pure: `now` and all that is known are passed in.

`decide` reads as the list of rules it is, in their order of precedence. Whatever it withholds carries its reason in
words, which the digest lists. The numbers are keys of `[policy]`; their defaults come from how Alertmanager, PagerDuty
and newsroom desks group and hold, adapted to news that nobody sends twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from alerts.settings import AnyChannelSettings, Duration, QuietHours, Strict
from pipelines.models import Certainty, ChangeKind, Incident, Severity, Watch
from pipelines.summary import span

BAGHDAD = ZoneInfo("Asia/Baghdad")

SILENCE_KEYS = ("incident", "group", "governorate", "district", "place", "event_type", "severity", "source")

Action = Literal["send", "withhold"]
Gather = Literal["", "quiet", "flood"]


def _parse_time(value: object) -> object:
    if isinstance(value, str):
        try:
            return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007  (a time of day has no zone of its own)
        except ValueError:
            raise ValueError('must be a time of day such as "07:00"') from None
    return value


class Policy(Strict):
    """`[policy]`: every number that decides when people are told."""

    hold: Duration = timedelta(minutes=15)  # for a second source: at most medium, and from one weak source
    after_hold: Literal["send", "digest"] = "send"  # what becomes of it when none came
    group_wait: Duration = timedelta(seconds=30)  # several outlets report at once; a new incident waits for them
    group_wait_critical: Duration = timedelta(0)
    update_gap: Duration = timedelta(minutes=10)  # between two messages on one incident
    update_gap_critical: Duration = timedelta(minutes=2)
    max_updates: int = Field(default=6, ge=0)  # per incident, recipient and 24 hours; the rest goes to the digest
    corroborate_at: tuple[int, ...] = (2, 5)  # independent sources at which their number alone is worth a message
    flood_limit: int = Field(default=10, ge=1)  # new incidents per channel and `flood_window`; more come in one summary
    flood_window: Duration = timedelta(hours=1)
    flood_wait: Duration = timedelta(minutes=15)  # until that summary
    fresh: Duration = timedelta(hours=24)  # an older report never alerts
    old_event: Duration = timedelta(days=7)  # nor does a fresh report of an older event
    delayed_after: Duration = timedelta(hours=6)  # a message this late says so
    closed_after: Duration = timedelta(hours=48)  # an incident without news for so long is over
    digest_at: Annotated[time, BeforeValidator(_parse_time)] = time(7, 0)  # local time
    notice_gap: Duration = timedelta(hours=6)  # between two notices of the same trouble

    @field_validator("corroborate_at")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(one < 2 for one in value) or list(value) != sorted(set(value)):
            raise ValueError("must be ascending numbers of sources from 2 up, such as [2, 5]")
        return value


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs from what the recipient was told last; `before` and `after` as they are shown."""

    kind: str  # severity, certainty, killed, injured, group, place, precision, official, denial, retracted, sources
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a recipient was told last of an incident, and when."""

    incident: Incident
    first: datetime
    last: datetime
    updates: int = 0  # in the last 24 hours


@dataclass(frozen=True, slots=True)
class Pending:
    """A message decided on earlier that waits; the new one takes its place and does not wait longer."""

    due: datetime
    reason: str
    gather: Gather = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody asked for quiet about something until a time. `matchers` must all fit: field → value."""

    id: int
    matchers: Mapping[str, str]
    starts: datetime
    ends: datetime
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that matters beside the incident itself, for one recipient of one channel."""

    told: Told | None = None
    pending: Pending | None = None
    new_lately: int = 0  # other incidents first told on this channel within `flood_window`
    flood_due: datetime | None = None  # of the summary that others already wait for
    silences: Sequence[Silence] = ()
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Send at `due` (a hold if that is later than now), or withhold; with the reason in words."""

    action: Action
    due: datetime
    reason: str = ""
    gather: Gather = ""
    change: ChangeKind = "new"
    changes: tuple[Change, ...] = field(default=())
    replaces: bool = True  # what waits on this incident is no longer to be told by itself


def decide(
    incident: Incident,
    channel: AnyChannelSettings,
    situation: Situation,
    policy: Policy,
    watch: Watch,
    now: datetime,
    timezone: tzinfo = BAGHDAD,
) -> Decision:
    """Whether and when one recipient is told of one revision. `now` is aware; nothing else is read."""
    told = situation.told
    changes = material_changes(told.incident, incident, policy) if told else ()

    def withhold(reason: str, *, replaces: bool = False) -> Decision:
        return Decision("withhold", now, reason, change=incident.change, changes=changes, replaces=replaces)

    # Who was told must hear that it is denied or withdrawn, whatever else has been set since.
    if told and any(change.kind in ("retracted", "denial") for change in changes):
        change: ChangeKind = "retracted" if incident.status == "retracted" else "update"
        due, why, _ = _after_quiet_hours(incident, channel, now, timezone, woken_before=told.last)
        return Decision("send", due, why, change=change, changes=changes)
    if incident.status == "retracted":
        if told:
            return withhold("the retraction was already told", replaces=True)
        return withhold("retracted before anything was told", replaces=True)

    if reason := _off_topic(incident, channel, watch):
        return withhold(reason)
    if not told and incident.severity.rank < channel.min_severity.rank:
        return withhold(f"severity {incident.severity} is below this channel's min_severity {channel.min_severity}")
    if incident.status == "closed":
        return withhold("the incident is closed")
    if incident.published is None:
        return withhold("a report of unknown age")
    if now - incident.published > policy.fresh:
        return withhold(f"old news: published {_spell(now - incident.published)} ago")
    if incident.event_date and _days_ago(incident.event_date, now, timezone) > policy.old_event.days:
        return withhold(f"an old event, of {incident.event_date.isoformat()}")
    if incident.findings and all(finding.verdict != "alert" for finding in incident.findings):
        return withhold("in doubt: for the digest only")
    if silence := matching_silence(incident, situation.silences, now):
        return withhold(f"silence {silence.id} by {silence.author} until {_local(silence.ends, timezone)}")

    if told is None:
        return _decide_new(
            incident,
            channel,
            situation,
            policy,
            now,
            timezone,
            withhold("one weak source: in the digest until a second comes"),
        )

    if not changes:
        return withhold("nothing material changed", replaces=True)
    corroborated = {change.kind for change in changes} <= {"sources", "certainty"} and any(
        change.kind == "sources" for change in changes
    )
    if corroborated and situation.acknowledged_by:
        return withhold(f"only corroborated, and acknowledged by {situation.acknowledged_by}")
    if told.updates >= policy.max_updates:
        return withhold(f"more than {policy.max_updates} updates in 24 hours")
    gap = policy.update_gap_critical if incident.severity is Severity.CRITICAL else policy.update_gap
    due = max(now, told.last + gap)
    quiet_due, why, gather = _after_quiet_hours(incident, channel, due, timezone)
    if quiet_due > due:
        due = quiet_due
    elif due > now:
        why = "held for the minimum gap between updates"
    return Decision("send", due, why, gather, "corroborated" if corroborated else "update", changes)


def material_changes(before: Incident, after: Incident, policy: Policy) -> tuple[Change, ...]:
    """What is worth a message: never a mere rewording, a further copy, or a further link."""
    changes: list[Change] = []
    if after.status == "retracted" and before.status != "retracted":
        changes.append(Change("retracted"))
    for kind, tag in (("denial", "denial"), ("official", "official")):
        new = _speakers(after, tag) - _speakers(before, tag)
        if new and not _speakers(before, tag):
            changes.append(Change(kind, "", ", ".join(sorted(new))))
    for kind, was, toll in (
        ("killed", before.killed, after.killed),
        ("injured", before.injured, after.injured),
    ):
        if toll is not None and toll != was:
            changes.append(Change(kind, span(was) if was else "", span(toll)))
    if after.severity.rank > before.severity.rank:
        changes.append(Change("severity", before.severity, after.severity))
    if after.certainty.rank > before.certainty.rank:
        changes.append(Change("certainty", before.certainty, after.certainty))
    if new_groups := set(after.groups) - set(before.groups):
        changes += [Change("group", "", group) for group in after.groups if group in new_groups]
    known = {*before.governorates, *before.districts}
    changes += [Change("place", "", one) for one in (*after.governorates, *after.districts) if one not in known]
    crossed = [n for n in policy.corroborate_at if before.independent_sources < n <= after.independent_sources]
    if crossed:
        changes.append(Change("sources", str(before.independent_sources), str(after.independent_sources)))
    return tuple(changes)


def matching_silence(incident: Incident, silences: Sequence[Silence], now: datetime) -> Silence | None:
    """The first silence in force whose matchers (of SILENCE_KEYS) all fit."""
    has = {
        "incident": {incident.id},
        "group": set(incident.groups),
        "governorate": set(incident.governorates),
        "district": set(incident.districts),
        "place": {place.id for place in incident.places},
        "event_type": {incident.event_type.value},
        "severity": {incident.severity.value},
        "source": {report.source for report in incident.sources},
    }
    for silence in silences:
        in_force = silence.starts <= now < silence.ends
        if in_force and all(value in has.get(key, ()) for key, value in silence.matchers.items()):
            return silence
    return None


def next_digest(after: datetime, policy: Policy, timezone: tzinfo = BAGHDAD) -> datetime:
    """The first `digest_at` later than `after` (aware); in UTC terms it moves with the zone's rules."""
    local = after.astimezone(timezone)
    due = datetime.combine(local.date(), policy.digest_at, tzinfo=timezone)
    if due <= local:
        due = datetime.combine(local.date() + timedelta(days=1), policy.digest_at, tzinfo=timezone)
    return due.astimezone(after.tzinfo)


def in_quiet_hours(quiet: QuietHours, now: datetime, timezone: tzinfo = BAGHDAD) -> bool:
    """Whether the local time of day lies in the span, its start included and its end not."""
    clock = now.astimezone(timezone).time()
    if quiet.start < quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def end_of_quiet_hours(quiet: QuietHours, now: datetime, timezone: tzinfo = BAGHDAD) -> datetime:
    """When the quiet hours that `now` lies in are over."""
    local = now.astimezone(timezone)
    end = datetime.combine(local.date(), quiet.end, tzinfo=timezone)
    if end <= local:
        end = datetime.combine(local.date() + timedelta(days=1), quiet.end, tzinfo=timezone)
    return end.astimezone(now.tzinfo)


def is_unconfirmed(incident: Incident) -> bool:
    """Whether a message must say UNCONFIRMED first."""
    return incident.certainty.rank <= Certainty.POSSIBLE.rank


def _decide_new(
    incident: Incident,
    channel: AnyChannelSettings,
    situation: Situation,
    policy: Policy,
    now: datetime,
    timezone: tzinfo,
    unheard: Decision,
) -> Decision:
    critical = incident.severity is Severity.CRITICAL
    doubtful = incident.severity.rank <= Severity.MEDIUM.rank and is_unconfirmed(incident)
    waits = policy.hold if doubtful else policy.group_wait_critical if critical else policy.group_wait
    why = ("held for a second source" if doubtful else "waiting for other outlets") if waits else ""
    due = now + waits
    if situation.pending and not situation.pending.gather:
        due = max(now, min(due, situation.pending.due))
    if doubtful and policy.after_hold == "digest":
        return unheard
    if situation.new_lately >= policy.flood_limit:
        flood_due = situation.flood_due or now + policy.flood_wait
        reason = f"flood guard: more than {policy.flood_limit} new incidents in {_spell(policy.flood_window)}"
        return Decision("send", max(now, flood_due), reason, "flood")
    quiet_due, quiet_why, gather = _after_quiet_hours(incident, channel, due, timezone)
    if quiet_due > due:
        return Decision("send", quiet_due, quiet_why, gather)
    return Decision("send", due, why if due > now else "")


def _after_quiet_hours(
    incident: Incident,
    channel: AnyChannelSettings,
    due: datetime,
    timezone: tzinfo,
    woken_before: datetime | None = None,
) -> tuple[datetime, str, Gather]:
    quiet = channel.quiet_hours
    if quiet is None or incident.severity is Severity.CRITICAL or not in_quiet_hours(quiet, due, timezone):
        return due, "", ""
    if woken_before and in_quiet_hours(quiet, woken_before, timezone):
        return due, "", ""  # a wrong alarm that woke somebody is taken back at once
    return end_of_quiet_hours(quiet, due, timezone), f"quiet hours {quiet}", "quiet"


def _off_topic(incident: Incident, channel: AnyChannelSettings, watch: Watch) -> str:
    for wanted, has, what in (
        (watch.groups, incident.groups, "the watched groups"),
        (watch.governorates, incident.governorates, "the watched governorates"),
        (channel.groups, incident.groups, "this channel's groups"),
        (channel.governorates, incident.governorates, "this channel's governorates"),
    ):
        # An incident that names none may be anybody's: better told than missed.
        if wanted and has and not set(wanted) & set(has):
            return f"none of {what}"
    return ""


def _speakers(incident: Incident, tag: str) -> set[str]:
    return {report.name for report in incident.sources if tag in report.tags}


def _days_ago(day: date, now: datetime, timezone: tzinfo) -> int:
    return (now.astimezone(timezone).date() - day).days


def _local(moment: datetime, timezone: tzinfo) -> str:
    return moment.astimezone(timezone).strftime("%d %b %H:%M")


def _spell(span_: timedelta) -> str:
    minutes = int(span_.total_seconds() // 60)
    if minutes >= 2 * 1440:
        return f"{minutes // 1440} days"
    if minutes >= 120:
        return f"{minutes // 60} hours"
    return "1 hour" if minutes == 60 else f"{minutes} minutes"
