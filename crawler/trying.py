"""Feeds tried once and thrown away: `rasid check --live`, and finding the feed of a site for `rasid sources add`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit
from scrapy.http import Request
from sqlalchemy import select, update

from crawler.config import Configuration
from crawler.daemon import Daemon
from crawler.errors import CrawlerError
from crawler.intake import ENTRY, Outcome
from crawler.listings import discover
from crawler.network import classify
from crawler.scheduling import FeedState
from crawler.state import open_locked
from crawler.tables import STATE, entries, feeds
from pipelines.models import BodyState, Entry, Feed, Source

_ADVICE = {  # what to do about each kind of problem
    "blocked": "the site refuses robots: ask the publisher, or disable the source",
    "busy": "it asks to wait; rasid will, and longer than this try",
    "connection": "nobody answers there: check the address and your own connection",
    "dns": "the name does not resolve: check the spelling, or whether the site has moved",
    "gone": "the publisher took the feed down: look for a new one with `rasid sources add`",
    "not_a_feed": "this address gives something else: look for the feed with `rasid sources add`",
    "not_found": "there is nothing at this address: look for the feed with `rasid sources add`",
    "private_address": "if it really is yours, add its network to allow_private under [network]",
    "robots": "its robots.txt forbids it: ask the publisher, or disable the source",
    "timeout": "too slow: it is tried again at every poll; disable it if it stays so",
    "tls": "its certificate is not valid: tell the publisher; rasid never goes on without",
    "too_large": "larger than 5 MB: look for a feed with fewer items",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What one poll of a feed brought."""

    source: str
    url: str
    probation: bool
    format: str
    entries: int
    newest: datetime | None
    dated: int  # entries with a date that can be believed
    full_text: int  # entries whose feed carries their whole text
    body: BodyState | None  # of the newest entry's page; None if none was asked for
    problem: str
    advice: str


async def try_feeds(configuration: Configuration, sources: tuple[Source, ...], *, pages: bool = True) -> list[Tried]:
    """Poll each feed once, and with `pages` fetch the page of its newest entry; nothing is kept and nobody is told."""
    outcomes: dict[str, Outcome] = {}

    def observe(outcome: Outcome) -> None:
        outcomes[outcome.judged.article.id] = outcome

    with tempfile.TemporaryDirectory(prefix="rasid-try-") as folder:
        state = open_locked(Path(folder))
        try:
            daemon = Daemon(replace(configuration, replayed=sources), state, {}, observe=observe)
            await daemon.start()
            await daemon.poll_once()
            found = {feed.url: _entries(daemon, feed.url) for source in sources for feed in source.feeds}
            newest = {url: max(known, key=_age, default=None) for url, known in found.items()}
            if pages:
                wanted = {one[0] for one in newest.values() if one is not None}
                with daemon.store.write() as connection:
                    connection.execute(update(entries).where(entries.c.id.not_in(wanted)).values(next_fetch=None))
                await daemon.settle()
            with daemon.store.read() as connection:
                states = {row.url: STATE.validate_json(row.state) for row in connection.execute(select(feeds))}
            await daemon.stop(timedelta(seconds=1))
        finally:
            state.close()
    return [
        _tried(source, feed, states.get(feed.url), found[feed.url], outcomes.get((newest[feed.url] or ("",))[0]))
        for source in sources
        for feed in source.feeds
    ]


async def find_feed(configuration: Configuration, url: str) -> Tried:
    """The best feed of a site. Raises CrawlerError if the site cannot be had or has none."""
    with tempfile.TemporaryDirectory(prefix="rasid-try-") as folder:
        state = open_locked(Path(folder))
        try:
            daemon = Daemon(replace(configuration, replayed=(Source("none", "none"),)), state, {})
            await daemon.start()
            try:
                response = await daemon.fetch(Request(url, meta={"handle_httpstatus_all": True}))
            except Exception as error:
                raise CrawlerError(f"{url}: {classify(error)}") from error
            problem = classify(response)
            if problem is not None:
                raise CrawlerError(f"{url}: {problem}")
            candidates = [Feed(url), *(Feed(one.url, one.kind) for one in discover(response.body, response.url))][:16]
            best: Tried | None = None
            for feed in candidates:
                source = Source(id=_identifier(url), name=urlsplit(url).hostname or url, feeds=(feed,))
                tried = await _try_one(daemon, source, feed)
                if tried.entries and (best is None or tried.dated > best.dated):
                    best = tried
                    if tried.dated == tried.entries:
                        break
            await daemon.stop(timedelta(seconds=1))
        finally:
            state.close()
    if best is None:
        raise CrawlerError(
            f"{url}: no feed and no sitemap found; if it has a page of headlines, add it by hand as a listing "
            '(kind = "listing", link = "CSS selector of the headlines")'
        )
    return best


