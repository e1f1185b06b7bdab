"""Polling and reading, with a real site, a real store and a clock in hand: what is asked for, stored, and asked again.

The numbers are those of the manners of polling (b…) and of the faults (f…) that this project keeps lists of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Request, Response
from sqlalchemy import insert, select, update

from crawler.bench import Bench
from crawler.intake import Intake, Outcome
from crawler.network import FetchProblem, classify
from crawler.poller import Poller
from crawler.state import State, open_locked
from crawler.tables import STATE, entries, feeds
from pipelines.archive import reports
from pipelines.encoding import decode
from pipelines.lexicon import load_lexicon
from pipelines.models import Feed, Page, Revision, Source, Watch
from tests.crawler.crawling import crawl
from tests.origin import Answer, Origin

START = datetime(2025, 9, 24, 18, tzinfo=UTC)
CLASH = "اشتباك مسلح بين سرايا السلام وعصائب أهل الحق في قضاء أبي الخصيب بمحافظة البصرة أسفر عن مقتل شخص"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench((), Watch())
    yield made
    made.close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as made:
        yield made


@dataclass
class Desk:
    """A poller and an intake on a store of their own. `now` is the clock."""

    folder: Path
    bench: Bench
    origin: Origin
    now: datetime = START
    every: timedelta = timedelta(minutes=10)
    revisions: list[Revision] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def source(self) -> Source:
        return Source("s", "S", family="s", feeds=(Feed(self.origin.url("/feed"), every=self.every),))

    def work(self, job: Callable[[Poller, Intake, Any], Awaitable[Any]]) -> Any:
        """Open the state, do the job in the crawler's loop, close: each call is a restart."""
        with self._open() as state:

            async def run(crawler: Any) -> Any:
                poller = Poller(
                    state.store, self.bench, (self.source,), crawler.engine.download_async, lambda: self.now
                )
                intake = Intake(
                    state.store, self.bench, load_lexicon(), self._plan, lambda: self.now, self.outcomes.append
                )
                poller.register()
                return await job(poller, intake, crawler)

            return crawl(run)

    def poll(self, times: int = 1, step: timedelta | None = None) -> None:
        """Poll when due, and read every page that is due."""

        async def job(poller: Poller, intake: Intake, crawler: Any) -> None:
            for _ in range(times):
                self.now += self.every * 1.2 if step is None else step
                await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))
                poller.write_unchanged()
                for wanted in intake.claim({"s": self.source}, 100):
                    page, problem = await _page(crawler, wanted.entry.link)
                    await intake.take(wanted, page, problem)

        self.work(job)

    @property
    def state(self) -> Any:
        with self._open() as state, state.store.read() as connection:
            return STATE.validate_json(connection.execute(select(feeds.c.state)).scalar_one())

    def rows(self, table: Any) -> list[Any]:
        with self._open() as state, state.store.read() as connection:
            return list(connection.execute(select(table)))

    def incidents(self) -> list[Any]:
        with self._open() as state, state.store.read() as connection:
            return reports.list_incidents(connection)

    def publish(self, *items: str, etag: str = "", status: int = 200, date: datetime | None = None) -> None:
        """Have the feed say these items (title|path|summary); each has a page of its own."""
        body = "".join(self._item(*item.split("|"), date=date) for item in items)
        feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>S</title>{body}</channel></rss>'
        headers = {"Content-Type": "application/rss+xml", **({"ETag": etag} if etag else {})}
        self.origin["/feed"] = Answer(feed.encode(), status=status, headers=headers)

    def page(self, path: str, text: str, title: str = "خبر") -> None:
        html = (
            f"<html lang='ar'><head><title>{title}</title></head><body><article><p>{text}</p></article></body></html>"
        )
        self.origin[path] = Answer(html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    def _item(self, title: str, path: str, summary: str = "", date: datetime | None = None) -> str:
        link = path if path.startswith("http") else self.origin.url(path)
        return (
            f"<item><title>{title}</title><link>{link}</link><guid>{path}</guid><description>{summary}</description>"
            f"<pubDate>{format_datetime(date or START)}</pubDate></item>"
        )

    def _plan(self, connection: object, revision: Revision, now: datetime) -> None:
        self.revisions.append(revision)

    @contextmanager
    def _open(self) -> Iterator[State]:
        state = open_locked(self.folder)
        try:
            yield state
        finally:
            state.close()


async def _page(crawler: Any, link: str) -> tuple[Page | None, FetchProblem | None]:
    try:
        response: Response = await crawler.engine.download_async(
            Request(link, dont_filter=True, meta={"handle_httpstatus_all": True})
        )
    except Exception as error:  # noqa: BLE001
        return None, classify(error)
    if (problem := classify(response)) is not None:
        return None, problem
    return Page(link, decode(response.body, (response.headers.get("Content-Type") or b"").decode())), None


@pytest.fixture
def desk(tmp_path: Path, bench: Bench, origin: Origin) -> Desk:
    return Desk(tmp_path / "state", bench, origin)


# --- conditional requests ---


def test_b01_one_unconditional_request_in_a_feeds_life_also_over_restarts(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='W/"one"')
    for _ in range(3):
        desk.poll()
    asked = desk.origin.requests("/feed")
    assert ["if-none-match" in one.headers for one in asked] == [False, True, True]
    assert asked[1].headers["if-none-match"] == 'W/"one"'


def test_b06_validators_are_stored_only_with_the_entries_they_brought(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='"one"')

    async def cut_off(poller: Poller, intake: Intake, crawler: Any) -> None:
        desk.now += timedelta(hours=1)
        due = poller.claim(10)[0]

        def die(*arguments: object) -> None:
            raise RuntimeError("the power went")

        poller._save_state = die  # type: ignore[assignment]
        with pytest.raises(RuntimeError):
            await poller.poll(due)

    desk.work(cut_off)
    assert desk.rows(entries) == []
    assert desk.state.etag == ""
    desk.poll()
    assert len(desk.rows(entries)) == 1
    assert desk.state.etag == '"one"'


def test_b07_polls_that_brought_nothing_are_recorded_together_and_a_lost_one_means_one_more_poll(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='"one"')
    desk.poll()
    desk.origin["/feed"] = Answer(status=304, headers={"ETag": '"one"'})
    before = desk.state

    async def killed(poller: Poller, intake: Intake, crawler: Any) -> None:
        desk.now += timedelta(hours=1)
        await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))

    desk.work(killed)
    assert desk.state.last_poll == before.last_poll
    assert len(desk.origin.requests("/feed")) == 2

    async def lives(poller: Poller, intake: Intake, crawler: Any) -> None:
        desk.now += timedelta(minutes=6)
        await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))
        assert poller.claim(10) == []

    desk.work(lives)
    assert desk.state.last_poll == desk.now
    assert len(desk.origin.requests("/feed")) == 3


