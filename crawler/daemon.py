"""One process, one loop: feeds are polled, pages fetched, reports judged, people told, until told to stop.

Everything that matters is a row with a due time; this file only asks, four times a second, what is due. A restart, a
crash or a jump of the clock therefore loses nothing. `Daemon` does the work, `run` drives it by the clock, a replay by
hand.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Request, Response
from sqlalchemy import Connection, delete, insert, update

from alerts import outbox
from alerts.channels import Channel, Trace
from alerts.dispatcher import Dispatcher
from crawler import systemd
from crawler.bench import Bench
from crawler.config import Configuration
from crawler.housekeeping import Housekeeping
from crawler.intake import Intake, Outcome, Wanted, next_fetch
from crawler.network import FetchProblem, install_resolver, scrapy_settings
from crawler.pauses import pauses
from crawler.poller import Due, Poller
from crawler.spider import ArticleSpider, Route
from crawler.state import State
from crawler.tables import daemon as daemon_table
from crawler.timing import utc_now
from pipelines.models import Page, Revision

log = structlog.get_logger("rasid.daemon")

POLLS = 128  # polls on their way at once, over all hosts
PAGES = 128  # pages on their way at once, over all hosts
TICK = 0.25  # seconds between two looks at what is due: a feed polled every second is not polled every two
GRACE = timedelta(seconds=7)  # for what is on its way when told to stop; the promise is 10 s in all
_SPREAD = timedelta(minutes=1)  # over which the first polls are spread; `--once` does not wait for it
_ALIVE = timedelta(seconds=10)  # between two signs of life in the store: each is a write to the disk
_HANG = timedelta(seconds=90)  # without progress for so long the watchdog is no longer fed


class Daemon:
    """The parts of a running rasid, and the steps they take.

    `clock` says what time it is, `route` where a link is fetched, `mark` stands first in every message, `observe` is
    shown every judged report, and `trace` is told of each step once it is done: fetch, commit, and those of the
    dispatcher.
    """

    def __init__(
        self,
        configuration: Configuration,
        state: State,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime] = utc_now,
        route: Route = lambda link: link,
        mark: str = "",
        observe: Callable[[Outcome], None] = lambda outcome: None,
        trace: Trace = lambda step: None,
    ) -> None:
        self.configuration = configuration
        self.store = state.store
        self.clock = clock
        self._channels = {name: channel.settings for name, channel in channels.items()}
        self._route = route
        settings = configuration.settings
        self._bench = Bench(configuration.lexicon_files, configuration.watch)
        self._sources = {source.id: source for source in configuration.sources}
        self.intake = Intake(self.store, self._bench, configuration.lexicon, self._plan, clock, observe, trace)
        self.poller = Poller(
            self.store, self._bench, configuration.sources, self.fetch, clock, slowest=settings.network.slowest
        )
        self.dispatcher = Dispatcher(
            self.store,
            channels,
            settings.policy,
            clock,
            configuration.lexicon,
            timezone=ZoneInfo(settings.timezone),
            mark=mark,
            trace=trace,
        )
        self.housekeeping = Housekeeping(self.store, configuration, self._channels, clock)
        self._wanted: asyncio.Queue[Wanted | None] = asyncio.Queue()
        self.hurry: Callable[[str], None] = lambda job: None  # has a job of the clock ("tick", "dispatch") run at once
        self._pages_away = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    # --- start and stop

    async def start(self) -> None:
        """Bring up the crawler and the worker; feeds that are new get their first due time."""
        settings = self.configuration.settings
        install_resolver(settings.network.allow_private)
        pauses.keep_in(self.store, self.clock)
        runner = AsyncCrawlerRunner(
            scrapy_settings(contact=settings.contact, delay=settings.network.delay, ca_file=settings.network.ca_file)
        )
        self._crawler = runner.create_crawler(ArticleSpider)
        started = asyncio.Event()

        def on_start() -> None:
            started.set()

        self._crawler.signals.connect(on_start, signals.engine_started)
        self._crawling = asyncio.ensure_future(
            runner.crawl(self._crawler, wanted=self._wanted, arrive=self._arrive, route=self._route)
        )
        waiting = asyncio.ensure_future(started.wait())
        await asyncio.wait({waiting, self._crawling}, return_when=asyncio.FIRST_COMPLETED)
        if not started.is_set():
            waiting.cancel()
            await self._crawling  # raises what went wrong
        self.poller.register()
        self.intake.recover()
        with self.store.write() as connection:
            connection.execute(delete(daemon_table))
            now = self.clock()
            connection.execute(insert(daemon_table).values(id=1, pid=os.getpid(), started=now, alive=now))

    async def stop(self, grace: timedelta = GRACE) -> None:
        """Finish what ends within `grace` and let go of the rest: what is cut is due again when rasid next starts."""
        self._stopping = True
        deadline = asyncio.get_running_loop().time() + grace.total_seconds()
        await self.dispatcher.stop(grace.total_seconds())
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=left)
        for task in self._tasks:
            task.cancel()
        self.poller.write_unchanged()
        await self._wanted.put(None)
        self._bench.close()
        await self._crawler.stop_async()
        await asyncio.wait({self._crawling}, timeout=2)
        with self.store.write() as connection:
            connection.execute(delete(daemon_table))

    # --- the steps

    def poll_due(self) -> int:
        """Start polling every feed that is due and has a place; returns how many."""
        due = self.poller.claim(POLLS - len(self._tasks))
        for one in due:
            self._spawn(self._poll(one))
        return len(due)

    def fetch_due(self) -> int:
        """Ask for the page of every entry that is due and has a place; returns how many."""
        wanted = self.intake.claim(self._sources, PAGES - self._pages_away)
        for one in wanted:
            self._pages_away += 1
            self._wanted.put_nowait(one)
        return len(wanted)

    async def dispatch_due(self) -> int:
        """Send everything that is due; returns how many deliveries were handled."""
        return await self.dispatcher.dispatch_due()

    def next_due(self) -> datetime | None:
        """When the next delivery, page or digest falls due (feeds apart); None if nothing waits."""
        with self.store.read() as connection:
            times = [outbox.next_due(connection), next_fetch(connection), self.housekeeping.next_digest()]
        return min((time for time in times if time is not None), default=None)

    async def poll_once(self) -> None:
        """Poll every feed that was never polled or is due, and wait for the outcome; pages are left."""
        for one in self.poller.claim(POLLS, ahead=_SPREAD):
            self._spawn(self._poll(one))
        await self._all_done()
        self.poller.write_unchanged()

    async def settle(self, ahead: timedelta = timedelta(0)) -> None:
        """Poll every feed that is due (or will be within `ahead`) once, and work until nothing is left to do."""
        polled: set[str] = set()
        while True:
            due = self.poller.claim(POLLS - len(self._tasks), ahead=ahead, without=polled)
            polled |= {one.feed.url for one in due}
            for one in due:
                self._spawn(self._poll(one))
            begun = len(due) + self.fetch_due()
            await self._all_done()
            if begun == 0 and await self.dispatch_due() == 0:
                return

    async def _all_done(self) -> None:
        while self._tasks or self._pages_away:
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(0.01)

    # --- what the parts call

    async def fetch(self, request: Request) -> Response:
        """Ask for one address, with all manners and limits; raises whatever keeps it from being had."""
        assert self._crawler.engine is not None, "the crawler runs"
        return await self._crawler.engine.download_async(request)

    async def _poll(self, due: Due) -> None:
        if await self.poller.poll(due):
            self.hurry("tick")

    def _arrive(self, wanted: Wanted, page: Page | None, problem: FetchProblem | None) -> None:
        self._spawn(self._take(wanted, page, problem))

    async def _take(self, wanted: Wanted, page: Page | None, problem: FetchProblem | None) -> None:
        try:
            if await self.intake.take(wanted, page, problem):
                self.hurry("dispatch")
        finally:
            self._pages_away -= 1

    def _plan(self, connection: Connection, revision: Revision, now: datetime) -> None:
        outbox.plan(
            connection,
            revision,
            self._channels,
            self.configuration.settings.policy,
            self.configuration.watch,
            now,
            self.configuration.lexicon,
            ZoneInfo(self.configuration.settings.timezone),
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its row stays due, so it is tried again; that it failed must be seen.
            log.error("a step failed", exc_info=error)


# --- driven by the clock ------------------------------------------------------------------------------------------


async def run(daemon: Daemon) -> None:
    """Run until SIGTERM or SIGINT. A second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    await daemon.start()
    pulse = Pulse(daemon)
    scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    scheduler.add_job(pulse.tick, "interval", seconds=TICK, id="tick")
    scheduler.add_job(pulse.dispatch, "interval", seconds=0.5, id="dispatch")
    scheduler.add_job(pulse.keep_house, "interval", seconds=30)
    scheduler.add_job(pulse.look_after_sources, "interval", minutes=10)
    scheduler.start()
    daemon.hurry = lambda job: scheduler.modify_job(job, next_run_time=datetime.now(UTC))
    systemd.notify("READY=1")
    log.info("running", sources=len(daemon.configuration.sources), state=str(daemon.configuration.state))
    await stop.wait()
    log.info("stopping")
    systemd.notify("STOPPING=1")
    daemon.hurry = lambda job: None
    scheduler.shutdown(wait=False)
    await daemon.stop()
    log.info("stopped")


