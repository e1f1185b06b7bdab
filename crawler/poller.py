"""Polls feeds: claims what is due, asks politely, and records what came in one transaction with its validators."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

import structlog
from scrapy.http import Request, Response
from sqlalchemy import Connection, bindparam, insert, or_, select, update

from crawler.bench import Bench
from crawler.feeds import NotAFeed, ParsedFeed
from crawler.intake import ENTRY
from crawler.network import FetchProblem, classify, moved_to
from crawler.rhythm import LEARNED_FROM, QuietHours, Rhythm, rhythm_of
from crawler.scheduling import (
    ALWAYS_BUSY,
    LONGEST_WAIT,
    SLOWEST,
    Failed,
    FeedState,
    Fetched,
    NotModified,
    Outcome,
    address,
    after_downtime,
    after_poll,
    conditional_headers,
    first_state,
    freshness,
    was_put_off_by_a_clock,
)
from crawler.tables import STATE, entries, feeds
from crawler.urls import canonical
from pipelines.archive import Store
from pipelines.judging import article_id
from pipelines.models import Entry, Feed, Source
from pipelines.workers import WorkerKilled

log = structlog.get_logger("rasid.poller")

Fetch = Callable[[Request], Awaitable[Response]]

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8"
_READ_BACK = timedelta(days=3)  # entries older than this when first seen are noted, but their pages are left in peace
_NESTED = 3  # sitemaps of an index that are read, the newest first
_TELL_AGAIN = timedelta(hours=1)  # the log of a feed that goes on failing, or fails now and then, in the same way
_LEARN_AGAIN = timedelta(days=1)  # the quiet hours of a feed
_LEASE = timedelta(minutes=5)  # a poll that a crash cut off is due again after this


@dataclass(frozen=True, slots=True)
class Due:
    """A feed to be polled now."""

    source: Source
    feed: Feed
    state: FeedState
    quiet: QuietHours = ALWAYS_BUSY


class Poller:
    """Polls the feeds of these sources; `fetch` is the crawler's way to the network."""

    def __init__(
        self,
        store: Store,
        bench: Bench,
        sources: Sequence[Source],
        fetch: Fetch,
        clock: Callable[[], datetime],
        *,
        slowest: timedelta = SLOWEST,
    ) -> None:
        self._store = store
        self._bench = bench
        self._feeds = {feed.url: (source, feed) for source in sources for feed in source.feeds}
        self._fetch = fetch
        self._clock = clock
        self._slowest = slowest
        self._random = random.Random()
        self._quiet: dict[str, tuple[datetime, QuietHours]] = {}  # by feed, when learned and what
        self._unchanged: dict[str, tuple[Source, FeedState]] = {}  # by feed, what is not written yet
        self._failures_told: dict[tuple[str, str], datetime] = {}  # by feed and kind, when the log was last told

    def add(self, source: Source) -> None:
        """Take up one more source while running."""
        self._feeds.update({feed.url: (source, feed) for feed in source.feeds})
        self.register()

    def register(self) -> None:
        """At start: new feeds get their first due time, overdue ones are spread out."""
        now = self._clock()
        with self._store.write() as connection:
            known = {row.url: row.state for row in connection.execute(select(feeds.c.url, feeds.c.state))}
            for number, (url, (source, feed)) in enumerate(self._feeds.items()):
                if url in known:
                    state = STATE.validate_json(known[url])
                    state = after_downtime(state, feed, now, number, self._random, slowest=self._slowest)
                    connection.execute(_SAVE_STATE, [{"feed_url": url, **_row(source, state)}])
                else:
                    state = first_state(feed, now, number, self._random)
                    connection.execute(insert(feeds).values(url=url, added=now, **_row(source, state)))

    def make_due(self, url: str) -> None:
        """Have a feed polled at once."""
        self.write_unchanged()
        with self._store.write() as connection:
            connection.execute(update(feeds).where(feeds.c.url == url).values(next_poll=self._clock()))

    def claim(self, limit: int, *, ahead: timedelta = timedelta(0), without: Collection[str] = ()) -> list[Due]:
        """The feeds that are due, the longest overdue first; each is leased until its poll is recorded.

        `ahead` takes those that are due soon, too; `without` leaves out these addresses.
        """
        now = self._clock()
        self.write_unchanged()
        query = (
            select(feeds.c.url, feeds.c.next_poll, feeds.c.state)
            .where(or_(feeds.c.next_poll <= now + ahead, feeds.c.next_poll > now + LONGEST_WAIT))
            .order_by(feeds.c.next_poll)
        )
        # Most often nothing is due: ask without the write lock.
        with self._store.read() as connection, connection.execute(query) as found:
            mine = (row for row in found if row.url in self._feeds and row.url not in without)
            waiting = (row for row in mine if self._is_due(row.url, row.next_poll, now, ahead))
            rows = list(islice(waiting, max(0, limit)))
        if not rows:
            return []
        with self._store.write() as connection:
            connection.execute(
                update(feeds).where(feeds.c.url.in_([row.url for row in rows])).values(next_poll=now + _LEASE)
            )
        return [Due(*self._feeds[row.url], STATE.validate_json(row.state)) for row in rows]

    def _is_due(self, url: str, next_poll: datetime, now: datetime, ahead: timedelta) -> bool:
        feed = self._feeds[url][1]
        return next_poll <= now + ahead or was_put_off_by_a_clock(next_poll, feed, self._slowest, now)

    async def poll(self, due: Due) -> bool:
        """Poll one feed and record the outcome, whatever it is; True if it brought entries to look at."""
        now = self._clock()
        due = replace(due, quiet=self._quiet_hours(due, now))
        try:
            response = await self._fetch(_request(due, now))
        except Exception as error:  # noqa: BLE001  (Scrapy raises whatever its handlers and middlewares do)
            self._record_failure(due, _failure(classify(error)), now)
            return False
        body_hash = hashlib.sha256(response.body).hexdigest()
        if response.status == 304:
            self._note_unchanged(due, _not_modified(response, now), now)
        elif (problem := classify(response)) is not None:
            self._record_failure(due, _failure(problem), now)
        elif body_hash == due.state.body_hash:
            self._note_unchanged(due, _not_modified(response, now, same_body=True), now)
        else:
            return await self._read(due, response, body_hash, now)
        return False

    def write_unchanged(self) -> None:
        """Record the polls that brought nothing, together; called at every claim, and when the program stops."""
        if not self._unchanged:
            return
        values = [{"feed_url": url, **_row(source, state)} for url, (source, state) in self._unchanged.items()]
        with self._store.write() as connection:
            connection.execute(_SAVE_STATE, values)
        self._unchanged.clear()

    async def _read(self, due: Due, response: Response, body_hash: str, now: datetime) -> bool:
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            parsed = await self._bench.parse(due.feed, due.source.language, response.body, kind, response.url, now)
            for nested in parsed.nested[:_NESTED]:
                parsed = await self._with_nested(due, parsed, nested, now)
        except NotAFeed as error:
            self._record_failure(due, Failed("not_a_feed", error.what), now)
            return False
        except WorkerKilled as error:
            self._record_failure(due, Failed("unreadable", str(error)), now)
            return False
        etag, modified = _validators(response) if parsed.complete else ("", "")
        with self._store.write() as connection:
            new, seen = self._save_entries(connection, due, parsed, now)
            outcome = Fetched(
                new=new,
                seen=seen,
                etag=etag,
                last_modified=modified,
                body_hash=body_hash if parsed.complete else "",
                problems=parsed.problems,
                max_age=_freshness(response, now),
                moved_to=moved_to(response),
                format=parsed.format,
                final_url=response.url,
            )
            self._save_state(connection, due, outcome, now)
        tell = log.info if new or parsed.problems != due.state.problems else log.debug
        tell("polled", feed=due.feed.url, new=new, seen=seen, problems=list(parsed.problems) or None)
        return new > 0

    async def _with_nested(self, due: Due, parsed: ParsedFeed, url: str, now: datetime) -> ParsedFeed:
        """What a sitemap index says, with what one of its sitemaps says; one that cannot be had costs no other."""
        try:
            response = await self._fetch(Request(url, dont_filter=True, meta={"handle_httpstatus_all": True}))
            if (problem := classify(response)) is not None:
                return replace(parsed, problems=(*parsed.problems, f"{url}: {problem}"))
            more = await self._bench.parse(due.feed, due.source.language, response.body, "", url, now)
        except Exception as error:  # noqa: BLE001  (Scrapy raises whatever its handlers and middlewares do)
            return replace(parsed, problems=(*parsed.problems, f"{url}: {classify(error)}"))
        return replace(parsed, entries=(*parsed.entries, *more.entries), problems=(*parsed.problems, *more.problems))

    def _save_entries(self, connection: Connection, due: Due, parsed: ParsedFeed, now: datetime) -> tuple[int, int]:
        """Insert what is new, mark what was edited; returns how many entries were new and how many known."""
        found: dict[str, Entry] = {}
        for entry in parsed.entries:
            found.setdefault(article_id(canonical(entry.link)), entry)
        known = {
            row.id: row.entry_hash
            for row in connection.execute(select(entries.c.id, entries.c.entry_hash).where(entries.c.id.in_(found)))
        }
        first = due.state.last_success is None
        for identity, entry in found.items():
            digest = _digest(entry)
            if identity not in known:
                connection.execute(
                    insert(entries).values(
                        id=identity,
                        source=due.source.id,
                        feed=due.feed.url,
                        link=entry.link,
                        document=ENTRY.dump_json(entry).decode(),
                        entry_hash=digest,
                        first_seen=now,
                        first_poll=first,
                        next_fetch=None if _is_old(entry, now) else now,
                    )
                )
            elif known[identity] != digest:
                connection.execute(
                    update(entries)
                    .where(entries.c.id == identity, entries.c.feed == due.feed.url)
                    .values(document=ENTRY.dump_json(entry).decode(), entry_hash=digest, next_fetch=now, attempts=0)
                )
        return len(found.keys() - known.keys()), len(known)

    def _record_failure(self, due: Due, outcome: Failed, now: datetime) -> None:
        with self._store.write() as connection:
            self._save_state(connection, due, outcome, now)
        told = self._failures_told.get((due.feed.url, outcome.kind))
        if told is None or not timedelta() <= now - told < _TELL_AGAIN:  # before: a clock that was set back
            self._failures_told[due.feed.url, outcome.kind] = now
            failures = due.state.failures + 1
            log.warning("poll failed", feed=due.feed.url, kind=outcome.kind, why=outcome.why, failures=failures)

    def _note_unchanged(self, due: Due, outcome: NotModified, now: datetime) -> None:
        """Most polls end here: each with a transaction of its own would cost as much as its request. One that a crash
        loses only means one more poll, since the feed stays leased."""
        self._unchanged[due.feed.url] = (due.source, self._state_after(due, outcome, now))

    def _save_state(self, connection: Connection, due: Due, outcome: Outcome, now: datetime) -> None:
        state = self._state_after(due, outcome, now)
        connection.execute(_SAVE_STATE, [{"feed_url": due.feed.url, **_row(due.source, state)}])

    def _state_after(self, due: Due, outcome: Outcome, now: datetime) -> FeedState:
        state = after_poll(
            due.state,
            outcome,
            due.feed,
            now,
            self._random,
            probation=due.source.probation,
            slowest=self._slowest,
            quiet=due.quiet,
        )
        if (target := address(state, due.feed)) != due.feed.url and target in self._feeds:
            told = f"has moved to {target}, which is polled as a feed of its own: remove this one"
            return replace(state, next_poll=now + LONGEST_WAIT, problems=(told,))
        return state

    def _quiet_hours(self, due: Due, now: datetime) -> QuietHours:
        """Learned anew each day from what the store has of the feed; not at all where it could change nothing."""
        if due.feed.every >= self._slowest:
            return ALWAYS_BUSY
        learned, quiet = self._quiet.get(due.feed.url, (None, ALWAYS_BUSY))
        if learned is None or not timedelta() <= now - learned < _LEARN_AGAIN:
            with self._store.read() as connection:
                rhythm = _rhythm(connection, due, now)
            quiet = rhythm.quiet if rhythm is not None else ALWAYS_BUSY
            self._quiet[due.feed.url] = now, quiet
        return quiet


