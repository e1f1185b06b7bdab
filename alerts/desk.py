"""What people do beside the running daemon: look at deliveries, retry, silence, acknowledge, judge.

Each function works within the caller's transaction; the daemon sees the change at its next step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, not_, select, update

from alerts.errors import AlertError, UnknownName
from alerts.policy import SILENCE_KEYS, Silence
from alerts.queue import Delivery, as_delivery, as_silence, set_row
from alerts.tables import acknowledgements, channel_states, messages, silences, verdicts
from alerts.tables import deliveries as rows
from pipelines.archive.tables import incidents

Verdict = Literal["true", "false", "duplicate"]


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel fares: `off` was refused for good; `closed_until` is a pause after failures or by its wish."""

    channel: str
    off: bool
    reason: str
    since: datetime
    failures: int
    closed_until: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """The outbox at a glance."""

    held: int
    queued: int
    sending: int
    sent: int
    dead: int
    withheld: int
    parked: int
    maybe_doubled: int  # sent after an attempt that may have been taken already
    oldest_waiting: datetime | None  # when the oldest one that is due was decided
    channels: tuple[ChannelState, ...]  # those with something to say
    silences: int


def deliveries(
    connection: Connection,
    *,
    state: str = "",
    channel: str = "",
    incident: str = "",
    limit: int = 100,
) -> list[Delivery]:
    """Deliveries, the newest first; empty filters match all."""
    query = select(rows).order_by(rows.c.decided.desc(), rows.c.revision.desc(), rows.c.id).limit(limit)
    for column, value in ((rows.c.state, state), (rows.c.channel, channel), (rows.c.incident, incident)):
        if value:
            query = query.where(column == value)
    return [as_delivery(row) for row in connection.execute(query)]


def retry(connection: Connection, id: str, now: datetime) -> Delivery:
    """Send a dead letter again with the same id, or a waiting one at once.

    Raises UnknownName if there is none, AlertError if there is nothing to send again.
    """
    row = connection.execute(select(rows).where(rows.c.id == id)).one_or_none()
    if row is None:
        raise UnknownName(f"there is no delivery {id!r}; `rasid deliveries` lists them")
    if row.state not in ("dead", "queued", "parked"):
        raise AlertError(f"{id} is {row.state}: only what is dead, parked or waits for another attempt is retried")
    set_row(connection, id, state="queued", attempts=0, poison=0, minimal=False, due=now, scheduled=now, gather="")
    return as_delivery(connection.execute(select(rows).where(rows.c.id == id)).one())


def resume_channel(connection: Connection, channel: str, now: datetime) -> int:
    """Switch a channel on again, and try at once what waits for it; returns how many messages do.

    Raises UnknownName if nothing was ever sent or planned for a channel of that name.
    """
    known = select(rows.c.id).where(rows.c.channel == channel).limit(1)
    state = select(channel_states.c.channel).where(channel_states.c.channel == channel)
    if connection.execute(known).first() is None and connection.execute(state).first() is None:
        raise UnknownName(f"nothing is known of a channel {channel!r}; `rasid status` lists them")
    connection.execute(
        update(channel_states)
        .where(channel_states.c.channel == channel)
        .values(off=False, reason="", failures=0, closed_until=None, since=now)
    )
    waiting = update(rows).where(rows.c.channel == channel, rows.c.state == "queued").values(due=now, scheduled=now)
    return int(connection.execute(waiting).rowcount)


def acknowledge(connection: Connection, incident: str, author: str, now: datetime) -> None:
    """Somebody has it in hand: corroboration alone is told no more, and later messages name them."""
    _require_incident(connection, incident)
    changed = connection.execute(
        update(acknowledgements).where(acknowledgements.c.incident == incident).values(author=author, at=now)
    )
    if changed.rowcount == 0:
        connection.execute(insert(acknowledgements).values(incident=incident, author=author, at=now))


