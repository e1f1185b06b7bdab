"""What `rasid status` and `rasid sources` show: the state of feeds, pages and incidents, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from crawler.poller import STATE
from crawler.scheduling import FeedState
from crawler.tables import daemon, entries, feeds
from pipelines.archive.tables import articles, incidents
from pipelines.models import Source


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
    probation: bool
    state: str
    since: datetime | None
    evidence: str
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


def source_rows(connection: Connection, sources: Sequence[Source], now: datetime) -> list[SourceRow]:
    """One row per configured source, in the order of the configuration."""
    states = _states(connection, sources)
    return [_row(source, [states[feed.url] for feed in source.feeds if feed.url in states]) for source in sources]


def _states(connection: Connection, sources: Sequence[Source]) -> dict[str, FeedState]:
    configured = {feed.url for source in sources for feed in source.feeds}
    rows = connection.execute(select(feeds.c.url, feeds.c.state))
    return {row.url: STATE.validate_json(row.state) for row in rows if row.url in configured}


def _row(source: Source, states: list[FeedState]) -> SourceRow:
    failing = [state for state in states if state.failures]
    if not states or all(state.last_poll is None for state in states):
        state, evidence, since = "new", "not polled yet", None
    elif failing and len(failing) == len(states):
        state, evidence, since = "broken", f"{failing[0].kind}: {failing[0].why}", failing[0].failing_since
    else:
        state, since = "fresh", None
        evidence = "; ".join(problem for one in states for problem in one.problems)
    return SourceRow(
        source=source.id,
        name=source.name,
        probation=source.probation,
        state=state,
        since=since,
        evidence=evidence,
        last_success=max((one.last_success for one in states if one.last_success), default=None),
        last_new=max((one.last_new for one in states if one.last_new), default=None),
        next_poll=min((one.next_poll for one in states), default=None),
        feeds=len(states),
    )