_SAVE_STATE = update(feeds).where(feeds.c.url == bindparam("feed_url"))


def _rhythm(connection: Connection, due: Due, now: datetime) -> Rhythm | None:
    """When the feed brings entries, but for those it had when first polled."""
    added = connection.execute(select(feeds.c.added).where(feeds.c.url == due.feed.url)).scalar_one()
    came = connection.execute(
        select(entries.c.first_seen)
        .where(
            entries.c.source == due.source.id,
            entries.c.feed == due.feed.url,
            entries.c.first_poll.is_(False),
            entries.c.first_seen >= now - LEARNED_FROM,
        )
        .order_by(entries.c.first_seen)
    )
    return rhythm_of(added, [row.first_seen for row in came])


def _row(source: Source, state: FeedState) -> dict[str, object]:
    return {"source": source.id, "next_poll": state.next_poll, "state": STATE.dump_json(state).decode()}


def _request(due: Due, now: datetime) -> Request:
    target = address(due.state, due.feed)
    validators = conditional_headers(due.state, now)
    giver = due.state.final_url or target
    headers = {"Accept": ACCEPT, **(validators if target == giver else {})}
    meta = {"handle_httpstatus_all": True, "validators": validators, "validators_of": giver}
    return Request(target, headers=headers, dont_filter=True, meta=meta)


def _not_modified(response: Response, now: datetime, *, same_body: bool = False) -> NotModified:
    etag, modified = _validators(response)
    return NotModified(etag, modified, same_body, _freshness(response, now), moved_to(response), response.url)


def _validators(response: Response) -> tuple[str, str]:
    """ETag and Last-Modified, byte for byte: both are opaque."""
    return (_header(response, "ETag"), _header(response, "Last-Modified"))


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")


def _failure(problem: FetchProblem | None) -> Failed:
    assert problem is not None, "a failure has a reason"
    return Failed(problem.kind, problem.detail, problem.status, problem.retry_after)


def _freshness(response: Response, now: datetime) -> timedelta | None:
    cache_control, age = _header(response, "Cache-Control"), _header(response, "Age")
    return freshness(cache_control, age, _header(response, "Expires"), _header(response, "Date"), now)


def _is_old(entry: Entry, now: datetime) -> bool:
    """True if it is too old to be news, so that a first poll does not ask for a whole archive."""
    return entry.published is not None and now - entry.published > _READ_BACK


def _digest(entry: Entry) -> str:
    text = "\x00".join((entry.title, entry.summary, entry.content))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
