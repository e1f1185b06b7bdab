"""A web server on loopback that does as it is told: scripted answers by path, and a log of what it was asked."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came: `headers` are lower case and, like the path, exactly as received otherwise."""

    path: str
    headers: dict[str, str]
    at: float  # monotonic seconds
    method: str = "GET"
    client: int = 0  # the port it came from: one for each connection


@dataclass(frozen=True)
class Answer:
    """What to answer. `raw` replaces all else; `chunks` are written one by one, `pause` seconds apart."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0  # before the first byte
    raw: bytes = b""
    chunks: Iterable[bytes] = ()
    pause: float = 0.0
    hang: bool = False  # accept, and never answer


Script = Answer | Callable[[Asked], Answer]


class Origin:
    """A threaded HTTP server. `origin["/path"] = Answer(…)`, or a function of the request; several in a list are
    answered in turn, the last one for ever. Paths it does not know answer 404, `/robots.txt` too unless scripted."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._scripts: dict[str, list[Script]] = {}
        self.log: list[Asked] = []
        self.busiest: dict[str, int] = defaultdict(int)  # most requests at once, by Host header
        self._busy: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one packet: else the delayed ACK costs 40 ms
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                origin._handle(self)

            do_POST = do_HEAD = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients that hang up in the middle are what is being tested

        self._server = Server((address, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return str(self._server.server_address[0])

    def url(self, path: str = "/", host: str = "") -> str:
        """The address of `path`; `host` asks for it under another name."""
        name = host or self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}{path}"

    def __setitem__(self, path: str, script: Script | list[Script]) -> None:
        self._scripts[path] = list(script) if isinstance(script, list) else [script]

    def requests(self, path: str | None = None) -> list[Asked]:
        """What was asked, in order; of one path, or of all but robots.txt."""
        with self._lock:
            return [one for one in self.log if (one.path != "/robots.txt" if path is None else one.path == path)]

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Origin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(handler.path, headers, time.monotonic(), handler.command, handler.client_address[1])
        host = headers.get("host", "")
        with self._lock:
            self.log.append(asked)
            self._busy[host] += 1
            self.busiest[host] = max(self.busiest[host], self._busy[host])
            scripts = self._scripts.get(handler.path, [Answer(b"nothing here", 404)])
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        try:
            self._answer(handler, script(asked) if callable(script) else script)
        finally:
            with self._lock:
                self._busy[host] -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.hang:
            self._closing.wait(60)
            handler.close_connection = True
            return
        if answer.wait:
            self._closing.wait(answer.wait)
        if answer.raw:
            handler.wfile.write(answer.raw)
            handler.wfile.flush()
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        names = {name.lower() for name in answer.headers}
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.chunks:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        elif "content-length" not in names and answer.status not in (204, 304):
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command == "HEAD" or answer.status in (204, 304):
            return
        if answer.body:
            handler.wfile.write(answer.body)
        for chunk in answer.chunks:
            handler.wfile.write(chunk)
            handler.wfile.flush()
            if answer.pause and self._closing.wait(answer.pause):
                return
        if "content-length" in names:
            handler.close_connection = True


def rss(*items: tuple[str, str], date: str = "", extra: str = "") -> bytes:
    """A feed of (link, title) items."""
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    body = "".join(f"<item><link>{link}</link><title>{title}</title>{dated}</item>" for link, title in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{extra}{body}</channel></rss>'.encode()
