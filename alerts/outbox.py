"""The durable queue of deliveries: every decision is a row, written before anything is sent.

`plan` is called within the transaction that recorded a revision, so that an incident and what is to be told of it are
on disk together or not at all. The way of a row afterwards is in queue.py, the digest in digest.py, and what people do
from the command line (silence, acknowledge, retry) in desk.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, not_, select, update
from sqlalchemy.exc import DBAPIError

from alerts.desk import (
    acknowledge,
    add_silence,
    deliveries,
    list_silences,
    outbox_status,
    prune,
    record_verdict,
    remove_silence,
    resume_channel,
    retry,
)
from alerts.digest import plan_digest
from alerts.messages import ListMessage, Section, Telling, compose, first_link, incident_line, subject_of, tidy
from alerts.policy import BAGHDAD, Decision, Pending, Policy, Situation, Told, decide, matching_silence
from alerts.queue import (
    CHANGES,
    INCIDENT,
    LIST,
    TOLD,
    delivery_row,
    dump,
    in_turn,
    is_due,
    is_off,
    load_incident,
    plan_list,
    save_message,
    set_row,
    silences_in_force,
)
from alerts.settings import AnyChannelSettings
from alerts.tables import acknowledgements, channel_states, messages, notices, threads
from alerts.tables import deliveries as outbox_rows
from pipelines.models import Incident, Revision, Watch
from pipelines.summary import Labels


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about rasid itself. `key` names the trouble, so that it is not reported again and again."""

    key: str
    text: str
    about_channel: str = ""  # never told through this one
    lines: tuple[str, ...] = ()


Plan = tuple[tuple[str, str, Decision], ...]  # channel, recipient, what was decided


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
        save_message(connection, incident.id, incident.revision, "incident", now, dump(INCIDENT, incident))
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


def next_due(connection: Connection) -> datetime | None:
    """When the next delivery becomes due, None if nothing waits; a channel that is off or closed is reckoned with."""
    open_from = func.coalesce(channel_states.c.closed_until, outbox_rows.c.due)
    due = case((open_from > outbox_rows.c.due, open_from), else_=outbox_rows.c.due)
    rows = (
        select(func.min(due, type_=outbox_rows.c.due.type))
        .select_from(outbox_rows.outerjoin(channel_states, channel_states.c.channel == outbox_rows.c.channel))
        .where(outbox_rows.c.state.in_(("held", "queued")), not_(func.coalesce(channel_states.c.off, False)), in_turn())
    )
    found: datetime | None = connection.execute(rows).scalar_one_or_none()
    return found


def must_arrange(connection: Connection, now: datetime) -> bool:
    """Whether anything held has come due, so that `silence_waiting` and `gather` are worth the write lock."""
    held = select(outbox_rows.c.id).where(outbox_rows.c.state == "held", is_due(now)).limit(1)
    return connection.execute(held).first() is not None


def silence_waiting(connection: Connection, now: datetime) -> int:
    """Withhold what is due but silenced since it was decided; returns how many."""
    in_force = silences_in_force(connection, now)
    if not in_force:
        return 0
    count = 0
    rows = select(outbox_rows).where(
        outbox_rows.c.state == "held", outbox_rows.c.kind == "incident", outbox_rows.c.attempts == 0, is_due(now)
    )
    for row in connection.execute(rows).all():
        if row.change == "retracted" or any(change.kind == "denial" for change in CHANGES.validate_json(row.changes)):
            continue
        try:
            incident = load_incident(connection, row.incident, row.revision)
        except ValueError:
            continue  # its fault is found and reported when it is sent
        silence = matching_silence(incident, in_force, now)
        if silence:
            set_row(connection, row.id, state="withheld", reason=f"silence {silence.id} by {silence.author}")
            count += 1
    return count


def gather(connection: Connection, labels: Labels, now: datetime) -> int:
    """Put what waited for the end of quiet hours or of a flood into one summary per channel; returns how many."""
    rows = connection.execute(
        select(outbox_rows)
        .where(outbox_rows.c.state == "held", outbox_rows.c.gather != "", is_due(now))
        .order_by(outbox_rows.c.decided)
    ).all()
    by_recipient: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in rows:
        by_recipient.setdefault((row.channel, row.recipient, row.gather), []).append(row)
    for (channel, recipient, why), rows_of in by_recipient.items():
        waiting, told = _lines_of(connection, rows_of, labels)
        if len(waiting) < 2:
            for row in waiting:
                set_row(connection, row.id, gather="")
            continue
        told.sort(key=lambda line: line.rank)
        title = {"quiet": "during quiet hours", "flood": "at once (flood guard)"}[why]
        message = ListMessage(
            kind="summary",
            subject=f"rasid: {len(waiting)} incidents {title}",
            first_line=f"SUMMARY: {len(waiting)} incidents {title}, told in one message",
            first_line_ar=f"ملخص: {len(waiting)} من الحوادث في رسالة واحدة",
            sections=(
                Section("Incidents", "الحوادث", tuple(one.text for one in told), tuple(one.link for one in told)),
            ),
            decided=now,
            footer=("rasid incidents show ID",),
        )
        digest = hashlib.sha256("|".join(row.id for row in waiting).encode()).hexdigest()[:16]
        name = f"summary-{digest}"
        save_message(connection, name, 1, "summary", now, dump(LIST, message))
        summary = delivery_row(name, 1, channel, recipient, "summary", now)
        connection.execute(insert(outbox_rows).values(**summary, state="queued", reason="", due=now))
        for row in waiting:
            reason = f"told in one summary ({why}): {summary['id']}"
            set_row(connection, row.id, state="withheld", gather="told", sent=now, reason=reason)

    return len(by_recipient)