def test_b07_a_304_reads_nothing_and_fetches_nothing(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='"one"')
    desk.page("/a", "نص")
    desk.poll()
    desk.origin["/feed"] = Answer(status=304, headers={"ETag": '"one"'})
    desk.poll(3)
    assert len(desk.origin.requests("/a")) == 1
    assert desk.state.failures == 0


def test_b08_f043_the_same_body_under_a_new_etag_is_nothing_new(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='"one"')
    desk.page("/a", "نص")
    desk.poll()
    desk.publish("خبر|/a", etag='"two"')
    desk.poll()
    assert desk.state.etag == '"two"'
    assert len(desk.origin.requests("/a")) == 1


def test_b11_quiet_hours_are_learned_from_what_came_and_known_after_a_restart(desk: Desk) -> None:
    desk.publish("خبر|/a", etag='"one"')
    desk.poll()
    desk.origin["/feed"] = Answer(status=304, headers={"ETag": '"one"'})
    with desk._open() as state, state.store.write() as connection:  # four weeks of working days, 6 to 18 o'clock UTC
        connection.execute(update(feeds).values(added=desk.now - timedelta(days=30)))
        template = connection.execute(select(entries)).one()._asdict()
        midnight = desk.now.replace(hour=0, minute=0, second=0, microsecond=0)
        connection.execute(
            insert(entries),
            [
                {**template, "id": f"{day} {hour}", "first_poll": False, "next_fetch": None}
                | {"first_seen": midnight - timedelta(days=day, hours=-hour)}
                for day in range(1, 29)
                for hour in range(6, 18)
            ],
        )

    def interval(hour: int) -> float:
        desk.now = midnight + timedelta(days=1, hours=hour)
        before = len(desk.origin.requests("/feed"))
        desk.poll(90, step=timedelta(minutes=1))
        return 90 / (len(desk.origin.requests("/feed")) - before)

    assert 25 <= interval(0) <= 45
    assert 9 <= interval(8) <= 13


