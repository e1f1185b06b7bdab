"""The installed daemon, as a process, from a feed to a mail and a webhook: what a user is promised."""

from __future__ import annotations

import email
import json
import signal
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

import pytest
from standardwebhooks import Webhook

from tests.world import CLASH, HIGHER_TOLL, SECRET, WEATHER, World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as made:
        yield made


def test_a_report_becomes_one_mail_and_one_webhook_and_a_higher_toll_one_update(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1 and len(world.hook.requests) == 1, "a mail and a webhook")

    mail = _mail(world, 0)
    assert mail["To"] == "desk@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    text = cast(EmailMessage, mail.get_body(("plain",))).get_content()
    html = cast(EmailMessage, mail.get_body(("html",))).get_content()
    assert CLASH[0] in text
    assert 'dir="rtl"' in html
    assert "سرايا السلام" in html
    assert "Abu al-Khasib" in text
    assert "1 killed" in text

    request = world.hook.requests[0]
    Webhook(SECRET).verify(request.body, request.headers)
    data = json.loads(request.body)["data"]
    assert data["governorates"] == ["basra"]
    assert sorted(data["groups"]) == ["asaib_ahl_al_haq", "saraya_al_salam"]
    assert data["event_type"] == "armed_clash"
    assert data["headline"] == CLASH[0]

    polls = world.polls()
    world.wait(lambda: world.polls() >= polls + 2, "two more polls")
    assert len(world.inbox.mails) == 1
    assert len(world.origin.requests("/clash")) == 1

    world.outlet.publish("toll", *HIGHER_TOLL)
    world.wait(lambda: len(world.inbox.mails) == 2 and len(world.hook.requests) == 2, "an update")
    update = _mail(world, 1)
    assert update["Subject"] == mail["Subject"]
    assert mail["Message-ID"] in update["References"]
    assert "3" in cast(EmailMessage, update.get_body(("plain",))).get_content().splitlines()[0]
    assert json.loads(world.hook.requests[1].body)["data"]["id"] == data["id"]

    began = time.monotonic()
    assert world.stop() == 0
    assert time.monotonic() - began < 10


def test_every_poll_after_the_first_is_conditional_and_comes_with_a_contact(world: World) -> None:
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: world.polls() >= 3, "three polls")
    asked = world.origin.requests("/feed.xml")
    assert "if-none-match" not in asked[0].headers
    assert all("if-none-match" in one.headers for one in asked[1:])
    assert all("test@example.org" in one.headers["user-agent"] for one in asked)
    assert all("cookie" not in one.headers and "referer" not in one.headers for one in asked)


def test_a_restart_tells_nothing_twice(world: World) -> None:
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1 and len(world.hook.requests) == 1, "the mail and the request")
    assert world.stop() == 0
    polls = world.polls()
    world.start()
    world.wait(lambda: world.polls() > polls, "a poll after the restart")
    assert world.stop(signal.SIGINT) == 0
    assert len(world.inbox.mails) == 1
    assert len(world.hook.requests) == 1


def test_once_polls_every_due_feed_sends_and_ends(world: World) -> None:
    world.outlet.publish("clash", *CLASH)
    world.start("--once")
    assert world.process is not None
    assert world.process.wait(40) == 0
    assert len(world.inbox.mails) == 1
    assert world.polls() == 1


def test_a_second_daemon_on_the_same_state_ends_with_3_and_names_the_first(world: World) -> None:
    world.start()
    second = world.rasid("run")
    assert second.returncode == 3
    assert world.process is not None
    assert str(world.process.pid) in second.stderr


def test_an_unreachable_mail_server_delays_nobody_else_and_its_mail_comes_later(world: World) -> None:
    world.config.write_text(world.config.read_text().replace(f"port = {world.inbox.port}", "port = 1"))
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.hook.requests) == 1, "the webhook")
    assert world.stop() == 0
    world.configure()
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail", 60)
    assert len(world.hook.requests) == 1


def test_status_incidents_and_sources_tell_what_happened(world: World) -> None:
    world.outlet.publish("clash", *CLASH)
    world.start()
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail")
    status = json.loads(world.rasid("status", "--json").stdout)
    assert status["running"] is True
    assert status["articles"] == 1
    incident = json.loads(world.rasid("incidents", "--json").stdout)
    assert incident["severity"] == "critical"
    assert world.rasid("ack", incident["id"]).returncode == 0
    source = json.loads(world.rasid("sources", "--json").stdout)
    assert source["source"] == "outlet"
    found = json.loads(world.rasid("search", "ابي الخصيب", "--json").stdout)
    assert found["title"] == CLASH[0]


def _mail(world: World, index: int) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(world.inbox.mails[index][1], policy=default))
