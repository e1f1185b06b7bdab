"""The durable queue of deliveries: every decision is a row, written before anything is sent.

`plan` is called within the transaction that recorded a revision, so that an incident and what is to be told of it are
on disk together or not at all. The dispatcher takes rows from here with `claim` and settles them with `record_…`;
what people do from the command line (silence, acknowledge, retry) is in desk.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, and_, case, func, insert, not_, or_, select, update
from sqlalchemy.sql import ColumnElement

from alerts.cleaning import safe_link
from alerts.messages import ListMessage, Section, marked, subject_of, tidy
from alerts.policy import (
    BAGHDAD,
    Change,
    Decision,
    Pending,
    Policy,
    Silence,
    Situation,
    Told,
    decide,
    matching_silence,
)
from alerts.settings import AnyChannelSettings
from alerts.tables import acknowledgements, channel_states, deliveries, messages, notices, silences, threads
from pipelines.models import ChangeKind, Incident, Revision, Watch
from pipelines.summary import Labels, summarise

# Standard Webhooks 1.0.0, "Retry schedule": 75 h 35 min in all. One entry per attempt, counted from the one before.
SCHEDULE = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
GREYLIST = timedelta(minutes=5)  # an SMTP server that asks to try again means minutes, not seconds
LONGEST_RETRY_AFTER = timedelta(hours=24)
BREAKER_AT = 5  # failures in a row that open the circuit
BREAKER_FIRST, BREAKER_LONGEST = timedelta(seconds=60), timedelta(minutes=15)
POISON_AT = 3  # attempts that break our own code before a message is set aside

WAITING = ("held", "queued", "sending")  # not settled: a later revision must not overtake it
TOLD = ("queued", "sending", "sent")  # told, or about to be whatever happens

_INCIDENT = TypeAdapter(Incident)
_LIST = TypeAdapter(ListMessage)
_CHANGES = TypeAdapter(tuple[Change, ...])


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient on one channel: a row of the outbox. `id` is the same at every attempt."""

    id: str
    incident: str
    revision: int
    channel: str
    recipient: str
    kind: str
    change: str
    changes: tuple[Change, ...]
    state: str
    reason: str
    gather: str
    decided: datetime
    due: datetime
    attempts: int
    poison: int
    ambiguous: int
    minimal: bool
    receipt: str
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about rasid itself. `key` names the trouble, so that it is not reported again and again."""

    key: str
    text: str
    about_channel: str = ""  # never told through this one
    lines: tuple[str, ...] = ()


Plan = tuple[tuple[str, str, Decision], ...]  # channel, recipient, what was decided


# --- deciding -----------------------------------------------------------------------------------------------------


def plan(
    connection: Connection,
    revision: Revision,
    channels: Mapping[str, AnyChannelSettings],
    policy: Policy,
    watch: Watch,
    now: datetime,
    labels: Labels,
    timezone: tzinfo = BAGHDAD,
) -> Plan:
    """Decide for every recipient of every enabled channel what becomes of a revision, and write it down.

    To be called within the transaction that records the revision. A second call with the same revision changes
    nothing.
    """
    incident = revision.current
    known = _History.read(connection, incident.id)
    if not known.has_message(incident.revision):
        save_message(connection, incident.id, incident.revision, "incident", now, _dump(_INCIDENT, incident))
    if not known.subject:
        connection.execute(insert(threads).values(incident=incident.id, subject=subject_of(incident, labels)))
    in_force = silences_in_force(connection, now)
    acknowledged = connection.execute(
        select(acknowledgements.c.author).where(acknowledgements.c.incident == incident.id)
    ).scalar_one_or_none()
    decisions: list[tuple[str, str, Decision]] = []
    for name, settings in channels.items():
        if not settings.enabled:
            continue
        new_lately, flood_due = _flood(connection, name, incident.id, now - policy.flood_window)
        for recipient in settings.recipients:
            if known.has_delivery(incident.revision, name, recipient):
                continue
            situation = Situation(
                told=known.told(name, recipient, now),
                pending=known.pending(name, recipient),
                new_lately=new_lately,
                flood_due=flood_due,
                silences=in_force,
                acknowledged_by=acknowledged or "",
            )
            decision = decide(incident, settings, situation, policy, watch, now, timezone)
            if decision.replaces:
                _replace_waiting(connection, incident, name, recipient)
            _save_decision(connection, incident, name, recipient, decision, now)
            decisions.append((name, recipient, decision))
    return tuple(decisions)


def plan_notice(
    connection: Connection,
    notice: Notice,
    channels: Mapping[str, AnyChannelSettings],
    policy: Policy,
    now: datetime,
) -> int:
    """Tell the ops channels about trouble with rasid itself; returns how many deliveries were made.

    Never through the channel it is about, and not again within `notice_gap` of the last one of the same key. Without
    any ops channel left, the other channels are used: trouble must not go untold.
    """
    last = connection.execute(select(notices).where(notices.c.key == notice.key)).one_or_none()
    if last is not None and timedelta(0) <= now - last.last < policy.notice_gap:
        suppressed = update(notices).where(notices.c.key == notice.key).values(suppressed=notices.c.suppressed + 1)
        connection.execute(suppressed)
        return 0
    if last is None:
        connection.execute(insert(notices).values(key=notice.key, last=now, suppressed=0))
    else:
        connection.execute(update(notices).where(notices.c.key == notice.key).values(last=now, suppressed=0))
    text = tidy(notice.text, 300)
    if last is not None and last.suppressed:
        text += f" (and {last.suppressed} times since {last.last:%d %b %H:%M} UTC)"
    message = ListMessage(
        kind="notice",
        subject=f"rasid: {tidy(notice.text, 90)}",
        first_line=text,
        first_line_ar="إشعار من راصد عن حالته",
        sections=(Section("Details", "تفاصيل", tuple(tidy(line, 300) for line in notice.lines)),)
        if notice.lines
        else (),
        decided=now,
        footer=("rasid status",),
    )
    usable = {
        name: one
        for name, one in channels.items()
        if one.enabled and name != notice.about_channel and not is_off(connection, name)
    }
    told = {name: one for name, one in usable.items() if one.ops} or usable
    digest = hashlib.sha256(f"{notice.key}|{now.isoformat()}".encode()).hexdigest()[:16]
    return plan_list(connection, f"notice-{digest}", message, told, now)


def plan_list(
    connection: Connection,
    name: str,
    message: ListMessage,
    channels: Mapping[str, AnyChannelSettings],
    now: datetime,
) -> int:
    """Queue a message that is about no single incident, under a name of its own; returns the number of deliveries."""
    exists = select(messages.c.incident).where(messages.c.incident == name, messages.c.revision == 1)
    if connection.execute(exists).first() is not None:
        return 0
    save_message(connection, name, 1, message.kind, now, _dump(_LIST, message))
    count = 0
    for channel, settings in channels.items():
        for recipient in settings.recipients:
            row = _row(name, 1, channel, recipient, message.kind, now)
            connection.execute(insert(deliveries).values(**row, state="queued", reason="", due=now))
            count += 1
    return count


def next_due(connection: Connection) -> datetime | None:
    """When the next delivery becomes due, None if nothing waits; a channel that is off or closed is reckoned with."""
    open_from = func.coalesce(channel_states.c.closed_until, deliveries.c.due)
    due = case((open_from > deliveries.c.due, open_from), else_=deliveries.c.due)
    rows = (
        select(func.min(due, type_=deliveries.c.due.type))
        .select_from(deliveries.outerjoin(channel_states, channel_states.c.channel == deliveries.c.channel))
        .where(deliveries.c.state.in_(("held", "queued")), not_(func.coalesce(channel_states.c.off, False)))
    )
    found: datetime | None = connection.execute(rows).scalar_one_or_none()
    return found


def message_id(incident: str, revision: int, channel: str, recipient: str) -> str:
    """The id of a message to a recipient: the webhook-id, and the left side of the Message-ID. Never changes."""
    key = "\x00".join((incident, str(revision), channel, recipient))
    return "msg_" + base64.b32encode(hashlib.sha256(key.encode()).digest())[:26].decode().lower()


def save_message(connection: Connection, incident: str, revision: int, kind: str, now: datetime, document: str) -> None:
    """Keep what is told."""
    values = {"incident": incident, "revision": revision, "kind": kind, "decided": now, "document": document}
    connection.execute(insert(messages).values(**values))


def load_incident(connection: Connection, incident: str, revision: int) -> Incident:
    """The revision that a delivery tells of."""
    return _INCIDENT.validate_json(_document(connection, incident, revision))


def load_list(connection: Connection, name: str) -> ListMessage:
    """The digest, summary, notice or test that a delivery tells."""
    return _LIST.validate_json(_document(connection, name, 1))


def silences_in_force(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that hold at `now`, the oldest first."""
    rows = select(silences).where(silences.c.starts <= now, silences.c.ends > now).order_by(silences.c.id)
    return [_silence(row) for row in connection.execute(rows)]


