"""E-mail, in conversation with a real SMTP server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from alerts.settings import EmailSettings
from pipelines.models import Range
from tests.alerts.certificates import make_certificate
from tests.alerts.desk import Desk
from tests.alerts.receivers import Inbox, accept_only, free_port, smtp_server
from tests.alerts.samples import incident, second


def parts(mail: EmailMessage) -> dict[str, str]:
    return {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}


def test_a_mail_has_the_headers_of_an_automatic_message_and_both_parts(desk: Desk, inbox: Inbox) -> None:
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch()
    mail = inbox.mail()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Id"] == "rasid alerts <desk.rasid.example.org>"
    assert mail["To"] == "reader@example.org"
    assert mail["Subject"] == "[CRITICAL] Abu al-Khasib, Basra · SaS ⚔ AAH · clash · #7OYF"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text, html = parts(mail)["text/plain"], parts(mail)["text/html"]
    for part in (text, html):
        assert "إصابات باشتباك مسلح بين سرايا السلام وعصائب أهل الحق في أبي الخصيب" in part
        assert "rasid ack inc_7k2mq3xw5b" in part
    assert 'dir="rtl" lang="ar"' in html


def test_the_mails_of_an_incident_are_one_thread_under_one_subject(desk: Desk, inbox: Inbox) -> None:
    desk.email(inbox.port)
    one = incident()
    two = second(one)
    three = replace(two, revision=3, killed=Range(2, 2))
    for before, after in ((None, one), (one, two), (two, three)):
        desk.tell(after, before)
        desk.dispatch()
        desk.later(minutes=20)
    mails = [inbox.mail(index) for index in range(3)]
    assert len({mail["Subject"] for mail in mails}) == 1
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert mails[0]["References"] is None
    assert [mail["References"] for mail in mails[1:]] == [mails[0]["Message-ID"]] * 2
    assert [mail["In-Reply-To"] for mail in mails[1:]] == [mails[0]["Message-ID"]] * 2
    assert parts(mails[1])["text/plain"].startswith("UPDATE 1: killed 1")
    assert parts(mails[2])["text/plain"].startswith("UPDATE 2: killed 1 → 2")


def test_87_one_refused_recipient_costs_the_others_nothing(desk: Desk, inbox: Inbox) -> None:
    inbox.answers["b@example.org"] = ["550 5.1.1 no such user"]
    desk.email(inbox.port, to=["a@example.org", "b@example.org", "c@example.org"])
    desk.tell(incident())
    desk.dispatch()
    assert sorted(inbox.recipients()) == ["a@example.org", "c@example.org"]
    dead = [row for row in desk.rows() if row.state == "dead"]
    assert [(row.recipient, "550" in row.reason) for row in dead] == [("b@example.org", True)]


@pytest.mark.parametrize("answer", ["421 closing", "450 4.2.0 greylisted", "451 4.7.1 try again later"])
def test_85_a_greylisted_mail_comes_once_when_tried_again(desk: Desk, inbox: Inbox, answer: str) -> None:
    inbox.answers["reader@example.org"] = [answer]
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch()
    (row,) = desk.rows()
    assert row.state == "queued"
    if not answer.startswith("421"):
        assert timedelta(minutes=5) <= row.due - desk.now <= timedelta(minutes=6)
    desk.dispatch_until_quiet()
    assert inbox.recipients() == ["reader@example.org"]
    assert inbox.mail()["Message-ID"] == f"<{row.id}@example.org>"


def test_87_a_mail_too_large_comes_in_its_shortest_form(desk: Desk, inbox: Inbox) -> None:
    inbox.answers["message"] = ["552 5.3.4 message too big"]
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]
    assert inbox.mail().get_content_type() == "text/plain"
    assert "inc_7k2mq3xw5b" in inbox.mail().get_content()


def test_87_what_is_refused_for_good_is_a_dead_letter(desk: Desk, inbox: Inbox) -> None:
    inbox.answers["message"] = ["554 5.7.1 looks like spam"]
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert desk.states() == ["dead"]
    assert inbox.mails == []


def test_86_after_the_final_dot_silence_means_the_same_mail_again(desk: Desk, inbox: Inbox) -> None:
    """The server took it and the answer was lost: the copy carries the same Message-ID, and is counted."""
    cut = threading.Event()

    def hang_up_once() -> None:
        if not cut.is_set():
            cut.set()
            raise ConnectionResetError

    inbox.before_answer = hang_up_once
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    (row,) = desk.rows()
    assert (row.state, row.attempts, row.ambiguous) == ("sent", 2, 1)
    assert [inbox.mail(index)["Message-ID"] for index in range(2)] == [f"<{row.id}@example.org>"] * 2


def test_86_a_time_out_after_the_final_dot_is_counted_as_maybe_doubled(desk: Desk) -> None:
    with _silent_after_dot() as port:
        desk.email(port, data_timeout="1s")
        desk.tell(incident())
        desk.dispatch()
    (row,) = desk.rows()
    assert (row.state, row.ambiguous) == ("queued", 1)
    assert "no answer in time" in row.reason


def test_a_stop_while_the_server_hangs_after_the_final_dot_gives_the_mail_back(desk: Desk) -> None:
    with _silent_after_dot() as port:
        desk.email(port)
        desk.tell(incident())
        running = desk.dispatcher()
        dotted = threading.Event()
        desk.trace = lambda step: dotted.set() if step == "final dot" else None

        async def stop() -> int:
            await running.dispatch_due(wait=False)
            await asyncio.to_thread(dotted.wait, 5)
            return await running.stop(0.1)

        assert asyncio.run(stop()) == 1
    (row,) = desk.rows()
    assert (row.state, row.ambiguous, row.reason) == ("queued", 1, "cut by a stop")


def test_the_server_is_given_ten_minutes_after_the_final_dot() -> None:
    assert EmailSettings.model_fields["data_timeout"].default == timedelta(seconds=600)


def test_a_dead_server_is_tried_again(desk: Desk) -> None:
    desk.email(free_port())
    desk.tell(incident())
    desk.dispatch()
    (row,) = desk.rows()
    assert (row.state, row.ambiguous) == ("queued", 0)
    assert "no connection" in row.reason


# --- one connection for several mails


def three_mails(desk: Desk, port: int, **values: object) -> None:
    desk.email(port, parallel=1, **values)
    for number in range(3):
        desk.tell(incident(id=f"inc_{number}"))
    desk.dispatch()


def test_mails_that_follow_one_another_share_a_connection_which_is_ended_at_the_last(desk: Desk, inbox: Inbox) -> None:
    three_mails(desk, inbox.port)
    assert len(inbox.mails) == 3
    assert len(set(inbox.connections)) == 1
    assert _soon(lambda: inbox.ended == 1)


def test_a_connection_carries_a_bounded_number_of_mails(
    desk: Desk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.channels.email.MAILS_PER_CONNECTION", 2)
    three_mails(desk, inbox.port)
    assert [inbox.connections.count(one) for one in dict.fromkeys(inbox.connections)] == [2, 1]
    assert _soon(lambda: inbox.ended == 2)


def test_a_server_that_hangs_up_between_two_mails_costs_no_attempt(desk: Desk, inbox: Inbox) -> None:
    inbox.hang_up_after = 1
    three_mails(desk, inbox.port)
    assert len(inbox.mails) == len(set(inbox.connections)) == 3
    assert [(row.state, row.attempts, row.ambiguous) for row in desk.rows()] == [("sent", 1, 0)] * 3


@pytest.mark.parametrize(
    ("command", "answer"),
    [("MAIL", "421 closing"), ("MAIL", "452 too many"), ("MAIL", "550 no more"), ("RCPT", "421 closing")],
)
def test_a_server_that_wants_a_new_connection_gets_one(desk: Desk, inbox: Inbox, command: str, answer: str) -> None:
    inbox.again[command] = answer
    three_mails(desk, inbox.port)
    assert len(inbox.mails) == len(set(inbox.connections)) == 3
    assert [(row.state, row.attempts) for row in desk.rows()] == [("sent", 1)] * 3


def test_a_recipient_refused_on_a_kept_connection_is_not_asked_for_twice(desk: Desk, inbox: Inbox) -> None:
    inbox.again["RCPT"] = "550 5.1.1 no such user"
    desk.email(inbox.port, parallel=1, to=["a@example.org", "b@example.org", "c@example.org"])
    desk.tell(incident())
    desk.dispatch()
    assert len(inbox.mails) == 2
    assert sorted(desk.states()) == ["dead", "sent", "sent"]


def test_86_a_break_after_the_final_dot_is_ambiguous_on_a_kept_connection_too(desk: Desk, inbox: Inbox) -> None:
    cut = threading.Event()

    def hang_up_at_the_second() -> None:
        if len(inbox.mails) == 2 and not cut.is_set():
            cut.set()
            raise ConnectionResetError

    inbox.before_answer = hang_up_at_the_second
    three_mails(desk, inbox.port)
    desk.dispatch_until_quiet()
    assert sorted((row.state, row.attempts, row.ambiguous) for row in desk.rows()) == [
        ("sent", 1, 0),
        ("sent", 1, 0),
        ("sent", 2, 1),
    ]
    assert len(inbox.mails) == 4
    assert len({inbox.mail(index)["Message-ID"] for index in range(4)}) == 3


# --- TLS and log-in


def test_starttls_with_a_trusted_certificate_and_log_in(desk: Desk, tmp_path: Path) -> None:
    context, pem = make_certificate(tmp_path)
    options = {"tls_context": context, "require_starttls": True, "authenticator": accept_only("rasid", "s3cret")}
    with smtp_server(**options) as inbox:
        desk.channel(
            "desk",
            {"password": "s3cret"},
            type="email",
            to=["reader@example.org"],
            **{"from": "rasid@example.org"},
            host="127.0.0.1",
            port=inbox.port,
            security="starttls",
            ca_file=str(pem),
            username="rasid",
            password={"env": "X"},
        )
        desk.tell(incident())
        desk.dispatch()
    assert (desk.states(), len(inbox.mails)) == (["sent"], 1)


def test_tls_from_the_first_byte(desk: Desk, tmp_path: Path) -> None:
    context, pem = make_certificate(tmp_path)
    with smtp_server(ssl_context=context) as inbox:
        desk.email(inbox.port, security="tls", ca_file=str(pem))
        desk.tell(incident())
        desk.dispatch()
    assert (desk.states(), len(inbox.mails)) == (["sent"], 1)


@pytest.mark.parametrize(
    ("host", "days", "trusted"), [("127.0.0.1", 1, False), ("other.example", 1, True), ("127.0.0.1", -1, True)]
)
def test_87_a_certificate_that_does_not_prove_the_server_stops_the_mail(
    desk: Desk, tmp_path: Path, host: str, days: int, trusted: bool
) -> None:
    """Unknown authority, another host's name, expired: nothing is sent, and never in the clear instead."""
    context, pem = make_certificate(tmp_path, host, days)
    with smtp_server(tls_context=context) as inbox:
        desk.email(inbox.port, security="starttls", **({"ca_file": str(pem)} if trusted else {}))
        desk.tell(incident())
        desk.dispatch()
    assert inbox.mails == []
    assert "certificate refused" in desk.rows()[0].reason


