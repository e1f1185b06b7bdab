"""The one permanent spider: it fetches the pages it is asked for, for as long as the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import scrapy
from scrapy.http import Response

from crawler.intake import Wanted
from crawler.network import FetchProblem, classify
from pipelines.encoding import decode
from pipelines.models import Page

Arrival = Callable[[Wanted, Page | None, FetchProblem | None], None]
Route = Callable[[str], str]

_READABLE = ("html", "xml", "text/plain")


class ArticleSpider(scrapy.Spider):
    """Fetches pages. `wanted` is its queue (None ends it), `arrive` takes what came, `route` says where a link is
    fetched (a replay fetches from loopback; everything else from the link itself)."""

    name = "articles"

    def __init__(self, wanted: asyncio.Queue[Wanted | None], arrive: Arrival, route: Route, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._wanted = wanted
        self._arrive = arrive
        self._route = route

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
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        self._arrive(wanted, Page(wanted.entry.link, decode(response.body, kind)), None)

    def fail(self, failure: Any) -> None:
        """No answer (a Twisted failure): refused, timed out, too large, or not allowed."""
        wanted: Wanted = failure.request.cb_kwargs["wanted"]
        self._arrive(wanted, None, classify(failure))


def _unreadable(response: Response) -> FetchProblem | None:
    kind = (response.headers.get("Content-Type") or b"text/html").decode("latin-1").lower()
    if any(word in kind for word in _READABLE):
        return None
    return FetchProblem("not_text", f"the link answers {kind}, which is no page")