def is_off(connection: Connection, channel: str) -> bool:
    """Whether the channel was refused for good by its receiver."""
    state = select(channel_states.c.off).where(channel_states.c.channel == channel)
    return bool(connection.execute(state).scalar_one_or_none())


# --- for the dispatcher -------------------------------------------------------------------------------------------


def recover(connection: Connection, channels: Mapping[str, AnyChannelSettings], now: datetime) -> list[Delivery]:
    """Put the outbox in order at start, and return what is newly parked.

    Leases are those of a dead program, for only one holds the store: their messages may have arrived, so they are sent
    again with the same id. Channels that were off get another chance. Rows of channels and recipients that are no
    longer configured are parked, and come back with them.
    """
    connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "sending")
        .values(state="queued", lease="", ambiguous=deliveries.c.ambiguous + 1, due=now, scheduled=now)
    )
    connection.execute(
        update(channel_states)
        .where(channel_states.c.off)
        .values(off=False, reason="", failures=0, closed_until=None, since=now)
    )
    pairs = {(name, to) for name, one in channels.items() if one.enabled for to in one.recipients}
    parked: list[Delivery] = []
    open_ = select(deliveries).where(deliveries.c.state.in_(("held", "queued", "parked")))
    for row in connection.execute(open_).all():
        configured = (row.channel, row.recipient) in pairs
        if configured and row.state == "parked":
            _set(connection, row.id, state="queued", reason="", due=now, scheduled=now)
        elif not configured and row.state != "parked":
            what = f"{row.channel} {row.recipient}".strip()
            _set(connection, row.id, state="parked", reason=f"{what} is no longer configured or enabled")
            parked.append(as_delivery(row))
    return parked


