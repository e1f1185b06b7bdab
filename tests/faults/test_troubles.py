"""Troubles of the machine and of receivers: a full disk, a hanging receiver, a clock that jumps."""

from __future__ import annotations

import email
import json
import resource
import signal
import threading
import time
from email.policy import default

from tests.alerts.receivers import Answer
from tests.world import CLASH, WEATHER, World


def test_f073_a_stop_while_a_receiver_hangs_after_the_final_dot_cuts_it_and_sends_the_same_id_later(
    world: World,
) -> None:
    hang = threading.Event()
    world.inbox.before_answer = lambda: hang.wait(30) and None
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail is taken, and not answered")
    began = time.monotonic()
    assert world.stop() == 0
    assert time.monotonic() - began < 10
    hang.set()
    world.inbox.before_answer = lambda: None
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 2, "the mail again", 60)
    identities = {
        str(email.message_from_bytes(data, policy=default)["Message-ID"]) for _, data in list(world.inbox.mails)
    }
    assert len(identities) == 1


def test_f073_a_second_signal_ends_the_daemon_at_once(world: World) -> None:
    hang = threading.Event()
    world.inbox.before_answer = lambda: hang.wait(30) and None
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail is taken, and not answered")
    assert world.process is not None
    world.process.send_signal(signal.SIGTERM)
    world.wait(lambda: "stopping" in world.log, "it stops")
    world.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert world.process.wait(10) == 1
    assert time.monotonic() - began < 3
    hang.set()


def test_f075_with_a_full_disk_nothing_is_sent_and_with_space_everything(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    world.start()
    world.wait(lambda: '"/weather"' in world.log or "judged" in world.log, "the weather is read")
    assert world.process is not None
    size = (world.folder / "state" / "rasid.db").stat().st_size
    resource.prlimit(world.process.pid, resource.RLIMIT_FSIZE, (size, size))
    for number in range(8):
        world.outlet.publish(f"filler{number}", WEATHER[0], f"{number} " + WEATHER[1] * 40)
    world.outlet.publish("clash", *CLASH)
    world.wait(lambda: "a step failed" in world.log or "disk" in world.log, "the disk is full")
    polls = world.polls()
    world.wait(lambda: world.polls() > polls or "disk" in world.log, "it goes on")
    assert world.inbox.mails == []
    assert world.process.poll() is None
    world.stop()
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail", 60)


def test_f089_a_slow_receiver_delays_no_other(world: World) -> None:
    released = threading.Event()
    world.hook.answers.append(Answer(wait=released))
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail, while the webhook hangs")
    released.set()
    world.wait(lambda: len(world.hook.requests) == 1, "the webhook")


def test_f088_a_receiver_that_is_gone_switches_its_channel_off_and_another_one_tells(world: World) -> None:
    world.hook.usual = Answer(status=410)
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) >= 2, "the alert and the notice about the webhook")
    subjects = [str(email.message_from_bytes(data, policy=default)["Subject"]) for _, data in world.inbox.mails]
    assert any("hook" in subject for subject in subjects)
    assert len(world.hook.requests) == 1
    status = json.loads(world.rasid("status", "--json").stdout)
    assert [channel["off"] for channel in status["outbox"]["channels"] if channel["channel"] == "hook"] == [True]
    world.hook.usual = Answer()
    assert world.rasid("deliveries", "resume", "hook", quick=False).returncode == 0
    world.wait(lambda: len(world.hook.requests) == 2, "the webhook, once it is back")


def test_f045_other_feeds_go_on_when_one_is_broken(world: World) -> None:
    broken = f'[[sources]]\nid = "broken"\nname = "B"\n[[sources.feeds]]\nurl = "{world.origin.url("/none")}"\n'
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("[channels.desk]", broken + "[channels.desk]", 1), encoding="utf-8")
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail")
    world.wait(lambda: "not_found" in world.log, "the broken feed is in the log")
