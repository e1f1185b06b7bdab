"""Receivers on loopback: an SMTP server and an HTTP server that answer as they are told and keep what they got."""

from __future__ import annotations

import asyncio
import email
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Inbox:
    """An SMTP server. `answers` maps a recipient, or the step "message", to what it is answered, in turn."""

    mails: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    port: int = 0
    before_answer: Callable[[], None] = lambda: None
    connections: list[object] = field(default_factory=list)  # over which each mail came
    again: dict[str, str] = field(default_factory=dict)  # what a command is answered from the second mail of one on
    hang_up_after: int = 0  # mails on one connection; 0: never
    ended: int = 0  # connections ended with QUIT

    def mail(self, index: int = -1) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(self.mails[index][1], policy=default))

    def recipients(self) -> list[str]:
        return [to for to, _ in self.mails]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.again and session.peer in self.connections:
            return self.again["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.ended += 1
        return "221 Bye"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: list[str]) -> str:
        if "RCPT" in self.again and session.peer in self.connections:
            return self.again["RCPT"]
        if self.answers.get(to):
            return self.answers[to].pop(0)
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers.get("message"):
            answer = self.answers["message"].pop(0)
            if not answer.startswith("250"):
                return answer
        self.mails.append((envelope.rcpt_tos[0], cast(bytes, envelope.original_content)))
        self.connections.append(session.peer)
        self.before_answer()
        if self.connections.count(session.peer) == self.hang_up_after:
            asyncio.get_running_loop().call_later(0.001, server.transport.close)
        return "250 taken"


@contextmanager
def smtp_server(**options: Any) -> Iterator[Inbox]:
    """Listening on a port of the system's choice; `options` go to aiosmtpd."""
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    inbox.port = controller.port
    try:
        yield inbox
    finally:
        controller.stop(no_assert=True)


def accept_only(username: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator for aiosmtpd."""

    def check(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (username.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None  # answer only when it is set


@dataclass
class Hook:
    """An HTTP server. `answers` are given in turn, then `usual` for ever."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)
    usual: Answer | Callable[[Request], Answer] = field(default_factory=Answer)


@contextmanager
def http_server() -> Iterator[Hook]:
    """Listening on a port of the system's choice; answers as its Hook says."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # one segment per answer: two small ones cost 40 ms of delayed acknowledgement
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # the sender was killed between head and body: no request at all
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, body)
            hook.requests.append(request)
            answer = hook.answers.pop(0) if hook.answers else hook.usual
            if not isinstance(answer, Answer):
                answer = answer(request)
            if answer.wait is not None:
                answer.wait.wait(20)
            data = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
