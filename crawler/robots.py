"""robots.txt as RFC 9309 has it, for feeds, listings and pages alike.

Kept for a day at most; 4xx means that all is allowed, 5xx or no answer that nothing is. (Scrapy's own middleware keeps
the first answer for the life of the process, and allows all when there was none.)
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from crawler.network import FetchProblem, Refused, classify

KEPT = timedelta(hours=24)  # RFC 9309 §2.4
_UNREACHABLE_KEPT = timedelta(minutes=10)  # before it is asked for again
_MAX_SIZE = 512 * 1024  # bytes that are read, RFC 9309 §2.5
_MAX_HOSTS = 20_000
_MAX_CRAWL_DELAY = 300.0  # seconds; some sites write values that mean "go away" to all but a few

AGENT = "rasid"


@dataclass(frozen=True, slots=True)
class _Rules:
    until: float  # monotonic seconds
    rules: Any = None  # Protego; None: all is allowed
    problem: FetchProblem | None = None  # robots.txt could not be had: nothing is allowed


class RobotsMiddleware:
    """Asks a host's robots.txt before the first request to it, and keeps to its Crawl-delay."""

    clock = staticmethod(time.monotonic)

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._asking: dict[str, asyncio.Task[_Rules]] = {}
        self._delays: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Scrapy's way of making a middleware."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.slow_down, signals.request_reached_downloader)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Raises Refused if the request is not allowed, or if it cannot be known whether it is."""
        if request.meta.get("is_robots_txt"):
            return
        parts = urlsplit(request.url)
        known = await self._rules_of(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        if known.problem is not None:
            if known.problem.kind in ("dns", "private_address"):  # the host itself, whatever is asked of it
                raise Refused(known.problem)
            detail = f"robots.txt could not be had ({known.problem.detail}), so nothing is fetched for now"
            raise Refused(FetchProblem(known.problem.kind, detail, retry_after=known.problem.retry_after))
        if known.rules is not None and not known.rules.can_fetch(request.url, AGENT):
            raise Refused(FetchProblem("robots", "the site's robots.txt does not allow this address"))

    def slow_down(self, request: Request) -> None:
        """Give the host's slot its Crawl-delay, where that is longer than the configured delay."""
        engine = self._crawler.engine
        slot = engine.downloader.slots.get(str(request.meta.get("download_slot"))) if engine is not None else None
        wanted = self._delays.get(urlsplit(request.url).hostname or "", 0.0)
        if slot is not None and wanted > slot.delay:
            slot.delay = wanted

    async def _rules_of(self, origin: str) -> _Rules:
        known = self._rules.get(origin)
        if known is not None and known.until > self.clock():
            return known
        if origin not in self._asking:
            self._asking[origin] = asyncio.ensure_future(self._ask(origin))
            self._asking[origin].add_done_callback(lambda _: self._asking.pop(origin, None))
        return await asyncio.shield(
            self._asking[origin]
        )  # many wait for one answer; one that gives up ends only itself

    async def _ask(self, origin: str) -> _Rules:
        request = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            dont_filter=True,
            meta={"is_robots_txt": True, "handle_httpstatus_all": True},
        )
        try:
            response = await self._crawler.engine.download_async(request)
            problem = classify(response)
        except Exception as error:  # noqa: BLE001  (whatever handlers and middlewares raise: it is no answer)
            response, problem = None, classify(error)
        known = self._judged(origin, response, problem)
        self._rules[origin] = known
        self._rules.move_to_end(origin)
        while len(self._rules) > _MAX_HOSTS:
            self._rules.popitem(last=False)
        return known

    def _judged(self, origin: str, response: Response | None, problem: FetchProblem | None) -> _Rules:
        for_a_day = self.clock() + KEPT.total_seconds()
        if response is not None and problem is None:
            rules = Protego.parse(response.body[:_MAX_SIZE].decode("utf-8", "replace"))
            host = urlsplit(origin).hostname or ""
            self._delays[host] = min(rules.crawl_delay(AGENT) or 0.0, _MAX_CRAWL_DELAY)
            return _Rules(for_a_day, rules)
        assert problem is not None, "no answer without a reason"
        if response is not None and 400 <= response.status < 500:
            return _Rules(for_a_day)
        if problem.kind == "redirect_refused" and response is None:
            return _Rules(for_a_day)  # too many redirects count as "unavailable", RFC 9309 §2.3.1.2
        return _Rules(self.clock() + _UNREACHABLE_KEPT.total_seconds(), problem=problem)
