"""The daily digest and heartbeat: what was told, what was not and why, and that rasid is alive when nothing was.

Its absence is the alarm: somebody who expects it at seven knows at five past that something is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, func, select

from alerts.cleaning import safe_link
from alerts.messages import ListMessage, Section, first_link, incident_line, tidy
from alerts.policy import BAGHDAD
from alerts.queue import as_silence, load_incident, plan_list
from alerts.settings import AnyChannelSettings
from alerts.tables import channel_states, deliveries, messages, silences
from pipelines.archive.tables import articles, findings
from pipelines.summary import Labels, day_ar, day_en

MOST_LINES = 40  # of a section
_NO_NEWS = ("coalesced into", "nothing material changed")


def plan_digest(
    connection: Connection,
    channels: Mapping[str, AnyChannelSettings],
    now: datetime,
    labels: Labels,
    *,
    heartbeat: str = "",
    ill_sources: Sequence[str] = (),
    timezone: tzinfo = BAGHDAD,
) -> int:
    """Queue the digest of the day for every channel that wants one; returns how many deliveries were made.

    `heartbeat` says in a line how the watch itself fares ("28 of 30 sources well; last fetch 06:58"), `ill_sources`
    lists those that are not. A second call on the same local day does nothing.
    """
    day = now.astimezone(timezone).date()
    made = 0
    for name, settings in channels.items():
        if settings.enabled and settings.digest:
            key = f"digest-{day.isoformat()}-{name}"
            message = build_digest(connection, name, now, labels, heartbeat, ill_sources, timezone)
            made += plan_list(connection, key, message, {name: settings}, now)
    return made


def build_digest(
    connection: Connection,
    channel: str,
    now: datetime,
    labels: Labels,
    heartbeat: str,
    ill_sources: Sequence[str],
    timezone: tzinfo,
) -> ListMessage:
    """The digest of one channel since its last one, at most of the last week, at least of the last day."""
    since = _since(connection, channel, now)
    rows = _incident_rows(connection, channel, since)
    told = _newest(row for row in rows if row.state in ("sent", "sending", "queued") or row.gather == "told")
    held = _newest(row for row in rows if row.state == "held")
    withheld = _newest(
        row for row in rows if row.state == "withheld" and not row.gather and not row.reason.startswith(_NO_NEWS)
    )
    without_news = len(
        {(row.incident, row.revision) for row in rows if row.state == "withheld" and row.reason.startswith(_NO_NEWS)}
    )
    doubtful = _doubtful(connection, since)

    def lines(chosen: Sequence[Row[Any]], *, reason: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        texts, links = [], []
        for row in chosen[:MOST_LINES]:
            try:
                incident = load_incident(connection, row.incident, row.revision)
            except ValueError:  # the digest is the sign of life: it comes whatever is wrong with one incident
                texts.append(f"{row.incident}: cannot be read")
                links.append("")
                continue
            texts.append(incident_line(incident, labels) + (f" · {tidy(row.reason, 160)}" if reason else ""))
            links.append(first_link(incident))
        if len(chosen) > MOST_LINES:
            texts.append(f"and {len(chosen) - MOST_LINES} more")
            links.append("")
        return tuple(texts), tuple(links)

    sections = [
        Section("Told", "أُبلغ عنه", *lines(told, reason=False)),
        Section("Held", "مؤجل", *lines(held, reason=True)),
        Section("Not told, and why", "لم يُبلغ عنه", *lines(withheld, reason=True)),
        Section("In doubt", "موضع شك", *_doubtful_lines(doubtful)),
        Section("Silences", "حالات الإسكات", _silence_lines(connection, rows, now, timezone)),
        Section("Sources that are ill", "مصادر متعطلة", tuple(tidy(line, 300) for line in ill_sources)),
        Section("Deliveries", "الإرسال", _delivery_lines(connection, since)),
    ]
    happened = bool(told or held or withheld or doubtful)
    counts = f"{len(told)} told, {len(held)} held, {len(withheld)} not told, {len(doubtful)} in doubt"
    what = counts if happened else "nothing happened"
    if without_news:
        sections[2] = _with_line(sections[2], f"{_count(without_news, 'further revision')} told later or nothing new")
    if heartbeat:
        sections.append(Section("Watch", "الرصد", (tidy(heartbeat, 300),)))
    return ListMessage(
        kind="digest",
        subject=f"rasid digest {day_en(now.astimezone(timezone).date(), 1)}",
        first_line=f"DIGEST {day_en(now.astimezone(timezone).date(), 1)}: {what}"
        + (f"; {tidy(heartbeat, 160)}" if heartbeat else ""),
        first_line_ar=f"الموجز اليومي {day_ar(now.astimezone(timezone).date(), 1)}"
        + ("" if happened else ": لم يحدث شيء"),
        sections=tuple(section for section in sections if section.lines),
        decided=now,
        footer=("rasid incidents · rasid status · rasid silence list",),
    )


def _since(connection: Connection, channel: str, now: datetime) -> datetime:
    last = connection.execute(
        select(func.max(messages.c.decided, type_=messages.c.decided.type)).where(
            messages.c.kind == "digest",
            func.substr(messages.c.incident, len("digest-2026-01-01-") + 1) == channel,
            messages.c.decided < now,
        )
    ).scalar_one_or_none()
    return max(last, now - timedelta(days=7)) if last is not None else now - timedelta(days=1)


def _incident_rows(connection: Connection, channel: str, since: datetime) -> list[Row[Any]]:
    held = deliveries.c.state == "held"
    return list(
        connection.execute(
            select(deliveries)
            .where(
                deliveries.c.channel == channel,
                deliveries.c.kind == "incident",
                held | (deliveries.c.decided > since) | (deliveries.c.sent > since),
            )
            .order_by(deliveries.c.decided, deliveries.c.revision)
        )
    )


def _newest(rows: Any) -> list[Row[Any]]:
    by_incident = {row.incident: row for row in rows}
    return list(by_incident.values())


def _doubtful(connection: Connection, since: datetime) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(findings.c.score, articles.c.title, articles.c.url, articles.c.source_name)
            .select_from(findings.join(articles, findings.c.article == articles.c.id))
            .where(findings.c.verdict == "digest", findings.c.recorded > since, findings.c.incident.is_(None))
            .order_by(findings.c.score.desc())
        )
    )


def _doubtful_lines(rows: Sequence[Row[Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shown = {row.url: row for row in reversed(rows[:MOST_LINES])}
    texts = [f"{tidy(row.title, 200)} · {tidy(row.source_name, 60)} · score {row.score:.2f}" for row in shown.values()]
    return tuple(reversed(texts)), tuple(safe_link(row.url) for row in reversed(shown.values()))


def _silence_lines(
    connection: Connection, rows: Sequence[Row[Any]], now: datetime, timezone: tzinfo
) -> tuple[str, ...]:
    in_force = select(silences).where(silences.c.starts <= now, silences.c.ends > now).order_by(silences.c.ends)
    lines = []
    for silence in map(as_silence, connection.execute(in_force)):
        kept = {row.incident for row in rows if row.reason.startswith(f"silence {silence.id} ")}
        what = ", ".join(f"{key}={value}" for key, value in silence.matchers.items())
        until = silence.ends.astimezone(timezone).strftime("%d %b %H:%M")
        by = f"by {silence.author}: {silence.reason}"
        lines.append(tidy(f"{silence.id}: {what} until {until} {by} · kept back {len(kept)}", 300))
    return tuple(lines)


def _delivery_lines(connection: Connection, since: datetime) -> tuple[str, ...]:
    lines = []
    dead = connection.execute(
        select(deliveries.c.channel, func.count().label("number"))
        .where(deliveries.c.state == "dead")
        .group_by(deliveries.c.channel)
        .order_by(deliveries.c.channel)
    )
    lines += [f"{row.channel}: {_count(row.number, 'dead letter')} (rasid deliveries)" for row in dead]
    parked = select(func.count()).where(deliveries.c.state == "parked")
    if number := connection.execute(parked).scalar_one():
        lines.append(f"{number} parked: their channel or recipient is no longer configured")
    off = select(channel_states).where(channel_states.c.off | (channel_states.c.failures > 0))
    for row in connection.execute(off.order_by(channel_states.c.channel)):
        state = "off" if row.off else f"{_count(row.failures, 'failure')} in a row"
        lines.append(tidy(f"{row.channel}: {state}: {row.reason}", 300))
    suppressed = select(deliveries.c.id).where(deliveries.c.ambiguous > 0, deliveries.c.sent > since)
    if doubled := len(connection.execute(suppressed).all()):
        lines.append(f"{_count(doubled, 'message')} may have come twice, with the same id")
    return tuple(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _with_line(section: Section, line: str) -> Section:
    links = (*section.links, "") if section.links else ()
    return Section(section.title_en, section.title_ar, (*section.lines, line), links)