def add_source(path: Path, tried: Tried, language: str) -> str:
    """Write a source into a configuration file, keeping its comments; returns what was written."""
    kind = "sitemap" if tried.format.startswith("sitemap") else "listing" if tried.format == "listing" else "feed"
    source = tomlkit.table()
    source.update({"id": tried.source, "name": urlsplit(tried.url).hostname or tried.source, "language": language})
    source.update({"probation": True})
    feed = tomlkit.table()
    feed.update({"url": tried.url, "kind": kind, "every": "10m"})
    feeds_array = tomlkit.aot()
    feeds_array.append(feed)
    source.append("feeds", feeds_array)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    known = document.get("sources")
    if known is not None and any(one.get("id") == tried.source for one in known):
        raise CrawlerError(f"{path}: has a source {tried.source} already; change it there")
    if known is None:
        known = tomlkit.aot()
        known.append(source)
        document.append("sources", known)
    else:
        known.append(source)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    alone = tomlkit.document()
    single = tomlkit.aot()
    single.append(source)
    alone.append("sources", single)
    return tomlkit.dumps(alone)


async def _try_one(daemon: Daemon, source: Source, feed: Feed) -> Tried:
    daemon.poller.add(source)
    await daemon.poll_once()
    with daemon.store.read() as connection:
        row = connection.execute(select(feeds.c.state).where(feeds.c.url == feed.url)).one()
    return _tried(source, feed, STATE.validate_json(row.state), _entries(daemon, feed.url), None)


def _entries(daemon: Daemon, url: str) -> list[tuple[str, Entry]]:
    with daemon.store.read() as connection:
        rows = connection.execute(select(entries.c.id, entries.c.document).where(entries.c.feed == url)).all()
    return [(row.id, ENTRY.validate_json(row.document)) for row in rows]


def _age(known: tuple[str, Entry]) -> float:
    return known[1].published.timestamp() if known[1].published else 0.0


def _tried(
    source: Source, feed: Feed, state: FeedState | None, found: list[tuple[str, Entry]], outcome: Outcome | None
) -> Tried:
    dates = [entry.published for _, entry in found if entry.published is not None]
    problem, advice = "", ""
    if state is None or state.last_poll is None:
        problem, advice = "was not polled", "try again"
    elif state.kind:
        problem, advice = f"{state.kind}: {state.why}", _ADVICE.get(state.kind, "look at it in a browser")
    elif not found:
        problem, advice = "no entries", "look at it in a browser; the address may be that of an empty section"
    elif not dates:
        problem, advice = "no dates", "its reports count from when they are first seen"
    elif state.problems:
        problem = "; ".join(state.problems)
    if not problem and outcome is not None and outcome.judged.article.body_state != "full":
        problem = f"the newest page's body is {outcome.judged.article.body_state}"
        advice = "name the CSS selector of the body in `body`"
    return Tried(
        source=source.id,
        url=feed.url,
        probation=source.probation,
        format=state.format if state else "",
        entries=len(found),
        newest=max(dates, default=None),
        dated=len(dates),
        full_text=sum(len(entry.content) > 500 for _, entry in found),
        body=outcome.judged.article.body_state if outcome else None,
        problem=problem,
        advice=advice,
    )


def _identifier(url: str) -> str:
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    return "".join(character if character.isalnum() else "_" for character in host.rsplit(".", 1)[0].lower())
