"""The webhook: signed as Standard Webhooks, and every answer taken for what it means."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.channels import Envelope
from alerts.channels.http import parse_retry_after, post
from alerts.channels.webhook import WebhookChannel
from alerts.errors import TryLater
from alerts.messages import Telling, compose
from alerts.settings import WebhookSettings
from tests.alerts.certificates import make_certificate
from tests.alerts.desk import KEY, Desk
from tests.alerts.receivers import Answer, Hook, free_port
from tests.alerts.samples import NAMES, NOW, incident, second

OTHER_KEY = "whsec_" + base64.b64encode(b"another key, of thirty-two bytes").decode()


def channel(url: str, *keys: str, **values: object) -> WebhookChannel:
    settings = TypeAdapter(WebhookSettings).validate_python(
        {"type": "webhook", "url": url, "secret": {"env": "K"}, **values}
    )
    return WebhookChannel(settings, [SecretStr(key) for key in keys or (KEY,)], lambda step: None)


def send(way: WebhookChannel) -> None:
    way.send(compose(incident(), Telling("new", (), NOW), NAMES), Envelope("msg_1", "", NOW))


def test_the_reference_library_verifies_what_is_sent(desk: Desk, hook: Hook) -> None:
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    (request,) = hook.requests
    said = Webhook(KEY).verify(request.body, request.headers)
    assert said["type"] == "incident.opened"
    assert said["data"]["id"] == "inc_7k2mq3xw5b"
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(request.body + b" ", request.headers)


def test_an_old_signature_is_refused_by_the_reference_library(hook: Hook) -> None:
    settings = channel(hook.url).settings
    send(WebhookChannel(settings, [SecretStr(KEY)], lambda step: None, wall=lambda: NOW))
    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(KEY).verify(hook.requests[0].body, hook.requests[0].headers)


def test_during_a_key_rotation_either_key_verifies(hook: Hook) -> None:
    send(channel(hook.url, KEY, OTHER_KEY))
    for key in (KEY, OTHER_KEY):
        Webhook(key).verify(hook.requests[0].body, hook.requests[0].headers)


def test_updates_and_retractions_have_their_types(desk: Desk, hook: Hook) -> None:
    desk.webhook(hook.url)
    one = incident()
    two = second(one)
    gone = second(two, status="retracted", change="retracted")
    for before, after in ((None, one), (one, two), (two, gone)):
        desk.tell(after, before)
        desk.dispatch()
        desk.later(minutes=20)
    assert [request.json["type"] for request in hook.requests] == [
        "incident.opened",
        "incident.updated",
        "incident.retracted",
    ]


def test_88_the_same_bytes_and_the_same_id_at_every_attempt(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(500), Answer(503)]
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert len(hook.requests) == 3
    assert len({request.body for request in hook.requests}) == 1
    assert len({request.headers["webhook-id"] for request in hook.requests}) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_88_any_2xx_means_taken(desk: Desk, hook: Hook, status: int) -> None:
    hook.usual = Answer(status, "" if status == 204 else "<html>fine</html>")
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == ["sent"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_88_what_may_pass_later_is_tried_later(desk: Desk, hook: Hook, status: int) -> None:
    hook.answers = [Answer(status)]
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == ["queued"]
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 402, 405, 409, 415, 422])
def test_88_what_is_refused_is_a_dead_letter_at_once(desk: Desk, hook: Hook, status: int) -> None:
    hook.usual = Answer(status, headers={"Location": f"{hook.url}/elsewhere"})
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert desk.states() == ["dead"]
    assert [request.path for request in hook.requests] == ["/"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_88_a_receiver_that_wants_no_more_gets_no_more_until_resumed_or_restarted(
    desk: Desk, hook: Hook, status: int
) -> None:
    hook.answers = [Answer(status)]
    desk.webhook(hook.url)
    desk.console("ops", ops=True)
    desk.tell(incident())
    running = desk.dispatcher()
    desk.run(running)
    desk.later(hours=30)
    desk.run(running)
    assert len(hook.requests) == 1
    assert any("the channel hook is off" in text for text in desk.printed)
    desk.dispatch()  # a restart
    assert len(hook.requests) == 2
    assert {row.state for row in desk.rows()} == {"sent"}


@pytest.mark.parametrize("status", [400, 413])
def test_88_a_refused_form_is_followed_by_the_shortest_once(desk: Desk, hook: Hook, status: int) -> None:
    hook.answers = [Answer(status)]
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]
    assert hook.requests[0].json["data"]["findings"]
    assert hook.requests[1].json["data"]["findings"] == []
    hook.usual = Answer(status)
    desk.tell(incident(id="inc_other"))
    desk.dispatch_until_quiet()
    assert sorted(desk.states()) == ["dead", "sent"]
    assert len(hook.requests) == 4


def test_88_retry_after_is_honoured(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(429, headers={"Retry-After": "900"})]
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.rows()[0].due - desk.now == timedelta(seconds=900)
    desk.tell(incident(id="inc_other"))
    assert desk.dispatch() == 0  # the whole channel waits
    desk.later(seconds=900)
    desk.dispatch()
    assert desk.states() == ["sent", "sent"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("1e9", None),
        ("Wed, 24 Sep 2025 18:10:00 GMT", 300),
        ("Wed, 24 Sep 2025 18:00:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_the_standard_has_it(value: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_retry_after(value, NOW) == expected


def test_no_receiver_can_ask_for_more_than_a_day(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(503, headers={"Retry-After": "315360000"})]
    desk.webhook(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.rows()[0].due - desk.now == timedelta(hours=24)


def test_88_a_receiver_that_never_answers_is_given_up_in_time(hook: Hook) -> None:
    never = threading.Event()
    hook.usual = Answer(wait=never)
    began = time.monotonic()
    with pytest.raises(TryLater) as caught:
        send(channel(hook.url, timeout="1s"))
    never.set()
    assert time.monotonic() - began < 3
    assert caught.value.ambiguous


_ENDLESS = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(5000)) + b"\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x00",
        b"HTTP/1.1 ",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"SSH-2.0-x\r\n",
        _ENDLESS,
    ],
    ids=["nothing", "garbage", "tls", "half", "no_number", "ssh", "endless_head"],
)
@pytest.mark.parametrize("reset", [False, True])
def test_88_what_is_no_answer_may_have_been_taken_and_is_tried_again(
    desk: Desk, hook: Hook, said: bytes, reset: bool
) -> None:
    with _raw_server(said, reset) as url:
        desk.webhook(url, timeout="2s")
        desk.tell(incident())
        desk.dispatch()
    (row,) = desk.rows()
    assert (row.state, row.ambiguous) == ("queued", 1)
    desk.webhook(hook.url)
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]
    assert [request.headers["webhook-id"] for request in hook.requests] == [row.id]


def test_88_a_yes_whose_body_breaks_off_is_a_yes(desk: Desk) -> None:
    with _raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfi", reset=False) as url:
        desk.webhook(url)
        desk.tell(incident())
        desk.dispatch()
    assert desk.states() == ["sent"]


def test_a_server_that_keeps_the_connection_is_connected_to_anew_and_each_message_waits_for_its_turn() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    connections: list[int] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connections.append(1)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")

    threading.Thread(target=serve, daemon=True).start()
    turns: list[int] = []
    with server:
        for _ in range(3):
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            assert post(url, b"{}", {}, timedelta(seconds=3), turn=lambda: turns.append(1)).text == "ok"
    assert len(turns) == len(connections) == 3


def test_an_address_may_hold_a_login_a_query_and_letters_of_any_language(hook: Hook) -> None:
    send(channel(hook.url.replace("http://", "http://rasid:p%40ss@") + "/مسار/x?key=a%20b&q=ع"))
    (request,) = hook.requests
    assert request.path == "/%D9%85%D8%B3%D8%A7%D8%B1/x?key=a%20b&q=%D8%B9"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"rasid:p@ss").decode()
    assert request.headers["host"] == hook.url.removeprefix("http://")


@pytest.mark.parametrize(("host", "days", "trusted"), [("127.0.0.1", 1, False), ("other.example", 1, True)])
def test_88_a_certificate_that_does_not_prove_the_receiver_stops_the_message(
    tmp_path: Path, host: str, days: int, trusted: bool
) -> None:
    context, pem = make_certificate(tmp_path, host, days)
    with _raw_server(b"HTTP/1.1 200 OK\r\n\r\n", reset=False, context=context) as url:
        way = channel(url.replace("http://", "https://"), **({"ca_file": str(pem)} if trusted else {}))
        with pytest.raises(TryLater, match="certificate or TLS refused") as caught:
            send(way)
    assert not caught.value.ambiguous


def test_a_private_authority_can_be_trusted(tmp_path: Path) -> None:
    context, pem = make_certificate(tmp_path)
    with _raw_server(b"HTTP/1.1 200 OK\r\n\r\n", reset=False, context=context) as url:
        send(channel(url.replace("http://", "https://"), ca_file=str(pem)))


@contextmanager
def _raw_server(said: bytes, reset: bool, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Reads a request, sends these bytes and closes, or resets the connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                connection.settimeout(2)
                asked = b""
                while b"}}" not in asked:
                    asked += connection.recv(65536)
                connection.sendall(said)
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    threading.Thread(target=serve, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_88_no_connection_is_not_ambiguous() -> None:
    with pytest.raises(TryLater) as caught:
        send(channel(f"http://127.0.0.1:{free_port()}/path-is-secret"))
    assert not caught.value.ambiguous
    assert "path-is-secret" not in str(caught.value)


def test_proxies_and_netrc_of_the_environment_are_ignored(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    send(channel(hook.url))
    assert len(hook.requests) == 1


def test_a_receivers_cookies_are_not_kept(hook: Hook) -> None:
    hook.usual = Answer(headers={"Set-Cookie": "track=1"})
    way = channel(hook.url)
    send(way)
    send(way)
    assert "cookie" not in hook.requests[1].headers
