"""One POST with manners: verified certificate, no proxy or .netrc, no redirect, and an end to it.

Over the standard library's http.client, because whatever does more (sessions, pools, redirects, cookies) must be
switched off again, and costs more than the sending. Time-outs of single reads do not do: a receiver that sends a byte
now and then would hold a thread for ever. So every step is given what is left of the whole.
"""

from __future__ import annotations

import base64
import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import certifi

from alerts.cleaning import clean, cut
from alerts.errors import ChannelRefused, DeliveryError, Refused, TooLarge, TryLater

_MOST_ANSWER = 65_536  # bytes read of an answer
_LONGEST_CONNECT = 10.0  # seconds
_AS_IT_IS = "/%:@!$&'()*+,;=~-._?[]"  # of the path and query of an address


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said; `text` is cut at 64 kB."""

    status: int
    text: str
    retry_after: timedelta | None


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    patience: timedelta,
    ca_file: str | None = None,
    turn: Callable[[], None] = lambda: None,
) -> Answer:
    """POST once, over a connection of its own. `turn` is called once it is connected, and nothing is sent before.

    Raises TryLater when there is no answer within `patience` in all (waiting for the turn not counted); the address is
    never quoted.
    """
    deadline = _Deadline(patience)
    try:
        connection = _connect(url, deadline, ca_file)
    except (OSError, ValueError) as error:
        raise TryLater(_reason(error, "no connection")) from None
    with closing(connection):
        with deadline.paused():
            turn()
        try:
            return connection.post(body, {"User-Agent": "rasid", "Connection": "close", **headers})
        except (OSError, ValueError, http.client.HTTPException) as error:
            # From here on the receiver may have it all the same.
            raise TryLater(_reason(error, f"the connection broke ({type(error).__name__})"), ambiguous=True) from None


def judge_status(answer: Answer) -> DeliveryError | None:
    """What an HTTP status means for the message; None: taken. (Standard Webhooks, and what Slack documents.)"""
    said = f"answered {answer.status}" + (f": {cut(clean(answer.text), 120)}" if answer.text.strip() else "")
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in (429, 502, 503, 504) or answer.retry_after:
        return TryLater(said, after=answer.retry_after, throttled=status == 429)
    if status in (408, 425) or status >= 500 or status < 200:
        return TryLater(said)
    if 300 <= status < 400:
        return Refused(f"{said}; redirects are not followed, enter the final address")
    if status in (401, 403, 404, 410):
        return ChannelRefused(said)
    if status in (400, 413):
        return TooLarge(said)
    return Refused(said)


def parse_retry_after(value: str, now: datetime | None = None) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or an HTTP date; None for anything else, and for the past."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = moment - (now or datetime.now(UTC))
    return wait if wait > timedelta(0) else None


class _Deadline:
    """When the whole must be over, in real time."""

    def __init__(self, patience: timedelta) -> None:
        self._end = time.monotonic() + patience.total_seconds()

    def left(self) -> float:
        """Seconds; raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What the block takes is not counted."""
        began = time.monotonic()
        yield
        self._end += time.monotonic() - began


class _Connection:
    """A connection to the host of an address, over which one request is made."""

    def __init__(self, sock: socket.socket, host: str, target: str, login: str, deadline: _Deadline) -> None:
        self._sock, self._host, self._target, self._login, self._deadline = sock, host, target, login, deadline

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        client = http.client.HTTPConnection("unused")  # it is connected already, and told whom to name
        client.sock = _Timed(self._sock, self._deadline)
        login = {"Authorization": self._login} if self._login else {}
        client.request("POST", self._target, body, {"Host": self._host, **login, **headers})
        response = client.getresponse()
        text = response.read(_MOST_ANSWER).decode("utf-8", "replace")
        return Answer(response.status, text, parse_retry_after(response.headers.get("Retry-After", "")))

    def close(self) -> None:
        self._sock.close()


def _connect(url: str, deadline: _Deadline, ca_file: str | None) -> _Connection:
    parts = urlsplit(url)
    name = (parts.hostname or "").encode("idna").decode()
    encrypted = parts.scheme == "https"
    port = parts.port or (443 if encrypted else 80)
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_IT_IS)
    login = ""
    if parts.username is not None:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = f"Basic {base64.b64encode(words.encode()).decode()}"
    sock = socket.create_connection((name, port), min(_LONGEST_CONNECT, deadline.left()))
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if encrypted:
            sock.settimeout(deadline.left())
            sock = _tls(ca_file).wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise
    host = f"[{name}]" if ":" in name else name
    return _Connection(sock, host if parts.port is None else f"{host}:{port}", target, login, deadline)


@functools.cache
def _tls(ca_file: str | None) -> ssl.SSLContext:
    # Kept, because reading the authorities takes 20 ms.
    return ssl.create_default_context(cafile=ca_file or certifi.where())


class _Timed:
    """A socket for http.client, each of whose steps gets what is left of the deadline."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline))

    def close(self) -> None:
        """http.client closes as soon as it has read the head of the answer; the rest is still to come."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _reason(error: Exception, otherwise: str) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "certificate or TLS refused"
    return otherwise
