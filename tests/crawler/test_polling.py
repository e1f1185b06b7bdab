"""Polling as publishers see it: the poller with a real store and a real crawler against a scripted origin.

Numbers are those of the manners of polling (b01–b32) and of hostile feeds (f001–f050). Time is an argument.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from crawler import work
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
        return work._parse(*arguments)


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
            return poller

        crawl(polls)
        return self.feed_state()

    def feed_state(self):
        with self.state.store.read() as connection:
            return STATE.validate_json(connection.execute(select(feeds.c.state)).scalar_one())


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


def test_b01_one_unconditional_request_in_the_life_of_a_feed_restarts_included(world):
    world.origin["/feed"] = conditional('"a"', rss(*FIRST))
    world.poll(3)
    world.poll(3, restart=True)
    assert [asked.headers.get("if-none-match") for asked in world.requests] == [None] + ['"a"'] * 5
    assert len(world.rows()) == 2


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


def test_b06_a_crash_between_answer_and_commit_costs_a_refetch_and_no_entry(world, monkeypatch):
    world.origin["/feed"] = conditional('"a"', rss(*FIRST))

    def crash(*_):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Poller, "_save_state", crash)
        with pytest.raises(RuntimeError, match="killed"):
            world.poll()
    assert world.rows() == []
    world.poll(restart=True)
    assert len(world.rows()) == 2
    assert "if-none-match" not in world.requests[-1].headers


def test_b07_b08_neither_a_304_nor_the_same_body_is_parsed(world):
    world.origin["/feed"] = [Answer(rss(*FIRST)), Answer(rss(*FIRST)), Answer(status=304)]
    before = world.poll()
    after = world.poll(2)
    assert world.bench.parsed == 1
    assert after.last_new == before.last_new and after.last_success > before.last_success


def test_f043_an_etag_that_changes_every_time_costs_no_parse(world):
    world.origin["/feed"] = [Answer(rss(*FIRST), headers={"ETag": f'"{number}"'}) for number in range(4)]
    world.poll(4)
    assert world.bench.parsed == 1


@pytest.mark.xfail(strict=True, reason="the poller does not yet say which address gave the validators")
def test_b10_a_feed_behind_a_redirect_is_asked_conditionally_where_it_is_and_not_where_it_was(world):
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/there"})
    world.origin["/there"] = conditional('"a"', rss(*FIRST))
    world.poll(2)
    assert [asked.headers.get("if-none-match") for asked in world.origin.requests("/there")] == [None, '"a"']
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/elsewhere"})
    world.origin["/elsewhere"] = Answer(rss(*FIRST))
    world.poll()
    assert "if-none-match" not in world.origin.requests("/elsewhere")[0].headers


# --- timing ----------------------------------------------------------------------------------------------------------


def test_b12_the_interval_is_not_undercut_by_restarts(world):
    world.origin["/feed"] = conditional('"a"', rss(*FIRST))
    world.poll(30, wait=MINUTE, restart=True)
    assert len(world.requests) == 3


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


def test_b32_a_feed_is_never_polled_twice_at_once(world):
    world.origin["/feed"] = Answer(rss(*FIRST), wait=0.2)

    async def polls(crawler):
        first, second = world.feed(crawler), world.feed(crawler)
        world.now += MINUTE
        due = [*first.claim(10), *second.claim(10), *first.claim(10)]
        await asyncio.gather(*(first.poll(one) for one in due))

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


# --- failure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(b"<html><body>shell</body></html>", headers={"ETag": '"html"'}), "not_a_feed"),
        (Answer(b"", headers={"ETag": '"empty"'}), "not_a_feed"),
        (Answer(b"x", 403), "blocked"),
        (Answer(b"x", headers={"cf-mitigated": "challenge", "ETag": '"cf"'}), "blocked"),
        (Answer(b"x", 500), "http_5xx"),
        (Answer(b"x" * 6_000_000), "too_large"),
    ],
    ids=["html", "empty", "403", "challenge", "500", "huge"],
)
def test_b22_b23_f024_f025_an_answer_that_is_no_feed_changes_nothing_but_the_state(world, answer, kind):
    world.origin["/feed"] = [conditional('"a"', rss(*FIRST)), answer, conditional('"a"', rss(*FIRST))]
    world.poll()
    state = world.poll()
    assert (state.kind, state.failures, state.etag) == (kind, 1, '"a"')
    assert "\n" not in state.why
    recovered = world.poll(wait=timedelta(hours=2))
    assert recovered.failures == 0
    assert world.requests[-1].headers["if-none-match"] == '"a"'
    assert len(world.rows()) == 2


def test_b23_f026_a_feed_cut_short_gives_its_entries_and_is_asked_again_in_full(world):
    body = rss(*((f"https://site.example/{number}", "خبر") for number in range(20)))
    world.origin["/feed"] = [Answer(body[: len(body) // 2], headers={"ETag": '"a"'}), conditional('"a"', body)]
    world.poll()
    assert 5 <= len(world.rows()) < 20
    world.poll()
    assert len(world.rows()) == 20
    assert "if-none-match" not in world.requests[1].headers


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


def test_b21_a_temporary_redirect_is_asked_every_time(world):
    world.origin["/feed"] = Answer(status=302, headers={"Location": "/new"})
    world.origin["/new"] = Answer(rss(*FIRST))
    world.poll(6)
    assert len(world.requests) == 6


# --- entries ---------------------------------------------------------------------------------------------------------


def items(*numbers, guid="", title="خبر"):
    return rss(*((f"https://site.example/{number}", f"{title} {number}") for number in numbers)).replace(
        b"<item>", f"<item><guid isPermaLink='false'>{guid}</guid>".encode() if guid else b"<item>"
    )


def test_f035_guids_that_change_at_every_poll_make_no_new_entries(world):
    world.origin["/feed"] = [Answer(items(1, guid=f"g{number}")) for number in range(4)]
    world.poll(4)
    assert len(world.rows()) == 1


def test_f036_addresses_of_one_report_are_one_entry(world):
    links = ["http://www.site.example/a/", "https://site.example/a?utm_source=rss", "https://site.example/a/amp"]
    world.origin["/feed"] = [Answer(rss((link, "خبر"))) for link in links]
    world.poll(3)
    assert len(world.rows()) == 1


def test_f037_an_edited_entry_is_asked_for_again_and_an_unchanged_one_is_not(world):
    world.origin["/feed"] = [Answer(items(1, 2)), Answer(items(1, 2).replace(b" 1<", b" 1 - 3<"))]
    world.poll()
    with world.state.store.write() as connection:
        connection.execute(entries.update().values(next_fetch=None))
    world.poll()
    assert [row.next_fetch is not None for row in world.rows()] == [True, False]


def test_f038_an_entry_that_vanishes_and_returns_is_no_news(world):
    world.origin["/feed"] = [Answer(items(1, 2)), Answer(items(2)), Answer(items(1, 2))]
    world.poll(2)
    with world.state.store.write() as connection:
        connection.execute(entries.update().values(next_fetch=None))
    world.poll()
    assert [row.next_fetch for row in world.rows()] == [None, None]


def test_f048_links_that_cannot_be_fetched_are_no_entries(world):
    world.origin["/feed"] = Answer(rss(("javascript:alert(1)", "x"), ("/relative", "x"), *FIRST))
    state = world.poll()
    assert len(world.rows()) == 2
    assert any("2 entries dropped" in problem for problem in state.problems)


def test_f050_what_the_first_poll_brings_is_marked_as_such(world):
    world.origin["/feed"] = [Answer(items(1)), Answer(items(1, 2))]
    world.poll(2)
    assert [row.first_poll for row in world.rows()] == [True, False]
