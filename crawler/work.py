"""The work done outside the loop's process: parsing feeds, reading pages, judging reports. See bench.py."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crawler.feeds import ParsedFeed, parse_feed
from crawler.listings import parse_listing, parse_sitemap
from pipelines.extraction import Furniture
from pipelines.judging import Judged, judge_page
from pipelines.lexicon import Lexicon, load_lexicon
from pipelines.markup import plain
from pipelines.models import Entry, Feed, Page, Source, Watch

_LARGE = 1_000_000  # characters of a page, or bytes of a feed, after which the worker gives memory back to the system
_PLAIN_LIMIT = 300_000  # characters of a page that killed its worker which are still read as plain text

_lexicon: Lexicon | None = None
_watch = Watch()
_furniture = Furniture()  # the worker's memory of its hosts: a new worker learns it again


def prepare(lexicon_files: Sequence[Path], watch: Watch) -> None:
    """What every task needs, read once."""
    global _lexicon, _watch
    _lexicon, _watch = load_lexicon(lexicon_files), watch


def judge(
    entry: Entry, page: Page | None, source: Source, identity: str, first_seen: datetime, usual_length: int | None
) -> Judged:
    """Read a page and judge the report."""
    assert _lexicon is not None, "the worker was not prepared"
    judged = judge_page(entry, page, source, identity, first_seen, usual_length, _lexicon, _watch, _furniture)
    if page is not None and len(page.html) > _LARGE:
        _give_memory_back()
    return judged


def judge_plain(
    entry: Entry, page: Page | None, source: Source, identity: str, first_seen: datetime, usual_length: int | None
) -> Judged:
    """Judge a report on its page as plain text."""
    assert _lexicon is not None, "the worker was not prepared"
    text = plain(page.html[:_PLAIN_LIMIT]) if page else ""
    bare = Entry(entry.link, entry.guid, entry.title, entry.summary, text or entry.content, entry.published)
    return judge_page(bare, None, source, identity, first_seen, usual_length, _lexicon, _watch)


def _give_memory_back() -> None:
    """The C library keeps what a large tree took: 300 MB after one page of a million elements, until it is told."""
    gc.collect()  # feedparser's trees hold each other
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)


def parse(feed: Feed, language: str, body: bytes, content_type: str, url: str, now: datetime) -> ParsedFeed:
    """Read what a feed, a listing or a sitemap answered. Raises NotAFeed."""
    try:
        if feed.kind == "listing":
            return parse_listing(body, url, feed.link, now, content_type=content_type, language=language)
        if feed.kind == "sitemap":
            return parse_sitemap(body, url, now)
        return parse_feed(body, content_type, url, language, now)
    finally:
        if len(body) > _LARGE:
            _give_memory_back()
