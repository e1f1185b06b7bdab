"""Sources that mislead the real daemon: backdated, copied and replaced reports, a backlog, a host that wants peace.

The numbers are those of the manners of polling (b…) and of the faults (f…) that this project keeps lists of.
"""

from __future__ import annotations

import email
import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.policy import default
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.soak import REPORTS
from tests.origin import Answer, Origin, rss
from tests.world import CLASH, WEATHER, Outlet, World, open_world

ABDUCTION = REPORTS[-1]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as made:
        yield made


def add_feeds(world: World, *urls: str, every: str = "1s") -> None:
    """Each a source of its own, with its own family."""
    sources = "".join(
        f'[[sources]]\nid = "s{number}"\nname = "S{number}"\nlanguage = "ar"\n'
        f'[[sources.feeds]]\nurl = "{url}"\nevery = "{every}"\n\n'
        for number, url in enumerate(urls)
    )
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("[channels.desk]", sources + "[channels.desk]", 1), encoding="utf-8")


def subjects(world: World) -> list[str]:
    return [str(email.message_from_bytes(data, policy=default)["Subject"]) for _, data in list(world.inbox.mails)]


def lines(world: World, *arguments: str) -> list[Any]:
    return [json.loads(line) for line in world.rasid(*arguments, "--json").stdout.splitlines()]


def test_f033_a_backdated_report_is_recorded_and_told_to_nobody(world: World) -> None:
    now = datetime.now(UTC)
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    world.outlet.publish("old", *CLASH, published=now - timedelta(days=2))
    world.outlet.publish("older", *REPORTS[0], published=now - timedelta(days=20))
    world.wait(lambda: len(lines(world, "incidents")) == 1, "the report of two days ago is recorded")
    world.outlet.publish("fresh", *ABDUCTION)
    world.wait(lambda: bool(world.inbox.mails and world.hook.requests), "both tell of the fresh one")
    assert (len(world.inbox.mails), len(world.hook.requests)) == (1, 1)
    assert "/fresh" in world.inbox.mail().get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert world.origin.requests("/older") == [], "weeks ago: noted, and its page left in peace"


def test_f033_a_report_dated_1970_that_was_not_there_before_is_told_as_of_now(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    world.outlet.publish("epoch", *CLASH, published=datetime(1970, 1, 1, tzinfo=UTC))
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail")
    assert "1970" not in world.inbox.mail().get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_f033_f050_reports_without_a_believable_date_that_a_first_poll_finds_are_told_to_nobody(world: World) -> None:
    world.outlet.publish("epoch", *CLASH, published=datetime(1970, 1, 1, tzinfo=UTC))
    world.start()
    world.wait(lambda: len(lines(world, "incidents")) == 1, "it is recorded")
    world.outlet.publish("fresh", *ABDUCTION)
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail about the fresh one")
    assert "/fresh" in world.inbox.mail().get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_f039_one_text_at_six_outlets_is_one_incident_of_one_voice(world: World) -> None:
    copiers = [Origin(f"127.0.0.{number}") for number in range(30, 35)]
    try:
        outlets = [world.outlet, *map(Outlet, copiers)]
        add_feeds(world, *(outlet.feed for outlet in outlets[1:]))
        for outlet in outlets:
            outlet.publish("clash", *CLASH)
        world.start()
        world.wait(lambda: world.log.count("judged") == 6, "all six are read")
        world.wait(lambda: len(world.inbox.mails) == 1 and len(world.hook.requests) == 1, "the alert")
        (incident,) = lines(world, "incidents")
        assert len(incident["sources"]) == 6
        assert incident["independent_sources"] == 1
        for outlet in outlets:
            outlet.publish("weather", *WEATHER)
        world.wait(lambda: world.log.count("judged") == 12, "more is read")
        assert (len(world.inbox.mails), len(world.hook.requests)) == (1, 1)
    finally:
        for copier in copiers:
            copier.close()


def test_f049_a_feed_replaced_by_spam_with_every_keyword_fills_no_mailbox(world: World) -> None:
    world.configure('flood_limit = 3\nflood_wait = "3s"\n')
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    world.outlet.items.clear()
    for number, (title, body) in enumerate(REPORTS):
        world.outlet.publish(f"spam{number}", title, body)
    world.wait(lambda: world.log.count("judged") == 1 + len(REPORTS), "all of it is read", 60)
    world.wait(lambda: any("flood guard" in subject for subject in subjects(world)), "one summary of the rest")
    incidents = len(lines(world, "incidents"))
    assert incidents >= 20, "nothing is dropped in silence"
    assert len(world.inbox.mails) <= 3 + 2, (
        "three alerts, and a summary for what came in time, and one for what did not"
    )
    told = {
        word.rpartition("/")[2]
        for _, data in world.inbox.mails
        for word in email.message_from_bytes(data, policy=default).get_body(("plain",)).get_content().split()  # type: ignore[union-attr]
    }
    assert len(told & {f"spam{number}" for number in range(len(REPORTS))}) >= incidents, "and all of it is told"


def test_b13_after_a_day_of_downtime_the_backlog_of_feeds_comes_back_spread(world: World) -> None:
    hosts = Origin("0.0.0.0")
    try:
        feeds = [hosts.url(f"/feed{number}", f"127.0.0.{40 + number}") for number in range(40)]
        for number in range(40):
            hosts[f"/feed{number}"] = Answer(
                rss((f"https://x.example/{number}", "طقس"), date="Thu, 01 Jan 2015 00:00:00 GMT")
            )
        add_feeds(world, *feeds, every="10m")
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
        add_feeds(world, Outlet(witness).feed)
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
    add_feeds(world, world.origin.url("/new"))
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
