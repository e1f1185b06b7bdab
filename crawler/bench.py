"""Where the work is done that hostile input can stall: in a worker process, each task with a time limit.

A document that does not end in time kills its worker process, which is replaced; the report is then judged on plain
text, and if that fails too, on what its feed said. What the worker does is in work.py, and only that is imported there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from crawler import work
from crawler.feeds import ParsedFeed
from pipelines.judging import Judged
from pipelines.models import Entry, Feed, Page, Source, Watch
from pipelines.workers import WorkerKilled, Workers

log = structlog.get_logger("rasid.work")

PAGE_SECONDS = 15.0
FEED_SECONDS = 20.0


class Bench:
    """Runs work in the worker process."""

    def __init__(self, lexicon_files: Sequence[Path], watch: Watch) -> None:
        self._workers = Workers(initializer=work.prepare, initargs=(tuple(lexicon_files), watch))

    async def judge(
        self,
        entry: Entry,
        page: Page | None,
        source: Source,
        identity: str,
        first_seen: datetime,
        usual_length: int | None,
    ) -> Judged:
        """Read and judge one report, whatever its page does."""
        arguments = (source, identity, first_seen, usual_length)
        try:
            return await self._workers.run(work.judge, entry, page, *arguments, timeout=PAGE_SECONDS)
        except WorkerKilled as error:
            log.warning("page killed its worker, read as plain text", url=entry.link, why=str(error))
        try:
            return await self._workers.run(work.judge_plain, entry, page, *arguments, timeout=PAGE_SECONDS)
        except WorkerKilled as error:
            log.warning("page killed its worker twice, judged on its feed's words", url=entry.link, why=str(error))
        try:
            return await self._workers.run(work.judge, entry, None, *arguments, timeout=PAGE_SECONDS)
        except WorkerKilled as error:
            log.error("report killed its worker by its feed's words alone, left unread", url=entry.link, why=str(error))
        unread = Entry(entry.link, entry.guid, published=entry.published)
        return await self._workers.run(work.judge, unread, None, *arguments, timeout=PAGE_SECONDS)

    async def parse(
        self, feed: Feed, language: str, body: bytes, content_type: str, url: str, now: datetime
    ) -> ParsedFeed:
        """Read what a feed answered. Raises NotAFeed, or WorkerKilled if it does not end in time."""
        return await self._workers.run(work.parse, feed, language, body, content_type, url, now, timeout=FEED_SECONDS)

    def close(self) -> None:
        """End the worker process."""
        self._workers.close()