async def run_once(daemon: Daemon) -> None:
    """Poll every due feed once, read what they bring, send what is due, and end: for cron."""
    await daemon.start()
    try:
        await daemon.settle(ahead=_SPREAD)
        daemon.housekeeping.keep()
        await daemon.dispatch_due()
    finally:
        await daemon.stop()


class Pulse:
    """The jobs of the scheduler, and the proof for systemd's watchdog that they get somewhere."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._dispatched = asyncio.get_running_loop().time()
        self._alive = 0.0  # when the store was last told

    async def tick(self) -> None:
        """Begin what is due. The watchdog is fed only while the loop, the store and the dispatcher all answer."""
        self._daemon.poll_due()
        self._daemon.fetch_due()
        now = asyncio.get_running_loop().time()
        if now - self._alive >= _ALIVE.total_seconds():
            with self._daemon.store.write() as connection:
                connection.execute(update(daemon_table).values(alive=self._daemon.clock()))
            self._alive = now
        if now - self._dispatched < _HANG.total_seconds():
            systemd.notify("WATCHDOG=1")

    async def dispatch(self) -> None:
        """Begin sending what is due; a slow receiver holds up nobody."""
        await self._daemon.dispatcher.dispatch_due(wait=False)
        self._dispatched = asyncio.get_running_loop().time()

    async def keep_house(self) -> None:
        """Digest, notices, closing and clearing."""
        self._daemon.housekeeping.keep()

    async def look_after_sources(self) -> None:
        """Which source has gone quiet, broken or blocked."""
        self._daemon.housekeeping.look_after_sources()
