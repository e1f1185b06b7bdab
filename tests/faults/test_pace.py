"""How often the real daemon asks: over a kill, after a long downtime, and a host that wants peace.

The numbers are those of the manners of polling (b…) that this project keeps a list of.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.origin import Answer, Origin, rss
from tests.world import WEATHER, Outlet, World


def test_b13_after_a_day_of_downtime_the_backlog_of_feeds_comes_back_spread(world: World) -> None:
    hosts = Origin("0.0.0.0")
    try:
        feeds = [hosts.url(f"/feed{number}", f"127.0.0.{40 + number}") for number in range(40)]
        for number in range(40):
            hosts[f"/feed{number}"] = Answer(
                rss((f"https://x.example/{number}", "طقس"), date="Thu, 01 Jan 2015 00:00:00 GMT")
            )
        world.add_feeds(*feeds, every="10m")
        world.start()
        world.wait(lambda: len(hosts.requests()) == 40, "each feed is polled once")
        world.wait(lambda: world.log.count("event=polled") >= 1 or "polled" in world.log, "and recorded")
        time.sleep(0.5)
        assert world.stop() == 0
        with sqlite3.connect(world.folder / "state" / "rasid.db") as store:
            yesterday = (datetime.now(UTC) - timedelta(days=1)).replace(tzinfo=None)
            store.execute("UPDATE feeds SET next_poll = ?", (f"{yesterday:%Y-%m-%d %H:%M:%S.%f}",))
            store.execute("UPDATE feeds SET state = json_set(state, '$.next_poll', ?)", (f"{yesterday.isoformat()}Z",))
        store.close()
        world.start()
        world.wait(lambda: len(hosts.requests()) == 80, "each feed is polled once more")
        times = [one.at for one in hosts.requests()[40:]]
        assert times[-1] - times[0] >= 3, "forty at once would be a burst"
        assert max(sum(begin <= at < begin + 1 for at in times) for begin in times) <= 20
    finally:
        hosts.close()


def test_b12_b13_an_interval_survives_a_kill(world: World) -> None:
    world.configure(every="1h")
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    assert world.stop(signal.SIGKILL) == -signal.SIGKILL
    witness = Origin("127.0.0.30")
    try:
        world.add_feeds(Outlet(witness).feed)
        world.start()
        world.wait(lambda: len(witness.requests()) >= 3, "another feed is polled three times")
    finally:
        witness.close()
    assert world.polls() == 1


def test_b01_a_kill_costs_no_unconditional_request(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    assert world.stop(signal.SIGKILL) == -signal.SIGKILL
    polls = world.polls()
    world.start()
    world.wait(lambda: world.polls() >= polls + 2, "two polls after the kill")
    conditional = ["if-none-match" in one.headers for one in world.origin.requests("/feed.xml")]
    assert conditional == [False] + [True] * (len(conditional) - 1)


def test_b18_b25_a_host_that_asked_to_wait_is_left_alone_after_a_kill_also_by_feeds_that_are_new(world: World) -> None:
    world.origin["/feed.xml"] = Answer(status=429, headers={"Retry-After": "3600"})
    world.origin["/new"] = Answer(rss(("https://x.example/1", "طقس")))
    world.start()
    world.wait(lambda: "kind=busy" in world.log, "the host asks to wait")
    assert world.stop(signal.SIGKILL) == -signal.SIGKILL
    world.add_feeds(world.origin.url("/new"))
    world.start()
    world.wait(lambda: "kind=paused" in world.log, "the new feed is due")
    assert [one.path for one in world.origin.requests()] == ["/feed.xml"]


def test_a_feed_configured_for_every_second_is_polled_about_every_second(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: world.polls() >= 9, "nine polls")
    times = [one.at for one in world.origin.requests("/feed.xml")]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    assert gaps[0] >= 0.95, "never sooner"
    assert gaps[2] < 1.6, "every two seconds is what a look once a second gave"
