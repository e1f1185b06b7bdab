"""Manners as publishers see them: the poller with a real store and a real crawler against a scripted origin.

Numbers are those of the manners of polling (b01–b32) and of hostile feeds (f001–f050). Time is an argument.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from crawler import work
from crawler.pauses import pauses
from crawler.poller import Poller
from crawler.state import open_locked
from crawler.tables import STATE, entries, feeds
from pipelines.models import Feed, Source
from tests.crawler.crawling import crawl
from tests.origin import Answer, Origin, rss

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
FIRST = (("https://site.example/1", "سرايا السلام تنتشر في البصرة"), ("https://site.example/2", "العصائب في الكوت"))


class InlineBench:
    """Parses in this process what the daemon parses in its worker."""

    def __init__(self) -> None:
        self.parsed = 0

    async def parse(self, *arguments):
        self.parsed += 1
        return work.parse(*arguments)


class World:
    """A source with one feed, its store, and a clock."""

    def __init__(self, folder, origin):
        self.origin, self.now, self.bench = origin, START, InlineBench()
        self.state = open_locked(folder)
        self.source = Source("site", "Site", family="site", feeds=(Feed(origin.url("/feed"), every=10 * MINUTE),))

    @property
    def requests(self):
        return self.origin.requests("/feed")

    def rows(self):
        with self.state.store.read() as connection:
            return connection.execute(select(entries).order_by(entries.c.link)).all()

    def feed(self, crawler):
        """A poller as it is after a start of the program."""
        pauses.keep_in(self.state.store, lambda: self.now)
        poller = Poller(self.state.store, self.bench, [self.source], crawler.engine.download_async, lambda: self.now)
        poller.register()
        return poller

    def poll(self, times=1, *, wait=11 * MINUTE, restart=False, between=lambda: None):
        """Polls as often as told, the clock going on by `wait` before each; the state after the last one."""

        async def polls(crawler):
            poller = self.feed(crawler)
            for _ in range(times):
                self.now += wait
                between()
                if restart:
                    poller = self.feed(crawler)
                await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))
                poller.write_unchanged()
            return poller

        crawl(polls)
        return self.feed_state()

    def poll_others(self, *, wait):
        """A start of the program, and one poll of whatever is due within the day: only the host's pause holds it."""

        async def polls(crawler):
            self.now += wait
            poller = self.feed(crawler)
            await asyncio.gather(*(poller.poll(due) for due in poller.claim(10, ahead=timedelta(days=2))))

        crawl(polls)

    def feed_state(self):
        return self.feed_states()[self.origin.url("/feed")]

    def feed_states(self):
        with self.state.store.read() as connection:
            rows = connection.execute(select(feeds.c.url, feeds.c.state)).all()
        return {row.url: STATE.validate_json(row.state) for row in rows}


@pytest.fixture
def world(tmp_path):
    with Origin() as origin:
        world = World(tmp_path / "state", origin)
        yield world
        world.state.close()


def conditional(etag, body):
    """A well-behaved origin."""
    return lambda asked: (
        Answer(status=304, headers={"ETag": etag})
        if asked.headers.get("if-none-match") == etag
        else Answer(body, headers={"ETag": etag, "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"})
    )


# --- conditional requests --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etag", ['W/"a  b"', "unquoted", '"\xe9"'])
def test_b02_b03_b04_validators_come_back_byte_for_byte(world, etag):
    length = len(rss(*FIRST))
    headers = ("HTTP/1.1 200 OK", f"ETag: {etag}", "Last-Modified: not quite a date", f"Content-Length: {length}")
    answer = "\r\n".join(headers) + "\r\n\r\n"
    world.origin["/feed"] = Answer(raw=answer.encode("latin-1") + rss(*FIRST))
    world.poll(2)
    second = world.requests[1].headers
    assert (second["if-none-match"], second["if-modified-since"]) == (etag, "not quite a date")


