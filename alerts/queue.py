"""The rows of the outbox and their way: queued or held, leased, sent or tried again, set aside.

The dispatcher takes rows with `claim` and settles them with `record_…`, each call within a transaction of its caller.
What is told and when is decided in outbox.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    insert,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.sql import ColumnElement

from alerts.messages import ListMessage
from alerts.policy import Change, Silence
from alerts.settings import AnyChannelSettings
from alerts.tables import acknowledgements, channel_states, deliveries, messages, silences, threads
from pipelines.models import ChangeKind, Incident

# Standard Webhooks 1.0.0, "Retry schedule": 75 h 35 min in all. One entry per attempt, counted from the one before.
SCHEDULE = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
GREYLIST = timedelta(minutes=5)  # an SMTP server that asks to try again means minutes, not seconds
LONGEST_RETRY_AFTER = timedelta(hours=24)
BREAKER_AT = 5  # failures in a row that open the circuit
BREAKER_FIRST, BREAKER_LONGEST = timedelta(seconds=60), timedelta(minutes=15)
POISON_AT = 3  # attempts that break our own code before a message is set aside
EXPIRY = timedelta(days=4)  # after the decision; longer than SCHEDULE, so that each message gets all its attempts

WAITING = ("held", "queued", "sending")  # not settled: a later revision must not overtake it
TOLD = ("queued", "sending", "sent")  # told, or about to be whatever happens

INCIDENT = TypeAdapter(Incident)
LIST = TypeAdapter(ListMessage)
CHANGES = TypeAdapter(tuple[Change, ...])


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


def recover(connection: Connection, channels: Mapping[str, AnyChannelSettings], now: datetime) -> list[Delivery]:
    """Put the outbox in order at start, and return what is newly parked.

    Leases are those of a dead program, for only one holds the store: their messages may have arrived, so they are sent
    again with the same id. Channels that were off or dead get another chance. Rows of channels and recipients that are
    no longer configured are parked, and come back with them.
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
    connection.execute(  # one failure more opens the circuit again
        update(channel_states).where(channel_states.c.failures >= BREAKER_AT).values(failures=BREAKER_AT - 1)
    )
    pairs = {(name, to) for name, one in channels.items() if one.enabled for to in one.recipients}
    parked: list[Delivery] = []
    open_ = select(deliveries).where(deliveries.c.state.in_(("held", "queued", "parked")))
    for row in connection.execute(open_).all():
        configured = (row.channel, row.recipient) in pairs
        if configured and row.state == "parked":
            set_row(connection, row.id, state="queued", reason="", due=now, scheduled=now)
        elif not configured and row.state != "parked":
            what = f"{row.channel} {row.recipient}".strip()
            why = f"{what} is no longer configured or enabled"
            set_row(connection, row.id, state="parked", reason=why, scheduled=now)
            parked.append(as_delivery(row))
    return parked


@dataclass(frozen=True, slots=True)
class Task:
    """A delivery that was leased, with all that its message is made of, as it stands in the store."""

    delivery: Delivery
    document: str  # the Incident, or the list message, as JSON
    subject: str  # frozen by the first message of the incident; empty but for incidents
    root: str  # id and receipt of the first message of this incident that the recipient got; empty where none
    root_receipt: str
    acknowledged_by: str


def expired(connection: Connection, now: datetime) -> list[Delivery]:
    """What has waited longer than EXPIRY for a channel that is off, dead, or gone from the configuration."""
    failing = channel_states.c.off | (channel_states.c.failures >= BREAKER_AT)
    # Not what waited while the program did not run: `recover` gives every channel another chance before this.
    rows = (
        select(deliveries, channel_states.c.off, channel_states.c.reason.label("trouble"))
        .select_from(deliveries.outerjoin(channel_states, channel_states.c.channel == deliveries.c.channel))
        .where(
            deliveries.c.decided <= now - EXPIRY,
            # Nor what somebody wants to be tried again, before it was.
            (deliveries.c.scheduled <= now - EXPIRY) | ((deliveries.c.attempts > 0) & (deliveries.c.state != "parked")),
            (deliveries.c.state == "parked") | (deliveries.c.state.in_(("held", "queued")) & is_due(now) & failing),
        )
    )
    found = []
    for row in connection.execute(rows):
        why = row.reason
        if row.state != "parked":
            why = f"the channel {row.channel} is off: {row.trouble}" if row.off else row.trouble
        found.append(replace(as_delivery(row), reason=f"given up after {EXPIRY.days} days: {why}"))
    return found


