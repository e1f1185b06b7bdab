"""One POST with manners: verified certificate, no proxy or .netrc, no redirect, and an end to it.

requests has time-outs for each read but none for the whole: a receiver that sends a byte now and then would hold a
thread for ever. So the socket of a request is shut when its time is over.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from alerts.cleaning import clean, cut
from alerts.errors import ChannelRefused, DeliveryError, Refused, TooLarge, TryLater

_MOST_ANSWER = 65_536  # bytes read of an answer
_LONGEST_CONNECT = 10.0  # seconds
_GLANCE = 0.1  # seconds between two looks at who is late


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
    seconds = patience.total_seconds()
    with _watchman.watching(_Deadline(seconds, turn)) as deadline:
        try:
            # By the adapter itself: a session would bring cookies, redirects and the environment, all unwanted here.
            asked = requests.Request("POST", url, {"User-Agent": "rasid", "Connection": "close", **headers}, data=body)
            with _adapter.send(
                asked.prepare(),
                stream=True,
                timeout=(min(_LONGEST_CONNECT, seconds), seconds),
                verify=ca_file or True,
            ) as response:
                text = _text(response, deadline)
                after = parse_retry_after(response.headers.get("Retry-After", ""))
                return Answer(response.status_code, text, after)
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise TryLater(_reason(error, deadline)) from None
        except (requests.exceptions.RequestException, OSError, ValueError, HTTPError) as error:
            # It may have been taken all the same unless the connection was never made.
            raise TryLater(_reason(error, deadline), ambiguous=deadline.connected) from None


def _text(response: requests.Response, deadline: _Deadline) -> str:
    """The beginning of the body; "" where the receiver broke it off, for the status is answer enough."""
    try:
        return str(response.raw.read(_MOST_ANSWER, decode_content=True).decode("utf-8", "replace"))
    except (OSError, HTTPError):
        if deadline.passed:
            raise
        return ""


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
    """When one request must be over, in real time; then its socket is shut."""

    def __init__(self, seconds: float, turn: Callable[[], None]) -> None:
        self.passed = False
        self.connected = False
        self.end = time.monotonic() + seconds
        self._turn = turn
        self._socket: socket.socket | None = None

    def connect(self, sock: socket.socket | None) -> None:
        """The connection stands: wait for the turn, which is not counted, and go on."""
        began = time.monotonic()
        self._turn()
        self.end += time.monotonic() - began
        self._socket = sock
        self.connected = True

    def cut(self) -> None:
        if self._socket is not None:
            self.passed = True
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watchman:
    """Cuts off what is over its deadline. One thread for all requests, because starting one takes long."""

    def __init__(self) -> None:
        self._watched: set[_Deadline] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, deadline: _Deadline) -> Iterator[_Deadline]:
        """The deadline of what this thread does within the block."""
        _here.deadline = deadline
        with self._changed:
            self._watched.add(deadline)
            if self._thread is None or not self._thread.is_alive():  # a fork takes no threads along
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield deadline
        finally:
            with self._changed:
                self._watched.discard(deadline)

    def _watch(self) -> None:
        with self._changed:
            while True:
                for deadline in self._watched:
                    if time.monotonic() > deadline.end:
                        deadline.cut()
                self._changed.wait(_GLANCE if self._watched else None)


class _Here(threading.local):
    """The deadline of the request that this thread is making."""

    deadline: _Deadline | None = None


class _Announced(HTTPConnection):
    """Tells the deadline of its thread when it stands. Never used twice: what comes back from the pool is closed."""

    def connect(self) -> None:
        super().connect()
        if _here.deadline:
            _here.deadline.connect(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if _here.deadline and not _here.deadline.connected:
            self.close()  # kept by a server that was asked not to
        super().request(*args, **kwargs)


class _Encrypted(_Announced, HTTPSConnection):
    """The same over TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Announced


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Adapter(HTTPAdapter):
    """Makes connections that tell the deadline of their socket."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


_here = _Here()
_watchman = _Watchman()
_adapter = _Adapter(max_retries=0)


def _reason(error: Exception, deadline: _Deadline) -> str:
    if deadline.passed or isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate or TLS refused"
    if isinstance(error, requests.exceptions.ConnectionError) and not deadline.connected:
        return "no connection"
    return f"the connection broke ({type(error).__name__})"
