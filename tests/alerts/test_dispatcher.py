"""Lease, send, record: nothing lost, in order, and nobody waits for somebody else's receiver."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from alerts import outbox
from alerts.channels import Channel, Envelope
from alerts.errors import ChannelRefused, TryLater
from alerts.messages import Message
from alerts.settings import ConsoleSettings
from pipelines.models import Range
from tests.alerts.desk import Desk
from tests.alerts.receivers import Answer, Hook, http_server
from tests.alerts.samples import incident, second


class Broken(Channel):
    """A channel that fails as it is told."""

    def __init__(self, *errors: Exception, always: Exception | None = None) -> None:
        self.settings = ConsoleSettings(type="console")
        self.errors = list(errors)
        self.always = always
        self.sent: list[str] = []
        self.calls = 0

    def send(self, message: Message, envelope: Envelope) -> str:
        self.calls += 1
        envelope.turn()
        if self.errors:
            raise self.errors.pop(0)
        if self.always:
            raise self.always
        self.sent.append(envelope.id)
        return ""


def use(desk: Desk, name: str, channel: Any) -> Any:
    desk.channels[name] = channel
    desk.settings[name] = channel.settings
    return channel


def test_a_round_tells_how_many_were_settled(desk: Desk) -> None:
    desk.console("a")
    desk.console("b")
    desk.tell(incident())
    assert desk.dispatch() == 2
    assert desk.dispatch() == 0


def test_nothing_goes_out_before_it_is_due(desk: Desk) -> None:
    desk.policy = desk.policy.model_copy(update={"group_wait_critical": timedelta(seconds=30)})
    desk.console()
    desk.tell(incident())
    desk.later(seconds=29)
    assert desk.dispatch() == 0
    desk.later(seconds=1)
    assert desk.dispatch() == 1


def test_88_the_attempts_follow_the_schedule_and_end_after_seventy_five_hours(desk: Desk) -> None:
    dead = use(desk, "room", Broken(always=TryLater("down", recipient_only=False)))
    desk.tell(incident())
    began = desk.now
    steps = [began, *desk.dispatch_until_quiet()]
    assert desk.states() == ["dead"]
    assert dead.calls == 10
    waits = [(after - before).total_seconds() for before, after in pairwise(steps)]
    for wait, planned in zip(waits, [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400], strict=True):
        assert planned <= wait <= planned * 1.1
    assert timedelta(hours=75) < desk.now - began < timedelta(hours=84)
    assert "given up after 10 attempts: down" in desk.rows()[0].reason


def test_a_dead_letter_is_reported_on_another_channel_once(desk: Desk) -> None:
    desk.console("ops", ops=True)
    use(desk, "room", Broken(always=TryLater("down")))
    desk.tell(incident())
    desk.tell(incident(id="inc_other"))
    desk.dispatch_until_quiet()
    notices = [said for said in desk.printed if "could not be delivered to room" in said]
    assert len(notices) == 1
    assert "rasid deliveries retry msg_" in notices[0]


def test_a_channel_that_does_not_work_is_reported_elsewhere_long_before_it_is_given_up(desk: Desk) -> None:
    desk.console("ops", ops=True)
    use(desk, "room", Broken(always=TryLater("down")))
    desk.tell(incident())
    running = desk.dispatcher()
    for minutes in (0, 1, 6, 40, 0):
        desk.later(minutes=minutes)
        desk.run(running)
    assert [said for said in desk.printed if "the channel room does not work: down" in said]


def test_notices_that_cannot_be_told_make_no_further_notices(desk: Desk) -> None:
    use(desk, "room", Broken(always=TryLater("down")))
    use(desk, "ops", Broken(always=TryLater("down too")))
    desk.tell(incident())
    desk.dispatch_until_quiet(most=2000)
    kinds = [row.kind for row in desk.rows()]
    # Of each channel at most every six hours while its one message is tried for 75 hours, and then of the dead letter.
    assert 2 <= kinds.count("notice") <= 2 * (84 // 6 + 2)
    assert {row.state for row in desk.rows()} == {"dead"}


def test_89_a_later_revision_never_overtakes_an_earlier_one(desk: Desk) -> None:
    room = use(desk, "room", Broken(TryLater("busy"), TryLater("busy")))
    one = incident()
    two = second(one)
    desk.tell(one)
    desk.dispatch()
    desk.tell(two, one)
    desk.dispatch_until_quiet()
    rows = desk.rows()
    assert room.sent == [rows[0].id, rows[1].id]
    assert [row.revision for row in rows] == [1, 2]


def test_other_incidents_do_not_wait_for_one_that_fails(desk: Desk) -> None:
    room = use(desk, "room", Broken(ValueError("cannot render"), always=None))
    desk.tell(incident())
    desk.tell(incident(id="inc_other"))
    desk.dispatch()
    assert len(room.sent) == 1


def test_90_a_poison_message_is_set_aside_after_three_attempts_and_the_next_one_goes_on(desk: Desk) -> None:
    class Poisoned(Broken):
        def send(self, message: Message, envelope: Envelope) -> str:
            if getattr(message, "incident", None) and message.incident.id == "inc_poison":  # type: ignore[union-attr]
                self.calls += 1
                raise UnicodeEncodeError("utf-8", "canary-secret", 0, 1, "broken")
            return super().send(message, envelope)

    room = use(desk, "room", Poisoned())
    desk.tell(incident(id="inc_poison"))
    desk.tell(incident(id="inc_healthy"))
    desk.dispatch_until_quiet()
    by_incident = {row.incident: row for row in desk.rows() if row.kind == "incident"}
    assert by_incident["inc_healthy"].state == "sent"
    assert (by_incident["inc_poison"].state, room.calls) == ("dead", 3 + 1)
    assert "UnicodeEncodeError" in by_incident["inc_poison"].reason
    assert "canary" not in by_incident["inc_poison"].reason


def test_90_a_message_whose_document_is_broken_is_set_aside_too(desk: Desk) -> None:
    room = use(desk, "room", Broken())
    desk.tell(incident(id="inc_poison"))
    desk.tell(incident(id="inc_healthy"))
    with desk.store.write() as connection:
        connection.execute(text("UPDATE messages SET document = '{' WHERE incident = 'inc_poison'"))
    desk.dispatch_until_quiet()
    by_incident = {row.incident: row.state for row in desk.rows() if row.kind == "incident"}
    assert by_incident == {"inc_poison": "dead", "inc_healthy": "sent"}
    assert room.calls == 1


def test_91_the_circuit_opens_after_five_failures_and_probes_one_at_a_time(desk: Desk) -> None:
    room = use(desk, "room", Broken(always=TryLater("down")))
    for number in range(20):
        desk.tell(incident(id=f"inc_{number}"))
    running = desk.dispatcher()
    desk.run(running)
    assert room.calls == 5
    desk.later(seconds=59)
    desk.run(running)
    assert room.calls == 5
    desk.later(seconds=1)
    desk.run(running)
    assert room.calls == 6  # one probe, and closed again for twice as long
    desk.later(seconds=119)
    desk.run(running)
    assert room.calls == 6


def test_when_a_channel_works_again_everything_that_waited_goes_out(desk: Desk) -> None:
    room = use(desk, "room", Broken(*[TryLater("down")] * 6))
    for number in range(8):
        desk.tell(incident(id=f"inc_{number}"))
    running = desk.dispatcher()
    desk.run(running)
    desk.later(seconds=60)
    desk.run(running)
    desk.later(seconds=120)
    desk.run(running)
    assert len(room.sent) == 8


def test_91_a_receiver_that_is_down_for_a_day_is_asked_four_times_an_hour(desk: Desk) -> None:
    room = use(desk, "room", Broken(always=TryLater("down")))
    for number in range(30):
        desk.tell(incident(id=f"inc_{number}"))
    began, running = desk.now, desk.dispatcher()
    while desk.now < began + timedelta(hours=24):
        with desk.store.read() as connection:
            due = outbox.next_due(connection)
        assert due is not None
        desk.now = max(desk.now, due)
        desk.run(running)
    assert room.calls <= 5 + 5 + 24 * 4
    assert {row.state for row in desk.rows()} == {"queued"}


def test_89_a_slow_receiver_delays_no_other_channel(desk: Desk, hook: Hook) -> None:
    never = threading.Event()
    hook.usual = Answer(wait=never)
    with http_server() as quick:
        desk.webhook(hook.url, "slow")
        desk.webhook(quick.url, "quick")
        running = desk.dispatcher()

        async def tell_many() -> float:
            began = time.monotonic()
            for number in range(20):
                desk.tell(incident(id=f"inc_{number}"))
                await running.dispatch_due(wait=False)
            while len(quick.requests) < 20:
                await asyncio.sleep(0.01)
                await running.dispatch_due(wait=False)
            took = time.monotonic() - began
            never.set()
            await running.dispatch_due()
            return took

        assert asyncio.run(tell_many()) < 5
    assert len(quick.requests) == 20


def test_a_stop_lets_what_is_on_its_way_finish(desk: Desk, hook: Hook) -> None:
    gate = threading.Event()
    hook.usual = Answer(wait=gate)
    desk.webhook(hook.url)
    desk.tell(incident())
    running = desk.dispatcher()

    async def stop() -> int:
        await running.dispatch_due(wait=False)
        await _until(lambda: len(hook.requests) == 1)
        threading.Timer(0.2, gate.set).start()
        return await running.stop(5)

    assert asyncio.run(stop()) == 0
    assert desk.states() == ["sent"]


def test_a_stop_begins_nothing_that_only_waits_for_its_turn(desk: Desk, hook: Hook) -> None:
    gate = threading.Event()
    hook.usual = Answer(wait=gate)
    desk.webhook(hook.url, parallel=3)
    for number in range(3):
        desk.tell(incident(id=f"inc_{number}"))
    running = desk.dispatcher(patience=10)
    connected: list[str] = []
    desk.trace = lambda step: connected.append(step) if step == "connect" else None

    async def stop() -> int:
        await running.dispatch_due(wait=False)
        await _until(lambda: len(hook.requests) == 1 and len(connected) == 3)
        threading.Timer(0.2, gate.set).start()
        return await running.stop(5)

    assert asyncio.run(stop()) == 0
    assert len(hook.requests) == 1
    assert sorted((row.state, row.attempts, row.ambiguous) for row in desk.rows()) == [
        ("queued", 0, 0),
        ("queued", 0, 0),
        ("sent", 1, 0),
    ]


def test_what_cannot_finish_is_cut_and_comes_again_with_the_same_id(desk: Desk, hook: Hook) -> None:
    gate = threading.Event()
    hook.answers = [Answer(500, wait=gate)]
    desk.webhook(hook.url)
    desk.tell(incident())
    running = desk.dispatcher()

    async def stop() -> int:
        await running.dispatch_due(wait=False)
        await _until(lambda: len(hook.requests) == 1)
        return await running.stop(0.1)

    assert asyncio.run(stop()) == 1
    (row,) = desk.rows()
    assert (row.state, row.ambiguous) == ("queued", 1)
    marks: list[str] = []
    desk.trace = marks.append
    desk.dispatch()
    gate.set()  # the one that was cut fails after all, which is no news any more
    asyncio.run(_until(lambda: marks.count("mark") == 2))
    assert desk.states() == ["sent"]
    assert len({request.headers["webhook-id"] for request in hook.requests}) == 1


def test_nothing_begins_after_a_stop(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    running = desk.dispatcher()

    async def stop() -> int:
        await running.stop(0.1)
        return await running.dispatch_due()

    assert asyncio.run(stop()) == 0
    assert desk.states() == ["queued"]


def test_a_program_that_died_while_sending_sends_again_at_its_next_start(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    with desk.store.write() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'sending', lease = 'dead', attempts = 1"))
    desk.dispatch()
    (row,) = desk.rows()
    assert (row.state, row.ambiguous, row.attempts) == ("sent", 1, 2)


def test_a_clock_set_back_a_year_stalls_nothing(desk: Desk) -> None:
    room = use(desk, "room", Broken(TryLater("busy")))
    desk.tell(incident())
    desk.dispatch()
    desk.later(days=-365)
    desk.dispatch()
    assert len(room.sent) == 1


def test_a_clock_set_forward_a_year_sends_once(desk: Desk) -> None:
    room = use(desk, "room", Broken(TryLater("busy")))
    desk.tell(incident())
    desk.dispatch()
    desk.later(days=365)
    desk.dispatch()
    assert len(room.sent) == 1


def test_a_late_message_says_that_it_is_delayed(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    desk.later(hours=6, seconds=1)
    desk.dispatch()
    assert "DELAYED, decided 24 Sep 2025 21:05 Baghdad · NEW" in desk.printed[0]


def test_91_messages_of_a_removed_channel_are_parked_reported_and_come_back_with_it(desk: Desk) -> None:
    desk.console("gone")
    desk.console("ops", ops=True)
    desk.tell(incident())
    channel, settings = desk.channels.pop("gone"), desk.settings.pop("gone")
    desk.dispatch()
    assert {row.channel: row.state for row in desk.rows() if row.kind == "incident"} == {
        "gone": "parked",
        "ops": "sent",
    }
    assert any("1 waiting messages are parked: gone" in said for said in desk.printed)
    desk.channels["gone"], desk.settings["gone"] = channel, settings
    desk.dispatch()
    assert {row.state for row in desk.rows()} == {"sent"}


def given_up(desk: Desk) -> list[str]:
    return [row.reason for row in desk.rows() if row.state == "dead"]


def test_91_what_waits_four_days_for_a_channel_that_is_off_is_a_dead_letter_reported_and_can_be_sent_again(
    desk: Desk,
) -> None:
    room = use(desk, "room", Broken(ChannelRefused("answered 410")))
    desk.console("ops", ops=True)
    for number in range(3):
        desk.tell(incident(id=f"inc_{number}"))
    running = desk.dispatcher()
    desk.run(running)
    desk.later(days=4, seconds=-1)
    desk.run(running)
    assert given_up(desk) == []
    desk.later(seconds=2)
    desk.run(running)
    assert given_up(desk) == ["given up after 4 days: the channel room is off: answered 410"] * 3
    assert len([said for said in desk.printed if "3 messages to room given up after 4 days" in said]) == 1
    with desk.store.write() as connection:
        outbox.resume_channel(connection, "room", desk.now)
        for row in [row for row in desk.rows() if row.state == "dead"]:
            outbox.retry(connection, row.id, desk.now)
    desk.run(running)
    assert set(room.sent) == {row.id for row in desk.rows() if row.channel == "room"}


def test_a_late_failure_of_another_message_does_not_switch_a_refused_channel_on(desk: Desk) -> None:
    room = use(desk, "room", Broken())
    room.settings = desk.settings["room"] = ConsoleSettings(type="console", parallel=2)
    both = threading.Barrier(2)
    refused = threading.Event()

    class Refusing(Broken):
        def send(self, message: Message, envelope: Envelope) -> str:
            self.calls += 1
            first = both.wait(5) == 0
            if first:
                raise ChannelRefused("answered 410")
            refused.wait(5)
            raise TryLater("the connection broke")

    room = use(desk, "room", Refusing())
    room.settings = desk.settings["room"] = ConsoleSettings(type="console", parallel=2)
    marks: list[str] = []

    def trace(step: str) -> None:
        if step == "mark":
            marks.append(step)
            refused.set()

    desk.trace = trace
    desk.tell(incident())
    desk.tell(incident(id="inc_other"))
    desk.run(desk.dispatcher())
    assert len(marks) == 2
    assert desk.is_off("room")
    assert room.calls == 2


def test_given_up_notices_make_no_further_notices(desk: Desk) -> None:
    use(desk, "ops", Broken(ChannelRefused("answered 410")))
    use(desk, "other", Broken(always=TryLater("down")))
    desk.tell(incident())
    running = desk.dispatcher()
    for _ in range(20):
        desk.run(running)
        desk.later(days=1)
    told = [row.incident for row in desk.rows() if row.kind == "notice"]
    assert len(told) <= 6


def test_91_what_a_dead_receiver_never_got_to_is_given_up_after_four_days_however_many_wait(desk: Desk) -> None:
    room = use(desk, "room", Broken(always=TryLater("down")))
    for number in range(60):
        desk.tell(incident(id=f"inc_{number}"))
    desk.console("ops", ops=True)
    running = desk.dispatcher()
    for _ in range(4 * 24 + 1):
        desk.run(running)
        desk.later(hours=1)
    assert [row.state for row in desk.rows() if row.channel == "room"] == ["dead"] * 60
    assert room.calls < 200


def test_91_a_dead_letter_retried_while_its_receiver_is_still_dead_is_really_tried(desk: Desk) -> None:
    room = use(desk, "room", Broken(always=TryLater("down")))
    for number in range(6):
        desk.tell(incident(id=f"inc_{number}"))
    running = desk.dispatcher()
    for _ in range(5 * 24):
        desk.run(running)
        desk.later(hours=1)
    (first, *_) = desk.rows()
    assert first.state == "dead"
    calls = room.calls
    with desk.store.write() as connection:
        outbox.retry(connection, first.id, desk.now)
    desk.run(running)
    assert room.calls == calls + 1


def test_91_what_was_parked_after_a_long_pause_still_gets_its_four_days(desk: Desk) -> None:
    desk.console("gone")
    desk.tell(incident())
    desk.channels.pop("gone")
    desk.settings.pop("gone")
    desk.later(days=30)
    running = desk.dispatcher()
    desk.run(running)
    desk.run(running)
    assert desk.states() == ["parked"]
    desk.later(days=4, seconds=1)
    desk.run(running)
    assert desk.states() == ["dead"]


def test_91_what_is_parked_for_four_days_is_a_dead_letter(desk: Desk) -> None:
    desk.console("gone")
    desk.console("ops", ops=True)
    desk.tell(incident())
    desk.channels.pop("gone")
    desk.settings.pop("gone")
    running = desk.dispatcher()
    desk.run(running)
    desk.later(days=4, seconds=1)
    desk.run(running)
    assert given_up(desk) == ["given up after 4 days: gone is no longer configured or enabled"]


@pytest.mark.parametrize("failures", [0, 7])
def test_what_waited_while_the_program_did_not_run_is_sent_however_late(desk: Desk, failures: int) -> None:
    room = use(desk, "room", Broken(*[TryLater("down")] * failures))
    desk.tell(incident())
    while room.errors:
        desk.dispatch()
        desk.later(hours=5)
    assert room.calls == failures
    desk.later(days=30)
    desk.dispatch()
    assert len(room.sent) == 1


def test_without_room_on_the_disk_nothing_is_sent_and_nothing_is_lost(desk: Desk) -> None:
    room = use(desk, "room", Broken())
    desk.tell(incident())
    with desk.store.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    desk.store.engine.dispose()

    def no_more_pages(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(desk.store.engine, "connect", no_more_pages)
    with pytest.raises(OperationalError, match="full"):
        for number in range(50):
            desk.tell(incident(id=f"inc_{number}"))
    planned = len(desk.rows())
    event.remove(desk.store.engine, "connect", no_more_pages)
    desk.store.engine.dispose()
    desk.dispatch()
    assert len(room.sent) == planned


def test_what_was_sent_but_could_not_be_recorded_is_not_sent_twice(desk: Desk) -> None:
    """The store is locked by somebody else just after the receiver said yes."""

    class Locking(Broken):
        def send(self, message: Message, envelope: Envelope) -> str:
            self.lock = desk.store.engine.raw_connection()
            self.lock.cursor().execute("BEGIN IMMEDIATE")
            return super().send(message, envelope)

    room = use(desk, "room", Locking())
    event.listen(desk.store.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=100"))
    desk.store.engine.dispose()
    desk.tell(incident())
    running = desk.dispatcher()
    desk.run(running)
    assert desk.states() == ["sending"]
    room.lock.rollback()
    room.lock.close()
    desk.run(running)
    assert desk.states() == ["sent"]
    assert room.calls == 1


def test_the_steps_are_told_in_order(desk: Desk, hook: Hook) -> None:
    steps: list[str] = []
    desk.trace = steps.append
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert steps == ["claim", "connect", "250 read", "mark"]


def test_a_replayed_message_says_so_everywhere(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    running = desk.dispatcher(mark="REPLAY")
    desk.run(running)
    assert "[REPLAY] [CRITICAL]" in desk.printed[0]
    assert "[REPLAY] NEW: armed clash" in desk.printed[0]


def test_an_updated_toll_is_told_with_what_it_was(desk: Desk) -> None:
    desk.console()
    one = incident()
    desk.tell(one)
    desk.dispatch()
    desk.later(minutes=3)
    desk.tell(replace(one, revision=2, injured=Range(3, 5)), one)
    desk.dispatch()
    assert "UPDATE 1: injured 3 → 3–5 (1 independent source)" in desk.printed[1]


class Watched(Broken):
    """Counts how many of its messages are between the turn and the record."""

    def __init__(self, gauge: list[int], seconds: float) -> None:
        super().__init__()
        self.settings = ConsoleSettings(type="console", parallel=4)
        self.gauge, self.seconds = gauge, seconds

    def send(self, message: Message, envelope: Envelope) -> str:
        receipt = super().send(message, envelope)
        self.gauge.append(self.gauge[-1] + 1)
        time.sleep(self.seconds)
        return receipt


def count_to_the_record(desk: Desk, gauge: list[int]) -> None:
    def trace(step: str) -> None:
        if step == "mark":
            gauge.append(gauge[-1] - 1)

    desk.trace = trace


def test_of_all_quick_receivers_one_message_at_a_time_is_between_yes_and_record(desk: Desk) -> None:
    gauge = [0]
    use(desk, "a", Watched(gauge, 0.002))
    use(desk, "b", Watched(gauge, 0.002))
    count_to_the_record(desk, gauge)
    for number in range(15):
        desk.tell(incident(id=f"inc_{number}"))
    desk.run(desk.dispatcher(patience=10))
    assert desk.states() == ["sent"] * 30
    assert max(gauge) == 1


def test_a_slow_disk_makes_no_receiver_slow(desk: Desk) -> None:
    """The record is our own time: nobody goes past a message that its receiver has answered."""
    gauge = [0]
    use(desk, "a", Watched(gauge, 0))
    use(desk, "b", Watched(gauge, 0))
    count_to_the_record(desk, gauge)
    for number in range(3):
        desk.tell(incident(id=f"inc_{number}"))
    event.listen(desk.store.engine, "commit", lambda connection: time.sleep(0.2))
    desk.run(desk.dispatcher(patience=0.1))
    assert desk.states() == ["sent"] * 6
    assert max(gauge) == 1


def test_of_a_slow_receiver_too_and_another_does_not_wait_for_it(desk: Desk) -> None:
    slow, quick = [0], [0]
    use(desk, "slow", Watched(slow, 0.1))
    use(desk, "quick", Watched(quick, 0))
    for number in range(8):
        desk.tell(incident(id=f"inc_{number}"))
    done: list[str] = []
    real = desk.channels["slow"].send

    def send(message: Message, envelope: Envelope) -> str:
        done.append(f"quick {len(desk.channels['quick'].sent)}")  # type: ignore[attr-defined]
        try:
            return real(message, envelope)
        finally:
            slow.append(slow[-1] - 1)

    desk.channels["slow"].send = send  # type: ignore[method-assign]
    desk.run(desk.dispatcher(patience=0.02))
    assert desk.states() == ["sent"] * 16
    assert max(slow) == 1
    assert done[-1] == "quick 8"


def test_a_receiver_that_hangs_holds_up_its_own_next_message_for_seconds_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.dispatcher.HANGS", 0.1)
    gate = threading.Event()

    class Hanging(Broken):
        def send(self, message: Message, envelope: Envelope) -> str:
            receipt = super().send(message, envelope)
            if len(self.sent) == 1:
                gate.wait(10)
            elif len(self.sent) == 4:
                gate.set()
            return receipt

    room = use(desk, "room", Hanging())
    room.settings = desk.settings["room"] = ConsoleSettings(type="console", parallel=2)
    for number in range(4):
        desk.tell(incident(id=f"inc_{number}"))
    desk.run(desk.dispatcher(patience=0.02))
    assert desk.states() == ["sent"] * 4


async def _until(done: Any) -> None:
    for _ in range(1000):
        if done():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("did not happen in time")
