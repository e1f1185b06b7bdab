"""Hosts that asked to be left alone, and until when: kept in the store, so that no restart makes rasid ask too early.

One rule for everything that is asked of a host, its feeds, pages and robots.txt: a 429 and a 503 with Retry-After speak
for the whole host, and what they ask for is honoured as `scheduling.asked_to_wait` says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, or_, select

from crawler.scheduling import LONGEST_WAIT
from crawler.tables import host_pauses
from crawler.timing import utc_now
from pipelines.archive import Store


class Pauses:
    """Which hosts are left alone. Without a store they are remembered for as long as the process lives."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all, and the store too: as a process begins."""
        self._until: dict[str, datetime] = {}
        self._store: Store | None = None
        self._clock: Callable[[], datetime] = utc_now

    def keep_in(self, store: Store, clock: Callable[[], datetime]) -> None:
        """From now on remember in `store`, and go by what it remembers. Called again, it replaces the former store."""
        self._store, self._clock = store, clock
        with store.read() as connection:
            self._until = {row.host: row.until for row in connection.execute(select(host_pauses))}

    def note(self, url: str, wait: timedelta) -> None:
        """The host of `url` asks to be left alone for `wait`; on disk before anything else is asked."""
        if (wait := min(wait, LONGEST_WAIT)) <= self.left(url):
            return
        now, host = self._clock(), _host(url)
        self._until = {other: until for other, until in self._until.items() if until > now} | {host: now + wait}
        if self._store is not None:
            with self._store.write() as connection:
                over = or_(host_pauses.c.host == host, host_pauses.c.until <= now)
                connection.execute(delete(host_pauses).where(over))
                connection.execute(insert(host_pauses).values(host=host, until=now + wait))

    def left(self, url: str) -> timedelta:
        """How long the host of `url` is still to be left alone; zero or less: not at all."""
        until = self._until.get(_host(url))
        left = until - self._clock() if until is not None else timedelta()
        # Longer than any wait is granted: it was noted by a clock that ran ahead.
        return left if left <= LONGEST_WAIT else timedelta()


pauses = Pauses()  # of this process, like the resolver on its reactor: Scrapy makes the parts that need it


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()
