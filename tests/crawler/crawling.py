"""Runs a real Scrapy crawler with rasid's settings for tests of the network. The reactor lives once per process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.reactor import install_reactor

from crawler.intake import Wanted
from crawler.network import FetchProblem, classify, install_resolver, scrapy_settings
from crawler.pauses import pauses
from crawler.spider import ArticleSpider
from pipelines.models import Entry, Page, Source

T = TypeVar("T")
LOOPBACK = ("127.0.0.0/8",)


class _Idle(scrapy.Spider):
    name = "idle"

    async def start(self) -> Any:
        await self.end.wait()
        return
        yield


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """A reactor in a thread of its own, running for as long as the tests do."""
    ready = threading.Event()
    found: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        from twisted.internet import reactor

        found.append(asyncio.get_event_loop())
        reactor.callWhenRunning(ready.set)
        reactor.run(installSignalHandlers=False)

    threading.Thread(target=run, daemon=True).start()
    assert ready.wait(10)
    return found[0]


def crawl(
    work: Callable[[Any], Awaitable[T]],
    *,
    allow: tuple[str, ...] = LOOPBACK,
    delay: float = 0.0,
    total: float = 5.0,
    ca_file: str = "",
    prepare: Callable[[], None] = lambda: None,
    seconds: float = 60,
) -> T:
    """Runs `work(crawler)` while a crawler with rasid's settings is up, and returns its result, if within `seconds`."""

    async def run() -> T:
        pauses.clear()
        prepare()
        install_resolver(allow)
        end = asyncio.Event()
        settings = scrapy_settings(
            contact="tests@example.org", delay=timedelta(seconds=delay), total=total, ca_file=ca_file
        )
        runner = AsyncCrawlerRunner(settings)
        crawler = runner.create_crawler(_Idle)
        started = asyncio.Event()

        def on_start() -> None:
            started.set()

        crawler.signals.connect(on_start, signals.engine_started)
        crawling = asyncio.ensure_future(runner.crawl(crawler, end=end))
        await asyncio.wait_for(started.wait(), 10)
        try:
            return await work(crawler)
        finally:
            end.set()
            await asyncio.wait({crawling}, timeout=10)

    return asyncio.run_coroutine_threadsafe(run(), _loop()).result(seconds)


def read_pages(*links: str) -> list[tuple[Page | None, FetchProblem | None]]:
    """What the daemon's own spider brings from these links, in their order."""

    async def run() -> list[tuple[Page | None, FetchProblem | None]]:
        pauses.clear()
        install_resolver(LOOPBACK)
        wanted: asyncio.Queue[Wanted | None] = asyncio.Queue()
        found: dict[str, tuple[Page | None, FetchProblem | None]] = {}

        def arrive(one: Wanted, page: Page | None, problem: FetchProblem | None) -> None:
            found[one.id] = page, problem
            if len(found) == len(links):
                wanted.put_nowait(None)

        for link in links:
            wanted.put_nowait(Wanted(link, Entry(link), Source("s", "S"), datetime.now(UTC), False, 1))
        settings = scrapy_settings(contact="tests@example.org", delay=timedelta(), total=5)
        await AsyncCrawlerRunner(settings).crawl(ArticleSpider, wanted=wanted, arrive=arrive, route=lambda link: link)
        return [found[link] for link in links]

    return asyncio.run_coroutine_threadsafe(run(), _loop()).result(60)


async def fetch(crawler: Any, url: str, **arguments: Any) -> scrapy.http.Response:
    """One request as a poll makes it."""
    return await crawler.engine.download_async(scrapy.Request(url, dont_filter=True, **arguments))


async def attempt(crawler: Any, url: str, **arguments: Any) -> FetchProblem | None:
    """What went wrong with one request; None if it brought something to use."""
    try:
        return classify(await fetch(crawler, url, **arguments))
    except Exception as error:  # noqa: BLE001  (as the poller does)
        return classify(error)


def get(url: str, *, attempt_only: bool = False, **arguments: Any) -> Any:
    """One request with a crawler of its own: the response, or (`attempt_only`) what went wrong."""
    options = {name: arguments.pop(name) for name in ("allow", "total", "ca_file", "prepare") if name in arguments}
    way = attempt if attempt_only else fetch
    return crawl(lambda crawler: way(crawler, url, **arguments), **options)