def any_due(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether it is worth taking the write lock to claim something."""
    waiting = select(deliveries.c.id).where(
        deliveries.c.channel == channel,
        deliveries.c.state.in_(("held", "queued")),
        deliveries.c.gather == "",
        _is_due(now),
    )
    return connection.execute(waiting.limit(1)).first() is not None


def claim(connection: Connection, channel: str, lease: str, now: datetime) -> Delivery | None:
    """Lease the next message that is due on a channel; None if there is none, or the channel is off or closed.

    A revision waits for the earlier ones of its incident to the same recipient. A half-open circuit lets one through.
    """
    state = connection.execute(select(channel_states).where(channel_states.c.channel == channel)).one_or_none()
    if state is not None:
        if state.off or (state.closed_until is not None and state.closed_until > now and state.since <= now):
            return None
        if state.failures >= BREAKER_AT and _on_their_way(connection, channel):
            return None
    earlier = deliveries.alias("earlier")
    overtakes = (
        select(earlier.c.id)
        .where(
            earlier.c.incident == deliveries.c.incident,
            earlier.c.channel == deliveries.c.channel,
            earlier.c.recipient == deliveries.c.recipient,
            earlier.c.revision < deliveries.c.revision,
            earlier.c.state.in_(WAITING),
        )
        .exists()
    )
    row = connection.execute(
        select(deliveries)
        .where(
            deliveries.c.channel == channel,
            deliveries.c.state.in_(("held", "queued")),
            deliveries.c.gather == "",
            _is_due(now),
            not_(overtakes),
        )
        .order_by(deliveries.c.due, deliveries.c.decided, deliveries.c.revision)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    _set(connection, row.id, state="sending", lease=lease, attempts=row.attempts + 1)
    return replace(as_delivery(row), state="sending", attempts=row.attempts + 1)


def record_sent(connection: Connection, delivery: Delivery, receipt: str, now: datetime) -> None:
    """The receiver took it. The channel works: what failed for its sake is due again."""
    _set(connection, delivery.id, state="sent", lease="", sent=now, receipt=receipt, reason="")
    state = connection.execute(select(channel_states).where(channel_states.c.channel == delivery.channel)).one_or_none()
    if state is not None and state.failures:
        values = {"failures": 0, "closed_until": None, "reason": "", "since": now}
        connection.execute(update(channel_states).where(channel_states.c.channel == delivery.channel).values(**values))
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.channel == delivery.channel,
                deliveries.c.state == "queued",
                deliveries.c.attempts > 0,
                deliveries.c.poison == 0,
                deliveries.c.reason.not_like("recipient:%"),
            )
            .values(due=now, scheduled=now)
        )


def record_retry(
    connection: Connection,
    delivery: Delivery,
    why: str,
    now: datetime,
    *,
    after: timedelta | None = None,
    ambiguous: bool = False,
    recipient_only: bool = False,
    throttled: bool = False,
    poison: bool = False,
    minimal: bool = False,
) -> bool:
    """It failed for now: set when to try again. False when its attempts are used up; it is then a dead letter."""
    spent = delivery.attempts >= len(SCHEDULE) or (poison and delivery.poison + 1 >= POISON_AT)
    if not (recipient_only or poison or minimal):
        _count_failure(connection, delivery.channel, why, now, after, throttled)
    reason = f"recipient: {why}" if recipient_only else why
    if spent:
        record_dead(connection, delivery, why if poison else f"given up after {delivery.attempts} attempts: {why}")
        return False
    wait = timedelta(0) if minimal else _wait(delivery, after, recipient_only)
    _set(
        connection,
        delivery.id,
        state="queued",
        lease="",
        reason=reason,
        due=now + wait,
        scheduled=now,
        ambiguous=delivery.ambiguous + ambiguous,
        poison=delivery.poison + poison,
        minimal=delivery.minimal or minimal,
    )
    return True


def record_dead(connection: Connection, delivery: Delivery, why: str) -> None:
    """It will never be taken as it is: kept, shown, and sent again only by `rasid deliveries retry`."""
    _set(connection, delivery.id, state="dead", lease="", reason=why)


def record_off(connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
    """The receiver takes nothing from us any more: the channel is off, and its messages wait."""
    _set(connection, delivery.id, state="queued", lease="", reason=why, due=now, scheduled=now)
    _set_channel(connection, delivery.channel, off=True, reason=why, since=now, failures=0, closed_until=None)


def release(connection: Connection, lease: str, now: datetime) -> int:
    """Give back what could not be finished, to be sent again with the same id; returns how many."""
    result = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "sending", deliveries.c.lease == lease)
        .values(
            state="queued",
            lease="",
            ambiguous=deliveries.c.ambiguous + 1,
            due=now,
            scheduled=now,
            reason="cut by a stop",
        )
    )
    return int(result.rowcount)


def put_back(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """Undo a claim of which nothing was sent."""
    _set(connection, delivery.id, state="queued", lease="", attempts=delivery.attempts - 1, due=now, scheduled=now)


def silence_waiting(connection: Connection, now: datetime) -> int:
    """Withhold what is due but silenced since it was decided; returns how many."""
    in_force = silences_in_force(connection, now)
    if not in_force:
        return 0
    count = 0
    rows = select(deliveries).where(
        deliveries.c.state == "held", deliveries.c.kind == "incident", deliveries.c.attempts == 0, _is_due(now)
    )
    for row in connection.execute(rows).all():
        if row.change == "retracted" or any(change.kind == "denial" for change in _CHANGES.validate_json(row.changes)):
            continue
        silence = matching_silence(load_incident(connection, row.incident, row.revision), in_force, now)
        if silence:
            _set(connection, row.id, state="withheld", reason=f"silence {silence.id} by {silence.author}")
            count += 1
    return count


def gather(connection: Connection, labels: Labels, now: datetime) -> int:
    """Put what waited for the end of quiet hours or of a flood into one summary per channel; returns how many."""
    rows = connection.execute(
        select(deliveries)
        .where(deliveries.c.state == "held", deliveries.c.gather != "", _is_due(now))
        .order_by(deliveries.c.decided)
    ).all()
    by_recipient: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in rows:
        by_recipient.setdefault((row.channel, row.recipient, row.gather), []).append(row)
    for (channel, recipient, why), waiting in by_recipient.items():
        if len(waiting) == 1:
            _set(connection, waiting[0].id, gather="")
            continue
        newest = [load_incident(connection, row.incident, row.revision) for row in waiting]
        ranked = sorted(newest, key=lambda one: (-one.severity.rank, one.first_seen))
        title = {"quiet": "during quiet hours", "flood": "at once (flood guard)"}[why]
        message = ListMessage(
            kind="summary",
            subject=f"rasid: {len(waiting)} incidents {title}",
            first_line=f"SUMMARY: {len(waiting)} incidents {title}, told in one message",
            first_line_ar=f"ملخص: {len(waiting)} من الحوادث في رسالة واحدة",
            sections=(
                Section(
                    "Incidents",
                    "الحوادث",
                    tuple(incident_line(one, labels) for one in ranked),
                    tuple(first_link(one) for one in ranked),
                ),
            ),
            decided=now,
            footer=("rasid incidents show ID",),
        )
        digest = hashlib.sha256("|".join(row.id for row in waiting).encode()).hexdigest()[:16]
        name = f"summary-{digest}"
        save_message(connection, name, 1, "summary", now, _dump(_LIST, message))
        summary = _row(name, 1, channel, recipient, "summary", now)
        connection.execute(insert(deliveries).values(**summary, state="queued", reason="", due=now))
        for row in waiting:
            _set(
                connection, row.id, state="withheld", gather="", reason=f"told in one summary ({why}): {summary['id']}"
            )
    return len(by_recipient)


def incident_line(incident: Incident, labels: Labels) -> str:
    """An incident in one line of a list."""
    return tidy(f"[{incident.severity.upper()}] {summarise(incident, labels)} · {incident.id}", 400)


def first_link(incident: Incident) -> str:
    """Where to read about it first."""
    return next((link for report in incident.sources if (link := safe_link(report.url))), "")


def thread_of(connection: Connection, delivery: Delivery) -> tuple[str, str, str]:
    """Subject, id and receipt of the first message of this incident that the recipient got; empty where none."""
    subject = connection.execute(
        select(threads.c.subject).where(threads.c.incident == delivery.incident)
    ).scalar_one_or_none()
    first = connection.execute(
        select(deliveries.c.id, deliveries.c.receipt)
        .where(
            deliveries.c.incident == delivery.incident,
            deliveries.c.channel == delivery.channel,
            deliveries.c.recipient == delivery.recipient,
            deliveries.c.state == "sent",
        )
        .order_by(deliveries.c.sent, deliveries.c.revision)
        .limit(1)
    ).one_or_none()
    return subject or "", first.id if first else "", first.receipt if first else ""


def as_delivery(row: Row[Any]) -> Delivery:
    """A row as the word it stands for."""
    values = {name: getattr(row, name) for name in Delivery.__dataclass_fields__ if name != "changes"}
    return Delivery(changes=_CHANGES.validate_json(row.changes), **values)


# --- helpers ------------------------------------------------------------------------------------------------------


class _History:
    """What is on record about one incident, read once for all recipients."""

    def __init__(self, connection: Connection, incident: str, rows: Sequence[Row[Any]], subject: str) -> None:
        self._connection, self._incident, self._rows, self.subject = connection, incident, rows, subject
        self._documents: dict[int, Incident] = {}

    @classmethod
    def read(cls, connection: Connection, incident: str) -> _History:
        rows = connection.execute(
            select(deliveries).where(deliveries.c.incident == incident).order_by(deliveries.c.revision)
        ).all()
        subject = connection.execute(select(threads.c.subject).where(threads.c.incident == incident))
        return cls(connection, incident, rows, subject.scalar_one_or_none() or "")

    def has_message(self, revision: int) -> bool:
        key = (messages.c.incident == self._incident, messages.c.revision == revision)
        return self._connection.execute(select(messages.c.kind).where(*key)).first() is not None

    def has_delivery(self, revision: int, channel: str, recipient: str) -> bool:
        return any(row.revision == revision for row in self._of(channel, recipient))

    def told(self, channel: str, recipient: str, now: datetime) -> Told | None:
        rows = [row for row in self._of(channel, recipient) if row.state in TOLD]
        if not rows:
            return None
        last = rows[-1]
        if last.revision not in self._documents:
            self._documents[last.revision] = load_incident(self._connection, self._incident, last.revision)
        day_ago = now - timedelta(hours=24)
        updates = sum(row.change in ("update", "corroborated") and (row.sent or row.due) > day_ago for row in rows)
        return Told(
            incident=self._documents[last.revision],
            first=rows[0].sent or rows[0].due,
            last=last.sent or last.due,
            updates=updates,
        )

    def pending(self, channel: str, recipient: str) -> Pending | None:
        held = [row for row in self._of(channel, recipient) if row.state == "held"]
        return Pending(held[-1].due, held[-1].reason, held[-1].gather) if held else None

    def _of(self, channel: str, recipient: str) -> list[Row[Any]]:
        return [row for row in self._rows if row.channel == channel and row.recipient == recipient]


def _flood(connection: Connection, channel: str, incident: str, since: datetime) -> tuple[int, datetime | None]:
    rows = connection.execute(
        select(
            func.count(func.distinct(case((deliveries.c.gather == "", deliveries.c.incident)))),
            func.min(case((deliveries.c.gather == "flood", deliveries.c.due)), type_=deliveries.c.due.type),
        ).where(
            deliveries.c.channel == channel,
            deliveries.c.kind == "incident",
            deliveries.c.change == "new",
            deliveries.c.incident != incident,
            deliveries.c.decided > since,
            deliveries.c.state.in_(("held", *TOLD)),
        )
    ).one()
    return int(rows[0]), rows[1]


def _replace_waiting(connection: Connection, incident: Incident, channel: str, recipient: str) -> None:
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.incident == incident.id,
            deliveries.c.channel == channel,
            deliveries.c.recipient == recipient,
            deliveries.c.revision < incident.revision,
            deliveries.c.state == "held",
        )
        .values(state="withheld", gather="", reason=f"coalesced into revision {incident.revision}")
    )


def _save_decision(
    connection: Connection, incident: Incident, channel: str, recipient: str, decision: Decision, now: datetime
) -> None:
    state = "withheld" if decision.action == "withhold" else "queued"
    if state == "queued" and (decision.due > now or decision.gather):
        state = "held"
    row = _row(incident.id, incident.revision, channel, recipient, "incident", now, decision.change, decision.changes)
    connection.execute(
        insert(deliveries).values(
            **{**row, "gather": decision.gather}, state=state, reason=decision.reason, due=decision.due
        )
    )


def _row(
    incident: str,
    revision: int,
    channel: str,
    recipient: str,
    kind: str,
    now: datetime,
    change: ChangeKind | str = "",
    changes: tuple[Change, ...] = (),
) -> dict[str, Any]:
    return {
        "id": message_id(incident, revision, channel, recipient),
        "incident": incident,
        "revision": revision,
        "channel": channel,
        "recipient": recipient,
        "kind": kind,
        "change": change,
        "changes": _dump(_CHANGES, changes),
        "gather": "",
        "decided": now,
        "scheduled": now,
    }


def _is_due(now: datetime) -> ColumnElement[bool]:
    # A row scheduled in the future was written before the clock was set back: waiting for it could take a year.
    return or_(deliveries.c.due <= now, deliveries.c.scheduled > now)


def _on_their_way(connection: Connection, channel: str) -> int:
    count = select(func.count()).where(and_(deliveries.c.channel == channel, deliveries.c.state == "sending"))
    return connection.execute(count).scalar_one()


def _count_failure(
    connection: Connection, channel: str, why: str, now: datetime, after: timedelta | None, throttled: bool
) -> None:
    state = connection.execute(select(channel_states).where(channel_states.c.channel == channel)).one_or_none()
    before = state.failures if state is not None else 0
    failures = before if throttled else before + 1  # who asks us to slow down is well
    closed = None
    if failures >= BREAKER_AT and not throttled:
        closed = now + min(BREAKER_FIRST * 2 ** (failures - BREAKER_AT), BREAKER_LONGEST)
    if after is not None or throttled:
        wish = now + min(after or timedelta(seconds=1), LONGEST_RETRY_AFTER)
        closed = max(closed, wish) if closed else wish
    _set_channel(connection, channel, off=False, reason=why, since=now, failures=failures, closed_until=closed)


def _wait(delivery: Delivery, after: timedelta | None, recipient_only: bool) -> timedelta:
    scheduled = SCHEDULE[min(delivery.attempts, len(SCHEDULE) - 1)]
    if recipient_only:
        scheduled = max(scheduled, GREYLIST)
    # Up to a tenth more, the same for the same attempt of the same message, so that many do not come back at once.
    seed = hashlib.sha256(f"{delivery.id}|{delivery.attempts}".encode()).digest()[0] / 255
    return max(scheduled * (1 + seed / 10), min(after or timedelta(0), LONGEST_RETRY_AFTER))


def _set(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == id).values(**values))


def _set_channel(connection: Connection, channel: str, **values: Any) -> None:
    changed = connection.execute(update(channel_states).where(channel_states.c.channel == channel).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(channel_states).values(channel=channel, **values))


def _document(connection: Connection, incident: str, revision: int) -> str:
    key = (messages.c.incident == incident, messages.c.revision == revision)
    return str(connection.execute(select(messages.c.document).where(*key)).scalar_one())


def _silence(row: Row[Any]) -> Silence:
    return Silence(row.id, json.loads(row.matchers), row.starts, row.ends, row.author, row.reason)


def _dump(adapter: TypeAdapter[Any], value: object) -> str:
    # Through Python's json, because a lone surrogate from a feed must not make a revision impossible to tell.
    plain = json.dumps(adapter.dump_python(value, mode="json"), ensure_ascii=False, separators=(",", ":"))
    return plain.encode("utf-8", "replace").decode()


__all__ = [
    "Delivery",
    "Notice",
    "Plan",
    "claim",
    "marked",
    "message_id",
    "next_due",
    "plan",
    "plan_list",
    "plan_notice",
]
