"""What becomes of a fetched page: read and judged in the worker, then recorded, grouped and planned in one transaction.

A page that cannot be had is judged at once on what its feed said ("body missing"), and asked for again while the
report is fresh: when the body comes it is judged once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, or_, select, update

from crawler.bench import Bench
from crawler.network import FetchProblem
from crawler.tables import entries
from pipelines.archive import Store, reports
from pipelines.judging import Judged
from pipelines.lexicon import Lexicon
from pipelines.models import Entry, Page, Revision, Source
from pipelines.pipeline import record

log = structlog.get_logger("rasid.intake")

ENTRY = TypeAdapter(Entry)
FRESH = timedelta(hours=24)  # how long a page that could not be had is asked for again
_NEVER_LATER = timedelta(days=2)  # a page put off for longer was put off by a clock that ran ahead
_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 90, 240, 480))
_NO_PAGE = ("not_text", "too_large")  # what was a film an hour ago will be no report in an hour

Planner = Callable[[Connection, Revision, datetime], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry whose page is to be fetched."""

    id: str
    entry: Entry
    source: Source
    first_seen: datetime
    backlog: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one report came to."""

    judged: Judged
    revisions: tuple[Revision, ...]


class Intake:
    """Takes pages in. `plan` writes the deliveries of a revision, in the transaction that records it."""

    def __init__(
        self,
        store: Store,
        bench: Bench,
        lexicon: Lexicon,
        plan: Planner,
        clock: Callable[[], datetime],
        observe: Callable[[Outcome], None] = lambda outcome: None,
        trace: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._store = store
        self._bench = bench
        self._lexicon = lexicon
        self._plan = plan
        self._clock = clock
        self._observe = observe
        self._trace = trace

    def recover(self) -> None:
        """At start: what was being fetched when the program was cut off is due at once."""
        with self._store.write() as connection:
            connection.execute(update(entries).where(entries.c.leased).values(next_fetch=self._clock(), leased=False))

    def claim(self, sources: dict[str, Source], limit: int) -> list[Wanted]:
        """The entries whose pages are due, the newest reports first; each is due again later if this never ends."""
        now = self._clock()
        due = or_(entries.c.next_fetch <= now, entries.c.next_fetch > now + _NEVER_LATER)
        with self._store.read() as connection:  # most often nothing is: ask without the write lock
            if connection.execute(select(entries.c.id).where(due).limit(1)).first() is None:
                return []
        with self._store.write() as connection:
            rows = connection.execute(
                select(entries)
                .where(due, entries.c.source.in_(sources))
                .order_by(entries.c.first_seen.desc())
                .limit(limit)
            ).all()
            for row in rows:
                connection.execute(
                    update(entries)
                    .where(entries.c.id == row.id)
                    .values(attempts=row.attempts + 1, next_fetch=now + _pause(row.attempts), leased=True)
                )
        return [_wanted(row, sources[row.source]) for row in rows]

    async def take(self, wanted: Wanted, page: Page | None, problem: FetchProblem | None = None) -> bool:
        """Judge and record one report; True if it changed an incident. `page` is None when it could not be had, and
        `problem` says why."""
        self._trace("fetch")
        with self._store.read() as connection:
            usual = reports.usual_length(connection, wanted.source.id)
        judged = await self._bench.judge(wanted.entry, page, wanted.source, wanted.id, wanted.first_seen, usual)
        if wanted.backlog:
            judged = replace(judged, article=replace(judged.article, backlog=True))
        now = self._clock()
        missing = judged.article.body_state == "missing" and (problem is None or problem.kind not in _NO_PAGE)
        again = missing and now - wanted.first_seen < FRESH and wanted.attempts <= len(_AGAIN)
        asked = problem is None or problem.kind != "paused"  # else its host is left alone, and it is no attempt
        wait = max(_pause(wanted.attempts - 1), (problem and problem.retry_after) or timedelta())
        with self._store.write() as connection:
            revisions = () if _worse(connection, judged) else record(connection, judged, self._lexicon, now)
            for revision in revisions:
                self._plan(connection, revision, now)
            connection.execute(
                update(entries)
                .where(entries.c.id == wanted.id)
                .values(
                    next_fetch=now + wait if again else None,
                    attempts=wanted.attempts if asked else wanted.attempts - 1,
                    leased=False,
                    problem=str(problem or ""),
                )
            )
        self._trace("commit")
        log.info(
            "judged",
            article=wanted.id,
            source=wanted.source.id,
            body=judged.article.body_state,
            findings=[f"{finding.verdict} {finding.event_type}" for finding in judged.findings],
            problem=str(problem) if problem else None,
        )
        self._observe(Outcome(judged, revisions))
        return bool(revisions)


def forget_documents(connection: Connection, before: datetime) -> None:
    """Empty what feeds said of old entries; that they were seen must be known for good, lest they be news again."""
    connection.execute(
        update(entries).where(entries.c.first_seen < before, entries.c.next_fetch.is_(None)).values(document="")
    )


def _wanted(row: Row[Any], source: Source) -> Wanted:
    entry = ENTRY.validate_json(row.document)
    return Wanted(
        id=row.id,
        entry=entry,
        source=source,
        first_seen=row.first_seen,
        backlog=row.first_poll and entry.published is None,
        attempts=row.attempts + 1,
    )


def next_fetch(connection: Connection) -> datetime | None:
    """When the next page is to be asked for."""
    due: datetime | None = connection.execute(
        select(func.min(entries.c.next_fetch, type_=entries.c.next_fetch.type))
    ).scalar_one_or_none()
    return due


def _pause(attempts: int) -> timedelta:
    return _AGAIN[min(attempts, len(_AGAIN) - 1)]


def _worse(connection: Connection, judged: Judged) -> bool:
    """A body that was there once and is missing now says nothing new: what was read stands."""
    return judged.article.body_state == "missing" and reports.has_body(connection, judged.article.id)
