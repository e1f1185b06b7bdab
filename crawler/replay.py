"""Serves a folder of reports as feeds and pages on loopback, and takes them through the real chain.

Every report is published at its own date on a virtual clock, which steps from one due row to the next: holds, retries
and the digest happen when they would have happened.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

from alerts.channels import Channel
from crawler.config import Configuration
from crawler.daemon import Daemon
from crawler.intake import Outcome
from crawler.reports import Outlet, Report
from crawler.state import open_locked
from pipelines.archive import Store
from pipelines.models import Feed, Source

_NEVER = timedelta(days=365)  # a feed is polled when something is published in it or a row is due, not by the clock


@dataclass(frozen=True, slots=True)
class Ended:
    """What a replay leaves: when its clock stopped, how many digests had nothing to say."""

    at: datetime
    silent_digests: int


async def replay(
    reports: list[Report],
    configuration: Configuration,
    channels: Mapping[str, Channel],
    site: Site,
    as_of: datetime | None,
    mark: str,
    observe: Callable[[Outcome], None],
    look: Callable[[Store], None],
) -> Ended:
    """Take reports through the chain, each at its own date, then let holds and the digest fall due until `as_of`.

    Without `as_of` it ends with the first digest after the last report. `look` is given the store at the end, before
    it is thrown away.
    """
    reports = [report for report in reports if as_of is None or report.published <= as_of]
    clock = VirtualClock(reports[0].published.astimezone(UTC) if reports else datetime.now(UTC))
    silent = 0
    with tempfile.TemporaryDirectory(prefix="rasid-replay-") as folder:
        state = open_locked(Path(folder))
        try:
            daemon = Daemon(configuration, state, channels, clock, site.route, mark, observe)
            await daemon.start()
            for report in reports:
                silent += await _advance(daemon, clock, report.published)
                site.publish(report)
                daemon.poller.make_due(site.feed_of(report.outlet))
                await daemon.settle()
            end = as_of or daemon.housekeeping.next_digest() or clock.now
            silent += await _advance(daemon, clock, end)
            look(state.store)
            await daemon.stop()
        finally:
            state.close()
    return Ended(clock.now, silent)


async def _advance(daemon: Daemon, clock: VirtualClock, to: datetime) -> int:
    """Step from one due row to the next until `to`; returns how many digests were left out because nothing happened."""
    silent = 0
    while (due := daemon.next_due()) is not None and due <= to:
        clock.advance(due)
        await daemon.settle(ahead=2 * _NEVER)  # every feed is asked: the digest tells who answers
        silent += daemon.housekeeping.keep(heartbeats=False)
        await daemon.settle()
    clock.advance(to)
    return silent


class Site:
    """A web site on loopback: a feed for each outlet, and the pages of what is published so far."""

    def __init__(self) -> None:
        self._published: list[Report] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="replay-site", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>`"""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, report: Report) -> None:
        """Make a report appear in its outlet's feed, and its page behind its link."""
        with self._lock:
            self._published.insert(0, report)

    def feed_of(self, outlet: Outlet) -> str:
        """The address of an outlet's feed."""
        return f"{self.address}/feeds/{outlet.id}.xml"

    def route(self, link: str) -> str:
        """Where the page behind a report's link is served."""
        return f"{self.address}/pages/{_key(link)}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        with self._lock:
            published = list(self._published)
        if path.startswith("/feeds/"):
            outlet = path.removeprefix("/feeds/").removesuffix(".xml")
            return 200, "application/rss+xml; charset=utf-8", _rss([r for r in published if r.outlet.id == outlet])
        if path.startswith("/pages/"):
            for report in published:
                if _key(report.link) == path.removeprefix("/pages/") and report.page is not None:
                    return 200, "text/html; charset=utf-8", report.page.encode()
        return 404, "text/plain; charset=utf-8", b"not here"


def sources_of(reports: list[Report], site: Site) -> tuple[Source, ...]:
    """The outlets of a folder as sources with one feed each."""
    outlets = {report.outlet.id: report.outlet for report in reports}
    return tuple(
        Source(
            id=outlet.id,
            name=outlet.name,
            language=outlet.language,
            family=outlet.family or outlet.id,
            stance=outlet.stance,
            trust=outlet.trust,
            feeds=(Feed(site.feed_of(outlet), every=_NEVER),),
        )
        for outlet in outlets.values()
    )


@dataclass(slots=True)
class VirtualClock:
    """A clock that stands still until it is set; it never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, to: datetime) -> None:
        """Set it forward; an earlier time leaves it where it is."""
        self.now = max(self.now, to.astimezone(UTC))


def _key(link: str) -> str:
    return sha256(link.encode()).hexdigest()[:20]


def _rss(reports: list[Report]) -> bytes:
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    name = reports[0].outlet.name if reports else "nothing yet"
    for tag, text in (("title", name), ("link", "https://replay.example/"), ("description", "")):
        ElementTree.SubElement(channel, tag).text = text
    for report in reports:
        item = ElementTree.SubElement(channel, "item")
        ElementTree.SubElement(item, "title").text = report.title
        ElementTree.SubElement(item, "link").text = report.link
        ElementTree.SubElement(item, "guid", isPermaLink="false").text = report.id
        if report.summary:
            ElementTree.SubElement(item, "description").text = report.summary
        if report.dated:
            ElementTree.SubElement(item, "pubDate").text = format_datetime(report.published)
    return bytes(ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True))


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: else the delayed acknowledgement costs 40 ms
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status, kind, body = site.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent: rasid's own log says what was fetched."""

    return Handler