def test_b05_a_200_replaces_both_validators(world):
    world.origin["/feed"] = [
        Answer(rss(*FIRST), headers={"ETag": '"a"', "Last-Modified": "x"}),
        Answer(rss(*FIRST[:1]), headers={"ETag": '"b"'}),
        Answer(status=304),
    ]
    world.poll(3)
    third = world.requests[2].headers
    assert third["if-none-match"] == '"b"' and "if-modified-since" not in third


def test_b10_a_feed_behind_a_redirect_is_asked_conditionally_where_it_is_and_not_where_it_was(world):
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/there"})
    world.origin["/there"] = conditional('"a"', rss(*FIRST))
    world.poll(2)
    assert [asked.headers.get("if-none-match") for asked in world.origin.requests("/there")] == [None, '"a"']
    assert [asked.headers.get("if-none-match") for asked in world.requests] == [None, None]
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/elsewhere"})
    world.origin["/elsewhere"] = Answer(rss(*FIRST))
    world.poll()
    assert "if-none-match" not in world.origin.requests("/elsewhere")[0].headers


def test_b07_b08_neither_a_304_nor_the_same_body_is_parsed(world):
    world.origin["/feed"] = [Answer(rss(*FIRST)), Answer(rss(*FIRST)), Answer(status=304), Answer(rss(*FIRST[:1]))]
    world.poll(3)
    assert (len(world.requests), world.bench.parsed) == (3, 1)
    world.poll()
    assert world.bench.parsed == 2


def test_f043_a_304_with_a_body_and_a_304_to_a_first_request_harm_nothing(world):
    world.origin["/feed"] = [
        Answer(status=304),
        Answer(raw=b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n<rss>304!"),
        Answer(rss(*FIRST)),
    ]
    state = world.poll(2)
    assert (state.failures, state.etag, world.rows()) == (0, "", [])
    world.poll()
    assert len(world.rows()) == 2


# --- timing ----------------------------------------------------------------------------------------------------------


def test_b12_one_address_in_two_sources_is_polled_once(world):
    world.origin["/feed"] = Answer(rss(*FIRST))

    async def polls(crawler):
        twin = replace(world.source, id="twin")
        poller = Poller(
            world.state.store, world.bench, [world.source, twin], crawler.engine.download_async, lambda: world.now
        )
        poller.register()
        world.now += MINUTE
        await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))

    crawl(polls)
    assert len(world.requests) == 1


def test_b17_skip_hours_are_only_hints(world):
    skip = f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in range(24))}</skipHours><ttl>1440</ttl>"
    world.origin["/feed"] = Answer(rss(*FIRST, extra=skip))
    world.poll(3)
    assert len(world.requests) == 3


def test_b18_b25_f044_retry_after_is_kept_across_a_restart(world):
    world.origin["/feed"] = [Answer(status=503, headers={"Retry-After": "7200"}), Answer(rss(*FIRST))]
    world.poll()
    world.poll(10, restart=True)
    assert len(world.requests) == 1
    world.poll(wait=30 * MINUTE, restart=True)
    assert len(world.requests) == 2 and len(world.rows()) == 2


@pytest.mark.parametrize(
    ("headers", "hours"), [({"Retry-After": "7200"}, 2), ({}, 4), ({"Retry-After": "315360000"}, 24)]
)
def test_b18_b25_the_other_feeds_of_a_host_that_asked_to_wait_are_not_asked_either_after_a_restart(
    world, headers, hours
):
    world.origin["/feed"] = [Answer(status=429, headers=headers), Answer(rss(*FIRST))]
    world.origin["/other"] = Answer(rss(*FIRST))
    world.poll()
    world.source = replace(world.source, feeds=(Feed(world.origin.url("/other"), every=MINUTE),))
    for _ in range(3):  # each a process of its own, which knows what the store knows
        world.poll_others(wait=timedelta(hours=hours) / 4)
        assert world.origin.requests("/other") == []
    world.poll_others(wait=timedelta(hours=hours) / 4 + MINUTE)
    assert len(world.origin.requests("/other")) == 1