def test_87_a_server_without_starttls_gets_nothing(desk: Desk, inbox: Inbox) -> None:
    desk.email(inbox.port, security="starttls")
    desk.tell(incident())
    desk.dispatch()
    assert inbox.mails == []
    assert "no STARTTLS" in desk.rows()[0].reason


def test_87_a_refused_password_switches_the_channel_off_and_says_so_elsewhere(desk: Desk, tmp_path: Path) -> None:
    context, pem = make_certificate(tmp_path)
    with smtp_server(tls_context=context, authenticator=accept_only("rasid", "right")) as inbox:
        desk.channel(
            "desk",
            {"password": "wr0ng-canary"},
            type="email",
            to=["reader@example.org"],
            **{"from": "rasid@example.org"},
            host="127.0.0.1",
            port=inbox.port,
            ca_file=str(pem),
            username="rasid",
            password={"env": "X"},
        )
        desk.console()
        desk.tell(incident())
        desk.dispatch_until_quiet()
    assert inbox.mails == []
    assert any("the channel desk is off" in text and "535" in text for text in desk.printed)
    assert "wr0ng-canary" not in "".join(desk.printed) + repr(desk.rows())
    assert [row.state for row in desk.rows() if row.channel == "desk"] == ["queued"]


def _soon(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 2
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.005)
    return happened()


class _silent_after_dot:
    """A server that takes a message and never answers."""

    def __enter__(self) -> int:
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"220 hello\r\n")
            stream.flush()
            for line in stream:
                command = line[:4].upper()
                if command == b"DATA":
                    stream.write(b"354 go on\r\n")
                elif command in (b"EHLO", b"MAIL", b"RCPT", b"HELO"):
                    stream.write(b"250 OK\r\n")
                stream.flush()