@dataclass(frozen=True, slots=True)
class _Line:
    rank: tuple[int, datetime]  # the worst first, then the oldest
    text: str
    link: str


def _lines_of(connection: Connection, rows: Sequence[Row[Any]], labels: Labels) -> tuple[list[Row[Any]], list[_Line]]:
    """The rows that can be told in a line, and the lines; another goes by itself, where its fault is reported."""
    told, lines = [], []
    for row in rows:
        try:
            lines.append(_line_of(connection, row, labels))
        except DBAPIError:
            raise
        except Exception:  # noqa: BLE001  whatever is wrong with one must not keep the others from being told
            set_row(connection, row.id, gather="")
        else:
            told.append(row)
    return told, lines


def _line_of(connection: Connection, row: Row[Any], labels: Labels) -> _Line:
    incident = load_incident(connection, row.incident, row.revision)
    telling = Telling(row.change, CHANGES.validate_json(row.changes), row.decided)
    message = compose(incident, telling, labels)
    text = f"{message.first_line} · {incident_line(incident, labels)}"
    return _Line((-incident.severity.rank, incident.first_seen), text, first_link(incident))


class _History:
    """What is on record about one incident, read once for all recipients."""

    def __init__(self, connection: Connection, incident: str, rows: Sequence[Row[Any]], subject: str) -> None:
        self._connection, self._incident, self._rows, self.subject = connection, incident, rows, subject
        self._documents: dict[int, Incident] = {}

    @classmethod
    def read(cls, connection: Connection, incident: str) -> _History:
        rows = connection.execute(
            select(outbox_rows).where(outbox_rows.c.incident == incident).order_by(outbox_rows.c.revision)
        ).all()
        subject = connection.execute(select(threads.c.subject).where(threads.c.incident == incident))
        return cls(connection, incident, rows, subject.scalar_one_or_none() or "")

    def has_message(self, revision: int) -> bool:
        key = (messages.c.incident == self._incident, messages.c.revision == revision)
        return self._connection.execute(select(messages.c.kind).where(*key)).first() is not None

    def has_delivery(self, revision: int, channel: str, recipient: str) -> bool:
        return any(row.revision == revision for row in self._of(channel, recipient))

    def told(self, channel: str, recipient: str, now: datetime) -> Told | None:
        rows = [row for row in self._of(channel, recipient) if row.state in TOLD or row.gather == "told"]
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
            func.count(func.distinct(case((outbox_rows.c.gather == "", outbox_rows.c.incident)))),
            func.min(case((outbox_rows.c.gather == "flood", outbox_rows.c.due)), type_=outbox_rows.c.due.type),
        ).where(
            outbox_rows.c.channel == channel,
            outbox_rows.c.kind == "incident",
            outbox_rows.c.change == "new",
            outbox_rows.c.incident != incident,
            outbox_rows.c.decided > since,
            outbox_rows.c.state.in_(("held", *TOLD)),
        )
    ).one()
    return int(rows[0]), rows[1]


def _replace_waiting(connection: Connection, incident: Incident, channel: str, recipient: str) -> None:
    connection.execute(
        update(outbox_rows)
        .where(
            outbox_rows.c.incident == incident.id,
            outbox_rows.c.channel == channel,
            outbox_rows.c.recipient == recipient,
            outbox_rows.c.revision < incident.revision,
            outbox_rows.c.state == "held",
        )
        .values(state="withheld", gather="", reason=f"coalesced into revision {incident.revision}")
    )


def _save_decision(
    connection: Connection, incident: Incident, channel: str, recipient: str, decision: Decision, now: datetime
) -> None:
    state = "withheld" if decision.action == "withhold" else "queued"
    if state == "queued" and (decision.due > now or decision.gather):
        state = "held"
    row = delivery_row(
        incident.id, incident.revision, channel, recipient, "incident", now, decision.change, decision.changes
    )
    connection.execute(
        insert(outbox_rows).values(
            **{**row, "gather": decision.gather}, state=state, reason=decision.reason, due=decision.due
        )
    )


__all__ = [
    "Notice",
    "Plan",
    "acknowledge",
    "add_silence",
    "deliveries",
    "gather",
    "list_silences",
    "must_arrange",
    "next_due",
    "outbox_status",
    "plan",
    "plan_digest",
    "plan_list",
    "plan_notice",
    "prune",
    "record_verdict",
    "remove_silence",
    "resume_channel",
    "retry",
    "silence_waiting",
]
