"""Memory over many polls and articles: `python -m tests.benchmarks.memory [POLLS [ARTICLES]]`.

Polls of 200 feeds that have not changed, with the clock in hand, then articles that are fetched, read and judged in the
worker. Prints the resident memory of the polling process after a warm-up (a fifth of the way) and at the end, in MB.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from crawler.poller import Poller
from crawler.state import open_locked
from crawler.work import Bench
from pipelines.encoding import decode
from pipelines.models import Entry, Feed, Page, Source, Watch
from tests.benchmarks.crawling import FEEDS, HOSTS, START, origins
from tests.crawler.crawling import crawl, fetch


def main(polls: int = 20_000, articles: int = 2_000) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with origins() as hosts:
        feeds = [f"{host}/feed{number}" for number in range(FEEDS // HOSTS) for host in hosts]
        pages = [f"{host}/a{number}" for number in range(FEEDS) for host in hosts]

        async def run(crawler: Any) -> None:
            with tempfile.TemporaryDirectory() as folder:
                await _polls(crawler, Path(folder), feeds, polls)
            await _articles(crawler, pages, articles)

        crawl(run, seconds=3_600)


async def _polls(crawler: Any, folder: Path, urls: list[str], number: int) -> None:
    now = START
    state, bench = open_locked(folder), Bench((), Watch())
    source = Source("s", "S", feeds=tuple(Feed(url, every=timedelta(minutes=5)) for url in urls))
    poller = Poller(state.store, bench, [source], crawler.engine.download_async, lambda: now)
    poller.register()
    rounds = number // len(urls)
    marks = _Marks("polls", len(urls))
    for done in range(1, rounds + 1):
        now += timedelta(minutes=40)
        while due := poller.claim(128):
            await asyncio.gather(*(poller.poll(one) for one in due))
        poller.write_unchanged()
        marks.look(done, rounds)
    bench.close()
    state.close()


async def _articles(crawler: Any, urls: list[str], number: int) -> None:
    bench, source = Bench((), Watch()), Source("s", "S")
    marks = _Marks("articles", 50)

    async def one(url: str, count: int) -> None:
        response = await fetch(crawler, url)
        page = Page(url, decode(response.body, response.headers["Content-Type"].decode()))
        await bench.judge(Entry(url, title="خبر"), page, source, f"art_{count}", START, None)

    for done in range(1, number // 50 + 1):
        await asyncio.gather(*(one(urls[(done * 50 + count) % len(urls)], done * 50 + count) for count in range(50)))
        marks.look(done, number // 50)
    bench.close()


class _Marks:
    """Memory after a fifth of the way and at the end."""

    def __init__(self, what: str, step: int) -> None:
        self._what, self._step = what, step
        self._early = 0.0

    def look(self, done: int, of: int) -> None:
        if done == max(1, of // 5):
            self._early = _resident()
        if done == of:
            late = _resident()
            figures = {"early_mb": round(self._early, 1), "end_mb": round(late, 1)}
            print(json.dumps({self._what: done * self._step, **figures, "growth": f"{late / self._early - 1:+.1%}"}))


def _resident() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
