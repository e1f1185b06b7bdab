"""What `rasid status` and `rasid sources` show: the state of feeds, pages and incidents, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from crawler.health import Health, History, assess
from crawler.rhythm import LEARNED_FROM
from crawler.scheduling import FeedState
from crawler.tables import STATE, daemon, entries, feeds
from pipelines.archive.tables import articles, incidents
from pipelines.models import Source

_LATEST = 40  # reports of a source that are looked at for thin bodies and missing dates


@dataclass(frozen=True, slots=True)
class Overview:
    """The store at a glance."""

    alive: datetime | None
    feeds: int
    failing: int
    next_poll: datetime | None
    articles: int
    newest_article: datetime | None
    waiting_pages: int
    incidents: int
    open_incidents: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How one source is, in one line."""

    source: str
    name: str
    state: str  # as in health.py, or "new" before its first poll
    since: datetime | None
    evidence: str
    probation: bool
    last_success: datetime | None
    last_new: datetime | None
    next_poll: datetime | None
    feeds: int


def overview(connection: Connection, sources: Sequence[Source], now: datetime) -> Overview:
    """Counts over the whole store."""
    states = list(_states(connection, sources).values())
    return Overview(
        alive=connection.execute(select(daemon.c.alive)).scalar_one_or_none(),
        feeds=len(states),
        failing=sum(state.failures > 0 for state in states),
        next_poll=min((state.next_poll for state in states), default=None),
        articles=connection.execute(select(func.count()).select_from(articles)).scalar_one(),
        newest_article=connection.execute(
            select(func.max(articles.c.published, type_=articles.c.published.type))
        ).scalar_one_or_none(),
        waiting_pages=connection.execute(
            select(func.count()).select_from(entries).where(entries.c.next_fetch.is_not(None))
        ).scalar_one(),
        incidents=connection.execute(select(func.count()).select_from(incidents)).scalar_one(),
        open_incidents=connection.execute(
            select(func.count()).select_from(incidents).where(incidents.c.status == "open")
        ).scalar_one(),
    )


@dataclass(frozen=True, slots=True)
class Examined:
    """A source with what is known of it and how it is."""

    source: Source
    feeds: tuple[FeedState, ...]
    history: History
    health: Health


def examine(connection: Connection, sources: Sequence[Source], now: datetime) -> list[Examined]:
    """Every source measured against its own rhythm, in the order of the configuration."""
    states = _states(connection, sources)
    found = []
    for source in sources:
        known = tuple(states[feed.url] for feed in source.feeds if feed.url in states)
        history = _history(connection, source, now)
        found.append(Examined(source, known, history, assess(source, known, history, now)))
    return found


def source_rows(connection: Connection, sources: Sequence[Source], now: datetime) -> list[SourceRow]:
    """One row per configured source, in the order of the configuration."""
    return [_row(one) for one in examine(connection, sources, now)]


def _row(one: Examined) -> SourceRow:
    polled = any(state.last_poll is not None for state in one.feeds)
    return SourceRow(
        source=one.source.id,
        name=one.source.name,
        state=one.health.state if polled else "new",
        since=one.health.since if polled else None,
        evidence=one.health.evidence if polled else "not polled yet",
        probation=one.source.probation,
        last_success=max((state.last_success for state in one.feeds if state.last_success), default=None),
        last_new=max((state.last_new for state in one.feeds if state.last_new), default=None),
        next_poll=min((state.next_poll for state in one.feeds), default=None),
        feeds=len(one.feeds),
    )


def _states(connection: Connection, sources: Sequence[Source]) -> dict[str, FeedState]:
    configured = {feed.url for source in sources for feed in source.feeds}
    rows = connection.execute(select(feeds.c.url, feeds.c.state))
    return {row.url: STATE.validate_json(row.state) for row in rows if row.url in configured}


def _history(connection: Connection, source: Source, now: datetime) -> History:
    """What a source has brought in the time that rhythms are learned from."""
    added = connection.execute(
        select(func.min(feeds.c.added, type_=feeds.c.added.type)).where(feeds.c.source == source.id)
    ).scalar_one_or_none()
    came = connection.execute(
        select(entries.c.first_seen)
        .where(
            entries.c.source == source.id,
            entries.c.first_poll.is_(False),
            entries.c.first_seen >= now - 2 * LEARNED_FROM,
        )
        .order_by(entries.c.first_seen)
    )
    latest = connection.execute(
        select(articles.c.body_state, articles.c.dated)
        .where(articles.c.source == source.id)
        .order_by(articles.c.published.desc())
        .limit(_LATEST)
    ).all()[::-1]
    return History(
        watched_since=added or now,
        arrivals=tuple(row.first_seen for row in came),
        bodies=tuple(row.body_state for row in latest),
        dated=tuple(row.dated for row in latest),
    )