def add_silence(
    connection: Connection,
    matchers: Mapping[str, str],
    starts: datetime,
    ends: datetime,
    author: str,
    reason: str,
) -> Silence:
    """Tell nothing of what all matchers fit, until `ends`; it is listed in the digest with what it kept back.

    Raises AlertError for an unknown matcher, no matcher at all, or an end that is not after the start.
    """
    unknown = sorted(set(matchers) - set(SILENCE_KEYS))
    if unknown or not matchers:
        what = f"unknown matcher {', '.join(unknown)}" if unknown else "a silence needs at least one matcher"
        raise AlertError(f"{what}; write key=value with a key of {', '.join(SILENCE_KEYS)}")
    if ends <= starts:
        raise AlertError("a silence must end after it starts")
    if not author.strip() or not reason.strip():
        raise AlertError("a silence needs an author and a reason")
    values = {"starts": starts, "ends": ends, "author": author, "reason": reason}
    text = json.dumps(dict(matchers), ensure_ascii=False, sort_keys=True)
    made = connection.execute(insert(silences).values(matchers=text, **values)).inserted_primary_key
    id = int(made[0]) if made else 0
    return Silence(id, dict(matchers), starts, ends, author, reason)


def list_silences(connection: Connection, now: datetime, *, ended: bool = False) -> list[Silence]:
    """The silences that hold or are yet to begin; with `ended` also those that are over."""
    query = select(silences).order_by(silences.c.ends, silences.c.id)
    return [as_silence(row) for row in connection.execute(query if ended else query.where(silences.c.ends > now))]


def remove_silence(connection: Connection, id: int, now: datetime) -> None:
    """End a silence now; it stays on record. Raises UnknownName if there is none that still holds."""
    ending = update(silences).where(silences.c.id == id, silences.c.ends > now).values(ends=now)
    if connection.execute(ending).rowcount == 0:
        raise UnknownName(f"there is no silence {id} in force; `rasid silence list` lists them")


def record_verdict(
    connection: Connection, incident: str, verdict: Verdict, author: str, note: str, now: datetime
) -> None:
    """Keep what somebody says of an incident: true, false or duplicate."""
    _require_incident(connection, incident)
    values = {"incident": incident, "verdict": verdict, "author": author, "note": note, "at": now}
    connection.execute(insert(verdicts).values(**values))


def outbox_status(connection: Connection, now: datetime) -> OutboxStatus:
    """Counts by state, channels in trouble, and how long the oldest due message has waited."""
    counted = connection.execute(select(rows.c.state, func.count()).group_by(rows.c.state)).all()
    count = {state: int(number) for state, number in counted}
    oldest = select(func.min(rows.c.decided, type_=rows.c.decided.type)).where(
        rows.c.state.in_(("held", "queued", "sending")), rows.c.due <= now
    )
    doubled = select(func.count()).where(rows.c.state == "sent", rows.c.ambiguous > 0)
    in_force = select(func.count()).where(silences.c.starts <= now, silences.c.ends > now)
    states = connection.execute(select(channel_states).order_by(channel_states.c.channel)).all()
    return OutboxStatus(
        **{state: count.get(state, 0) for state in ("held", "queued", "sending", "sent", "dead", "withheld", "parked")},
        maybe_doubled=connection.execute(doubled).scalar_one(),
        oldest_waiting=connection.execute(oldest).scalar_one_or_none(),
        channels=tuple(
            ChannelState(row.channel, row.off, row.reason, row.since, row.failures, row.closed_until)
            for row in states
            if row.off or row.failures or (row.closed_until is not None and row.closed_until > now)
        ),
        silences=connection.execute(in_force).scalar_one(),
    )


def prune(connection: Connection, before: datetime) -> int:
    """Forget what was settled before a time; dead letters and what still waits are kept. Returns how many rows went."""
    settled = rows.c.state.in_(("sent", "withheld"))
    gone = int(connection.execute(delete(rows).where(settled, rows.c.decided < before)).rowcount)
    still = select(rows.c.id).where(rows.c.incident == messages.c.incident, rows.c.revision == messages.c.revision)
    connection.execute(delete(messages).where(messages.c.decided < before, not_(still.exists())))
    return gone


def _require_incident(connection: Connection, incident: str) -> None:
    known = select(incidents.c.id).where(incidents.c.id == incident)
    if connection.execute(known).first() is None:
        raise UnknownName(f"there is no incident {incident!r}; `rasid incidents` lists them")
