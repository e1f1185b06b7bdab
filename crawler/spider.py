"""The one permanent spider: it fetches the pages it is asked for, for as long as the process lives.

What is no page (a PDF, a film, a picture) is cut off at its headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Headers, Request, Response

from crawler.intake import Wanted
from crawler.network import FetchProblem, classify
from pipelines.encoding import decode
from pipelines.models import Page

Arrival = Callable[[Wanted, Page | None, FetchProblem | None], None]
Route = Callable[[str], str]

_READABLE = ("html", "xml", "text/plain")
# How files begin that call themselves pages and are none.
_NO_TEXT = (b"%PDF-", b"\x89PNG\r", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"PK\x03\x04", b"\x1f\x8b")


class ArticleSpider(scrapy.Spider):
    """Fetches pages. `wanted` is its queue (None ends it), `arrive` takes what came, `route` says where a link is
    fetched (a replay fetches from loopback; everything else from the link itself)."""

    name = "articles"

    def __init__(self, wanted: asyncio.Queue[Wanted | None], arrive: Arrival, route: Route, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._wanted = wanted
        self._arrive = arrive
        self._route = route

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ArticleSpider:
        """Scrapy's way of making a spider."""
        spider: ArticleSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.look_at_headers, signals.headers_received)
        return spider

    def look_at_headers(self, headers: Headers, request: Request) -> None:
        """Raises StopDownload if what begins to come is no page; its body is never sent for."""
        if "wanted" in request.cb_kwargs and not _is_readable(_content_type(headers)):
            raise StopDownload(fail=False)

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """While this generator is pending the spider is not idle, so nothing has to keep it open."""
        while (wanted := await self._wanted.get()) is not None:
            try:
                yield scrapy.Request(
                    self._route(wanted.entry.link),
                    callback=self.parse,
                    errback=self.fail,
                    cb_kwargs={"wanted": wanted},
                    meta={"handle_httpstatus_all": True},
                    dont_filter=True,
                )
            except ValueError as error:  # what a feed calls a link may be none
                self._arrive(wanted, None, FetchProblem("failed", f"no usable link: {error}"))

    def parse(self, response: Response, wanted: Wanted) -> None:
        """A page came, or a refusal with a status."""
        problem = classify(response) or _unreadable(response)
        if problem is not None:
            self._arrive(wanted, None, problem)
            return
        self._arrive(wanted, Page(wanted.entry.link, decode(response.body, _content_type(response.headers))), None)

    def fail(self, failure: Any) -> None:
        """No answer (a Twisted failure): refused, timed out, too large, or not allowed."""
        wanted: Wanted = failure.request.cb_kwargs["wanted"]
        self._arrive(wanted, None, classify(failure))


def _unreadable(response: Response) -> FetchProblem | None:
    kind = _content_type(response.headers)
    if not _is_readable(kind):
        return FetchProblem("not_text", f"the link answers {kind}, which is no page")
    if response.body.startswith(_NO_TEXT):
        return FetchProblem("not_text", f"the link answers {kind or 'without a type'}, but with no text")
    return None


def _content_type(headers: Headers) -> str:
    return (headers.get("Content-Type") or b"").decode("latin-1")


def _is_readable(content_type: str) -> bool:
    return not content_type or any(word in content_type.lower() for word in _READABLE)