def test_b12_the_interval_is_kept_over_a_restart(desk: Desk) -> None:
    desk.publish("خبر|/a")
    desk.poll()
    desk.poll(step=timedelta(minutes=9))
    assert len(desk.origin.requests("/feed")) == 1
    desk.poll(step=timedelta(minutes=3))
    assert len(desk.origin.requests("/feed")) == 2


def test_b32_a_feed_that_is_being_polled_is_not_due(desk: Desk) -> None:
    async def twice(poller: Poller, intake: Intake, crawler: Any) -> tuple[int, int]:
        desk.now += timedelta(hours=1)
        return len(poller.claim(10)), len(poller.claim(10))

    assert desk.work(twice) == (1, 0)


def test_a_clock_that_ran_ahead_and_back_does_not_stall_a_feed(desk: Desk) -> None:
    desk.publish("خبر|/a")
    desk.now += timedelta(days=365)
    desk.poll()
    desk.now -= timedelta(days=365)
    desk.poll()
    assert len(desk.origin.requests("/feed")) == 2


def test_b12_a_feed_that_is_asked_once_a_week_waits_a_week_also_over_restarts(desk: Desk) -> None:
    desk.every = timedelta(days=7)
    desk.publish("خبر|/a")
    desk.poll()
    desk.poll(3, step=timedelta(days=1))
    assert len(desk.origin.requests("/feed")) == 1
    desk.poll(5, step=timedelta(days=1))
    assert len(desk.origin.requests("/feed")) == 2


# --- what is no feed, and what is half of one ---


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(b"<html><body>Welcome</body></html>", headers={"Content-Type": "text/html"}), "not_a_feed"),
        (Answer(b"", headers={"Content-Type": "application/rss+xml"}), "not_a_feed"),
        (Answer(b"no", status=403, headers={"cf-mitigated": "challenge"}), "blocked"),
        (Answer(b"no", status=500), "http_5xx"),
        (Answer(b"no", status=404), "not_found"),
    ],
)
def test_b22_f024_f025_a_wrong_answer_is_a_failure_and_keeps_validators(desk: Desk, answer: Answer, kind: str) -> None:
    desk.publish("خبر|/a", etag='"one"')
    desk.poll()
    desk.origin["/feed"] = answer
    desk.poll()
    assert desk.state.kind == kind
    assert desk.state.etag == '"one"'
    desk.publish("خبر|/a", "آخر|/b", etag='"two"')
    desk.poll(step=timedelta(days=1))
    assert len(desk.rows(entries)) == 2


def test_b23_f026_a_feed_cut_short_gives_what_it_has_and_is_asked_for_the_rest(desk: Desk) -> None:
    desk.publish("خبر|/a", "آخر|/b", etag='"one"')
    whole = desk.origin._scripts["/feed"][0]
    assert isinstance(whole, Answer)
    desk.origin["/feed"] = Answer(whole.body[: whole.body.rindex(b"<item>") + 20], headers=whole.headers)
    desk.poll()
    assert len(desk.rows(entries)) == 1
    assert desk.state.etag == ""
    desk.origin["/feed"] = whole
    desk.poll()
    assert len(desk.rows(entries)) == 2


