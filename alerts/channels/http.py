"""One POST with manners: verified certificate, no proxy or .netrc, no redirect, and an end to it.

requests has time-outs for each read but none for the whole: a receiver that sends a byte now and then would hold a
thread for ever. So the sockets of a request are shut when its time is over.
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
from http.cookiejar import DefaultCookiePolicy
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
    session = _session()
    with _deadline(patience, turn) as deadline:
        seconds = patience.total_seconds()
        try:
            with session.post(
                url,
                data=body,
                headers={"User-Agent": "rasid", "Connection": "close", **headers},
                timeout=(min(_LONGEST_CONNECT, seconds), seconds),
                allow_redirects=False,
                stream=True,
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
    """When the whole must be over, in real time; then the sockets are shut."""

    def __init__(self, patience: timedelta, turn: Callable[[], None]) -> None:
        self.passed = False
        self.connected = False
        self._turn = turn
        self._left = patience.total_seconds()
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        self._since = time.monotonic()
        self._timer = threading.Timer(max(0.0, self._left), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()
        self._left -= time.monotonic() - self._since

    def connect(self, sock: socket.socket | None) -> None:
        """The connection stands: wait for the turn, which is not counted, and go on."""
        self.stop()
        self._turn()
        self.start()
        with self._lock:
            self.connected = True
            if sock is not None:
                self._sockets.append(sock)

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline(patience: timedelta, turn: Callable[[], None]) -> Iterator[_Deadline]:
    deadline = _here.deadline = _Deadline(patience, turn)
    try:
        yield deadline
    finally:
        deadline.stop()


class _Here(threading.local):
    """What belongs to one thread: its session, and the deadline of the request it is making."""

    session: requests.Session | None = None
    deadline: _Deadline | None = None


_here = _Here()


def _session() -> requests.Session:
    # One per thread, because making one takes longer than a request; it keeps neither connections nor cookies.
    if _here.session is None:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(max_retries=0))
        _here.session = session
    return _here.session


class _Plain(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        if _here.deadline:
            _here.deadline.connect(self.sock)


class _Encrypted(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        if _here.deadline:
            _here.deadline.connect(self.sock)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Adapter(HTTPAdapter):
    """Makes connections that tell the deadline of their socket."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


def _reason(error: Exception, deadline: _Deadline) -> str:
    if deadline.passed or isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate or TLS refused"
    if isinstance(error, requests.exceptions.ConnectionError) and not deadline.connected:
        return "no connection"
    return f"the connection broke ({type(error).__name__})"