def test_a_pause_noted_by_a_clock_that_ran_ahead_is_forgotten(world):
    world.origin["/feed"] = [Answer(status=429), Answer(rss(*FIRST))]
    world.now += timedelta(days=365)
    world.poll()
    world.now -= timedelta(days=365)
    world.poll(restart=True)
    assert len(world.requests) == 2


# --- failure ---------------------------------------------------------------------------------------------------------


def test_b19_f047_a_feed_that_fails_holds_up_no_other(world):
    world.origin["/feed"] = Answer(rss(*FIRST))
    world.source = replace(
        world.source,
        feeds=(*world.source.feeds, Feed("http://does-not-exist.invalid/feed"), Feed("http://10.0.0.1/feed")),
    )
    world.origin["/feed"] = Answer(rss(*FIRST))

    async def polls(crawler):
        poller = world.feed(crawler)
        world.now += MINUTE
        await asyncio.gather(*(poller.poll(due) for due in poller.claim(10)))

    crawl(polls)
    assert len(world.rows()) == 2


def test_a_failure_that_repeats_is_told_once_an_hour_and_another_one_at_once(world):
    failing, empty, well = Answer(status=500), Answer(b""), Answer(rss(*FIRST))
    world.origin["/feed"] = [failing, well, failing, empty, failing]
    hours = iter((0, 0, 0, 0, 2))

    def pass_time():
        world.now += timedelta(hours=next(hours))

    with capture_logs() as logs:
        world.poll(5, between=pass_time)
    assert [one["kind"] for one in logs if one["event"] == "poll failed"] == ["http_5xx", "not_a_feed", "http_5xx"]
    assert len(world.requests) == 5


def test_b20_f045_a_410_is_asked_daily_from_the_third_on(world):
    world.origin["/feed"] = Answer(status=410)
    state = world.poll(3, wait=timedelta(hours=2))
    assert state.gone == 3
    assert timedelta(days=1) <= state.next_poll - world.now <= timedelta(days=1.1)


def test_b21_f045_a_permanent_move_within_the_site_is_followed_for_good_after_three(world):
    world.origin["/feed"] = Answer(status=301, headers={"Location": "/new"})
    world.origin["/new"] = Answer(rss(*FIRST))
    world.poll(6)
    assert len(world.requests) == 3
    assert len(world.origin.requests("/new")) == 6


def test_b21_a_feed_that_moved_to_the_address_of_another_is_polled_daily_and_says_so(world):
    world.origin["/feed"] = Answer(status=301, headers={"Location": "/new"})
    world.origin["/new"] = conditional('"a"', rss(*FIRST))
    twin = Feed(world.origin.url("/new"), every=10 * MINUTE)
    world.source = replace(world.source, feeds=(*world.source.feeds, twin))
    world.poll(24)
    assert len(world.requests) == 3
    assert len(world.origin.requests("/new")) == 3 + 24
    states = world.feed_states()
    assert "remove this one" in states[world.origin.url("/feed")].problems[0]
    assert not any("remove" in problem for problem in states[world.origin.url("/new")].problems)


def test_b21_a_temporary_redirect_is_asked_every_time(world):
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/new"})
    world.origin["/new"] = Answer(rss(*FIRST))
    world.poll(6)
    assert len(world.requests) == 6


# --- entries ---------------------------------------------------------------------------------------------------------


def test_f036_addresses_of_one_report_are_one_entry(world):
    links = ["http://www.site.example/a/", "https://site.example/a?utm_source=rss", "https://site.example/a/amp"]
    world.origin["/feed"] = [Answer(rss((link, "خبر"))) for link in links]
    world.poll(3)
    assert len(world.rows()) == 1


def test_f048_links_that_cannot_be_fetched_are_no_entries(world):
    world.origin["/feed"] = Answer(rss(("javascript:alert(1)", "x"), ("/relative", "x"), *FIRST))
    state = world.poll()
    assert len(world.rows()) == 2
    assert any("2 entries dropped" in problem for problem in state.problems)