def any_due(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether it is worth taking the write lock to claim something."""
    if not _is_open(connection, channel, now):
        return False
    return connection.execute(_CLAIMABLE, {"channel": channel, "now": now}).first() is not None


def claim(connection: Connection, channel: str, lease: str, now: datetime) -> Task | None:
    """Lease the next message that is due on a channel; None if there is none, or the channel is off or closed.

    A revision waits for the earlier ones of its incident to the same recipient. A half-open circuit lets one through.
    """
    if not _is_open(connection, channel, now):
        return None
    row = connection.execute(_CLAIMABLE, {"channel": channel, "now": now}).one_or_none()
    if row is None:
        return None
    set_row(connection, row.id, state="sending", lease=lease, attempts=row.attempts + 1)
    about = connection.execute(
        _ABOUT,
        {
            "incident": row.incident,
            "revision": row.revision,
            "channel": row.channel,
            "recipient": row.recipient,
        },
    ).one()
    return Task(
        delivery=replace(as_delivery(row), state="sending", attempts=row.attempts + 1),
        document=about.document,
        subject=about.subject or "",
        root=about.root or "",
        root_receipt=about.root_receipt or "",
        acknowledged_by=about.acknowledged_by or "",
    )


def record_sent(connection: Connection, delivery: Delivery, receipt: str, now: datetime) -> None:
    """The receiver took it. The channel works: what failed for its sake is due again."""
    set_row(connection, delivery.id, state="sent", lease="", sent=now, receipt=receipt, reason="")
    state = connection.execute(_CHANNEL_STATE, {"channel": delivery.channel}).one_or_none()
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
    set_row(
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
    set_row(connection, delivery.id, state="dead", lease="", reason=why)


def record_off(connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
    """The receiver takes nothing from us any more: the channel is off, and its messages wait."""
    set_row(connection, delivery.id, state="queued", lease="", reason=why, due=now, scheduled=now)
    _set_channel(connection, delivery.channel, off=True, reason=why, since=now, failures=0, closed_until=None)


def is_leased(connection: Connection, id: str, lease: str) -> bool:
    """Whether a delivery is still being sent under this lease, and was not given back or taken over."""
    held = select(deliveries.c.id).where(
        deliveries.c.id == id, deliveries.c.state == "sending", deliveries.c.lease == lease
    )
    return connection.execute(held).first() is not None


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
    set_row(connection, delivery.id, state="queued", lease="", attempts=delivery.attempts - 1, due=now, scheduled=now)


# --- rows and documents ------------------------------------------------------------------------------------------


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
    save_message(connection, name, 1, message.kind, now, dump(LIST, message))
    count = 0
    for channel, settings in channels.items():
        for recipient in settings.recipients:
            row = delivery_row(name, 1, channel, recipient, message.kind, now)
            connection.execute(insert(deliveries).values(**row, state="queued", reason="", due=now))
            count += 1
    return count


def message_id(incident: str, revision: int, channel: str, recipient: str) -> str:
    """The id of a message to a recipient: the webhook-id, and the left side of the Message-ID. Never changes."""
    key = "\x00".join((incident, str(revision), channel, recipient))
    return "msg_" + base64.b32encode(hashlib.sha256(key.encode()).digest())[:26].decode().lower()


def delivery_row(
    incident: str,
    revision: int,
    channel: str,
    recipient: str,
    kind: str,
    now: datetime,
    change: ChangeKind | str = "",
    changes: tuple[Change, ...] = (),
) -> dict[str, Any]:
    """The values of a new row but for its state, reason and due time."""
    return {
        "id": message_id(incident, revision, channel, recipient),
        "incident": incident,
        "revision": revision,
        "channel": channel,
        "recipient": recipient,
        "kind": kind,
        "change": change,
        "changes": dump(CHANGES, changes),
        "gather": "",
        "decided": now,
        "scheduled": now,
    }


def as_delivery(row: Row[Any]) -> Delivery:
    """A row as the word it stands for."""
    values = {name: getattr(row, name) for name in Delivery.__dataclass_fields__ if name != "changes"}
    return Delivery(changes=CHANGES.validate_json(row.changes), **values)


def is_due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition that a waiting row may be sent at `now`."""
    # A row scheduled in the future was written before the clock was set back: waiting for it could take a year.
    return or_(deliveries.c.due <= now, deliveries.c.scheduled > now)


def in_turn() -> ColumnElement[bool]:
    """The condition that no earlier revision of the incident still waits for the same recipient."""
    earlier = deliveries.alias("earlier")
    return not_(
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


def set_row(connection: Connection, id: str, **values: Any) -> None:
    """Change columns of one row."""
    connection.execute(_SET_ROW, {"row": id, **values})


def save_message(connection: Connection, incident: str, revision: int, kind: str, now: datetime, document: str) -> None:
    """Keep what is told."""
    values = {"incident": incident, "revision": revision, "kind": kind, "decided": now, "document": document}
    connection.execute(insert(messages).values(**values))


def load_incident(connection: Connection, incident: str, revision: int) -> Incident:
    """The revision that a delivery tells of."""
    of = {"incident": incident, "revision": revision}
    return INCIDENT.validate_json(connection.execute(_DOCUMENT, of).scalar_one())


def failures_in_a_row(connection: Connection, channel: str) -> int:
    """How often the channel has failed since it last worked."""
    state = connection.execute(_CHANNEL_STATE, {"channel": channel}).one_or_none()
    return int(state.failures) if state is not None else 0


def silences_in_force(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that hold at `now`, the oldest first."""
    rows = select(silences).where(silences.c.starts <= now, silences.c.ends > now).order_by(silences.c.id)
    return [as_silence(row) for row in connection.execute(rows)]


def as_silence(row: Row[Any]) -> Silence:
    """A row as the word it stands for."""
    return Silence(row.id, json.loads(row.matchers), row.starts, row.ends, row.author, row.reason)


def is_off(connection: Connection, channel: str) -> bool:
    """Whether the channel was refused for good by its receiver."""
    state = select(channel_states.c.off).where(channel_states.c.channel == channel)
    return bool(connection.execute(state).scalar_one_or_none())


def dump(adapter: TypeAdapter[Any], value: object) -> str:
    """A dataclass as JSON; what cannot be encoded (a lone surrogate) becomes `?`."""
    # Through Python's json, because a lone surrogate from a feed must not make a revision impossible to tell.
    plain = json.dumps(adapter.dump_python(value, mode="json"), ensure_ascii=False, separators=(",", ":"))
    return plain.encode("utf-8", "replace").decode()


# Built once, because each is run for every message: SQLAlchemy takes longer to build one than SQLite to run it.
_SET_ROW = update(deliveries).where(deliveries.c.id == bindparam("row"))
_CHANNEL_STATE = select(channel_states).where(channel_states.c.channel == bindparam("channel"))
_DOCUMENT = select(messages.c.document).where(
    messages.c.incident == bindparam("incident"), messages.c.revision == bindparam("revision")
)
_FIRST_SENT = (
    select(deliveries.c.id, deliveries.c.receipt)
    .where(
        deliveries.c.incident == bindparam("incident"),
        deliveries.c.channel == bindparam("channel"),
        deliveries.c.recipient == bindparam("recipient"),
        deliveries.c.state == "sent",
    )
    .order_by(deliveries.c.sent, deliveries.c.revision)
    .limit(1)
    .subquery()
)
_ABOUT = (
    select(
        messages.c.document,
        threads.c.subject,
        _FIRST_SENT.c.id.label("root"),
        _FIRST_SENT.c.receipt.label("root_receipt"),
        acknowledgements.c.author.label("acknowledged_by"),
    )
    .select_from(
        messages.outerjoin(threads, threads.c.incident == messages.c.incident)
        .outerjoin(acknowledgements, acknowledgements.c.incident == messages.c.incident)
        .outerjoin(_FIRST_SENT, true())
    )
    .where(messages.c.incident == bindparam("incident"), messages.c.revision == bindparam("revision"))
)


def _first_due(state: str) -> Select[Any]:
    due = select(deliveries).where(
        deliveries.c.channel == bindparam("channel"),
        deliveries.c.state == state,
        deliveries.c.gather == "",
        is_due(bindparam("now", type_=deliveries.c.due.type)),
        in_turn(),
    )
    return select(due.order_by(deliveries.c.due).limit(1).subquery())


# Each state by itself, so that the index gives the first one however many wait.
_CLAIMABLE = union_all(_first_due("queued"), _first_due("held")).order_by("due").limit(1)


# --- parts of the above  ------------------------------------------------------------------------------------------


def _is_open(connection: Connection, channel: str, now: datetime) -> bool:
    state = connection.execute(_CHANNEL_STATE, {"channel": channel}).one_or_none()
    if state is None:
        return True
    # A pause that began in the future began before the clock was set back: it is over.
    if state.off or (state.closed_until is not None and state.closed_until > now and state.since <= now):
        return False
    return state.failures < BREAKER_AT or _on_their_way(connection, channel) == 0


def _on_their_way(connection: Connection, channel: str) -> int:
    count = select(func.count()).where(and_(deliveries.c.channel == channel, deliveries.c.state == "sending"))
    return connection.execute(count).scalar_one()


def _count_failure(
    connection: Connection, channel: str, why: str, now: datetime, after: timedelta | None, throttled: bool
) -> None:
    state = connection.execute(_CHANNEL_STATE, {"channel": channel}).one_or_none()
    if state is not None and state.off:
        return  # of a message that was on its way when the channel was refused for good
    before = state.failures if state is not None else 0
    failures = before if throttled else before + 1  # who asks us to slow down is well
    closed = None
    if failures >= BREAKER_AT and not throttled:
        closed = now + min(BREAKER_FIRST * 2 ** min(failures - BREAKER_AT, 10), BREAKER_LONGEST)
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


def _set_channel(connection: Connection, channel: str, **values: Any) -> None:
    changed = connection.execute(update(channel_states).where(channel_states.c.channel == channel).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(channel_states).values(channel=channel, **values))
