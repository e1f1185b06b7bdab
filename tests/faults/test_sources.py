"""Sources that mislead the real daemon: backdated, copied and replaced reports.

The numbers are those of the faults (f…) that this project keeps a list of.
"""

from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email.policy import default

from tests.benchmarks.soak import REPORTS
from tests.origin import Origin
from tests.world import CLASH, WEATHER, Outlet, World

ABDUCTION = REPORTS[-1]


def subjects(world: World) -> list[str]:
    return [str(email.message_from_bytes(data, policy=default)["Subject"]) for _, data in list(world.inbox.mails)]


def test_f033_a_backdated_report_is_recorded_and_told_to_nobody(world: World) -> None:
    now = datetime.now(UTC)
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: "judged" in world.log, "the weather is read")
    world.outlet.publish("old", *CLASH, published=now - timedelta(days=2))
    world.outlet.publish("older", *REPORTS[0], published=now - timedelta(days=20))
    world.wait(lambda: len(world.lines("incidents")) == 1, "the report of two days ago is recorded")
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
    world.wait(lambda: len(world.lines("incidents")) == 1, "it is recorded")
    world.outlet.publish("fresh", *ABDUCTION)
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail about the fresh one")
    assert "/fresh" in world.inbox.mail().get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_f039_one_text_at_six_outlets_is_one_incident_of_one_voice(world: World) -> None:
    copiers = [Origin(f"127.0.0.{number}") for number in range(30, 35)]
    try:
        outlets = [world.outlet, *map(Outlet, copiers)]
        world.add_feeds(*(outlet.feed for outlet in outlets[1:]))
        for outlet in outlets:
            outlet.publish("clash", *CLASH)
        world.start()
        world.wait(lambda: world.log.count("judged") == 6, "all six are read")
        world.wait(lambda: len(world.inbox.mails) == 1 and len(world.hook.requests) == 1, "the alert")
        (incident,) = world.lines("incidents")
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
    incidents = len(world.lines("incidents"))
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