def test_one_feed_that_fails_costs_no_other(desk: Desk) -> None:
    """Taranis AI loses a whole poll when one article answers 403; here one page costs one page."""
    desk.publish("منع|/no", f"{CLASH}|/yes")
    desk.origin["/no"] = Answer(b"no", status=403)
    desk.page("/yes", CLASH + ".", CLASH)
    desk.poll()
    assert len(desk.incidents()) == 1
    assert len(desk.outcomes) == 2


# --- one report is one report ---


def test_f034_f035_a_guid_that_changes_or_is_shared_makes_no_second_article(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/a")
    desk.page("/a", CLASH + ".", CLASH)
    desk.poll()
    link = desk.origin.url("/a") + "?utm_source=rss&amp;utm_medium=feed"
    desk.publish(f"{CLASH}|{link}")
    desk.poll()
    assert len(desk.rows(entries)) == 1
    assert len(desk.revisions) == 1


def test_f037_an_edited_toll_is_one_update_and_a_typo_none(desk: Desk) -> None:
    first = (
        "أفاد مصدر أمني في البصرة، اليوم، بمقتل شخص واحد باشتباك مسلح بين سرايا السلام وعصائب أهل الحق في أبي الخصيب."
    )
    third = first.replace("شخص واحد", "ثلاثة أشخاص")
    desk.publish(f"اشتباك في البصرة|/a|{first}")
    desk.page("/a", first, "اشتباك في البصرة")
    desk.poll()
    assert [one.current.change for one in desk.revisions] == ["new"]
    desk.publish(f"اشتباك في البصرة|/a|{first} ")
    desk.page("/a", first.replace("أفاد", "افاد"), "اشتباك في البصرة")
    desk.poll()
    assert len(desk.revisions) == 1
    desk.publish(f"اشتباك في البصرة|/a|{third}")
    desk.page("/a", third, "اشتباك في البصرة")
    desk.poll()
    assert [one.current.change for one in desk.revisions] == ["new", "update"]
    toll = desk.revisions[-1].current.killed
    assert toll is not None
    assert (toll.min, toll.max) == (3, 3)


def test_f038_an_item_that_vanishes_and_returns_is_nothing_new(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/a")
    desk.page("/a", CLASH + ".", CLASH)
    desk.poll()
    desk.publish("خبر|/b")
    desk.poll()
    desk.publish(f"{CLASH}|/a", "خبر|/b")
    desk.poll()
    assert len(desk.revisions) == 1
    assert len(desk.origin.requests("/a")) == 1


def test_f050_a_first_poll_does_not_ask_for_the_pages_of_an_archive(desk: Desk) -> None:
    old = START - timedelta(days=30)
    desk.publish(*(f"خبر {number}|/{number}" for number in range(20)), date=old)
    desk.poll()
    assert len(desk.rows(entries)) == 20
    assert len(desk.origin.requests()) == 1


# --- pages that do not come ---


def test_a_missing_body_is_judged_at_once_and_again_when_it_comes(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/a|{CLASH}")
    desk.origin["/a"] = Answer(b"busy", status=500)
    desk.poll()
    assert [one.judged.article.body_state for one in desk.outcomes] == ["missing"]
    assert len(desk.incidents()) == 1
    desk.page("/a", CLASH + " وإصابة خمسة آخرين." * 3, CLASH)
    desk.poll(step=timedelta(minutes=5))
    assert [one.judged.article.body_state for one in desk.outcomes][-1] != "missing"
    assert len(desk.incidents()) == 1
    assert desk.incidents()[0].injured is not None


def test_a_page_that_never_comes_is_asked_for_less_and_less_for_a_day(desk: Desk) -> None:
    desk.publish("خبر|/a")
    desk.origin["/a"] = Answer(b"gone", status=404)
    desk.poll()
    desk.poll(40, step=timedelta(hours=1))
    assert 5 <= len(desk.origin.requests("/a")) <= 9
    assert desk.rows(entries)[0].next_fetch is None


def test_b18_a_page_of_a_host_that_asked_to_wait_is_asked_for_once_more_when_it_has_waited(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/a|{CLASH}")
    desk.origin["/a"] = [Answer(status=429, headers={"Retry-After": "36000"}), Answer(status=404)]
    desk.poll()
    assert len(desk.incidents()) == 1, "told on the words of the feed"
    waiting = desk.rows(entries)[0]
    assert waiting.next_fetch - desk.now == timedelta(hours=10)
    desk.page("/a", CLASH + " وإصابة خمسة آخرين." * 3, CLASH)
    desk.poll(step=timedelta(hours=9))
    assert len(desk.origin.requests("/a")) == 1
    desk.poll(step=timedelta(hours=2))
    assert len(desk.origin.requests("/a")) == 2
    assert desk.incidents()[0].injured is not None


def test_f070_a_link_to_a_film_is_judged_on_its_feed_and_asked_for_once(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/film|{CLASH}")
    desk.origin["/film"] = Answer(b"\x01", headers={"Content-Type": "video/mp4", "Content-Length": str(10**8)})
    desk.poll()
    desk.poll(10, step=timedelta(hours=1))
    assert len(desk.incidents()) == 1
    assert len(desk.origin.requests("/film")) == 1


def test_b18_a_page_that_was_not_asked_for_loses_no_attempt(desk: Desk) -> None:
    desk.publish("خبر|/a")

    async def held(poller: Poller, intake: Intake, crawler: Any) -> None:
        desk.now += timedelta(hours=1)
        await poller.poll(poller.claim(10)[0])
        for _ in range(3):
            (wanted,) = intake.claim({"s": desk.source}, 10)
            await intake.take(wanted, None, FetchProblem("paused", retry_after=timedelta(hours=2)))
            assert intake.claim({"s": desk.source}, 10) == []
            desk.now += timedelta(hours=2)

    desk.work(held)
    assert desk.rows(entries)[0].attempts == 0


def test_what_was_being_fetched_when_the_program_died_is_due_at_its_next_start(desk: Desk) -> None:
    desk.publish("خبر|/a")

    async def die(poller: Poller, intake: Intake, crawler: Any) -> int:
        desk.now += timedelta(hours=1)
        await poller.poll(poller.claim(10)[0])
        return len(intake.claim({"s": desk.source}, 10))

    async def again(poller: Poller, intake: Intake, crawler: Any) -> tuple[int, int]:
        before = len(intake.claim({"s": desk.source}, 10))
        intake.recover()
        return before, len(intake.claim({"s": desk.source}, 10))

    assert desk.work(die) == 1
    assert desk.work(again) == (0, 1)


def test_f066_a_page_made_to_stall_the_reader_is_judged_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.bench.PAGE_SECONDS", 2.0)
    soup = f"<html><body><p>{CLASH}.</p>" + "<p>x" * 150_000 + "</body></html>"
    desk.publish(f"{CLASH}|/a")
    desk.origin["/a"] = Answer(soup.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    desk.poll()
    assert len(desk.incidents()) == 1


def test_f032_a_report_from_the_future_counts_as_of_now(desk: Desk) -> None:
    desk.publish(f"{CLASH}|/a", date=START + timedelta(days=365))
    desk.page("/a", CLASH + ".", CLASH)
    desk.poll()
    assert desk.outcomes[0].judged.article.published <= desk.now


def test_f065_a_box_that_recurs_across_the_pages_of_a_host_is_no_part_of_its_reports(desk: Desk, bench: Bench) -> None:
    box = "أفادت مصادر في محافظة البصرة بأن سرايا السلام انتشرت مساء أمس في عدد من أحياء المدينة وأغلقت الطرق."
    for number in range(5):
        own = f"أعلنت وزارة الزراعة عن انطلاق موسم الحصاد رقم {number} في الحقول بعد استكمال الاستعدادات الفنية. " * 4
        desk.page(f"/{number}", f"{own}</p><p>{box}")
    desk.publish(*(f"موسم الحصاد {number}|/{number}" for number in range(5)))
    desk.poll()
    assert [box in outcome.judged.article.body for outcome in desk.outcomes] == [True, True, True, False, False]
