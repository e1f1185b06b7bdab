"""A small world on loopback for the real daemon: an outlet with a feed, an SMTP server, a webhook receiver."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from tests import nursery
from tests.alerts.receivers import Hook, Inbox, http_server, smtp_server
from tests.origin import Answer, Asked, Origin

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes long").decode()
RASID = Path(sys.executable).parent / "rasid"

CLASH = (
    "اشتباك مسلح بين سرايا السلام والعصائب في أبي الخصيب",
    "أفاد مصدر أمني في محافظة البصرة، مساء اليوم، باندلاع اشتباك مسلح بين عناصر من سرايا السلام وآخرين من عصائب أهل "
    "الحق في قضاء أبي الخصيب، وأسفر عن مقتل شخص وإصابة ثلاثة آخرين.",
)
HIGHER_TOLL = (
    "ارتفاع حصيلة اشتباك أبي الخصيب إلى ثلاثة قتلى",
    "ارتفعت حصيلة الاشتباك الذي وقع اليوم بين سرايا السلام وعصائب أهل الحق في قضاء أبي الخصيب بمحافظة البصرة إلى ثلاثة "
    "قتلى وخمسة جرحى، بحسب مصدر طبي.",
)
WEATHER = ("طقس الجمعة", "توقعت هيئة الأنواء الجوية أن يكون طقس يوم غد صحواً في عموم البلاد مع ارتفاع في درجات الحرارة.")


@dataclass
class Outlet:
    """An outlet with one feed; its ETag changes with its content."""

    origin: Origin
    items: list[tuple[str, str, str, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin["/feed.xml"] = self._feed

    @property
    def feed(self) -> str:
        return self.origin.url("/feed.xml")

    def publish(self, name: str, title: str, body: str, published: datetime | None = None) -> None:
        """Put an article and its feed item on the site."""
        page = (
            f'<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f"</head><body><article><h1>{escape(title)}</h1><p>{escape(body)}</p></article></body></html>"
        )
        self.origin[f"/{name}"] = Answer(page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
        self.items.insert(0, (name, title, body[:80], published or datetime.now(UTC)))

    def _feed(self, asked: Asked) -> Answer:
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.origin.url('/' + name)}</link><guid>{name}</guid>"
            f"<description>{escape(summary)}</description><pubDate>{format_datetime(published)}</pubDate></item>"
            for name, title, summary, published in self.items
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>o</title>{items}</channel></rss>'.encode()
        etag = f'"{sha256(body).hexdigest()[:12]}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"ETag": etag})
        return Answer(body, headers={"Content-Type": "application/rss+xml; charset=utf-8", "ETag": etag})


@dataclass
class World:
    """Everything around the daemon, and the daemon itself as a process.

    `quick` starts it, and other commands, by the nursery; else `rasid` is executed as a user would.
    """

    folder: Path
    origin: Origin
    outlet: Outlet
    inbox: Inbox
    hook: Hook
    quick: bool = False
    process: subprocess.Popen[bytes] | nursery.Child | None = None

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def configure(self, extra: str = "", *, every: str = "1s") -> None:
        """Write the configuration: the outlet, a mailbox, a webhook, no waiting."""
        self.config.write_text(
            f"""
contact = "test@example.org"

[network]
allow_private = ["127.0.0.0/8"]
delay = "0s"

[[sources]]
id = "outlet"
name = "شبكة شط العرب"
language = "ar"
  [[sources.feeds]]
  url = "{self.outlet.feed}"
  every = "{every}"

[channels.desk]
type = "email"
to = ["desk@example.org"]
from = "rasid@example.org"
host = "127.0.0.1"
port = {self.inbox.port}
security = "none"

[channels.hook]
type = "webhook"
url = "{self.hook.url}/in"
secret = {{ env = "RASID_TEST_SECRET" }}

[policy]
group_wait = "0s"
hold = "0s"
update_gap = "0s"
update_gap_critical = "0s"
{extra}
""",
            encoding="utf-8",
        )

    def add_feeds(self, *urls: str, every: str = "1s") -> None:
        """Each a source of its own, with its own family."""
        sources = "".join(
            f'[[sources]]\nid = "s{number}"\nname = "S{number}"\nlanguage = "ar"\n'
            f'[[sources.feeds]]\nurl = "{url}"\nevery = "{every}"\n\n'
            for number, url in enumerate(urls)
        )
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(text.replace("[channels.desk]", sources + "[channels.desk]", 1), encoding="utf-8")

    def lines(self, *arguments: str) -> list[Any]:
        """What a command says with --json, an object a line."""
        return [json.loads(line) for line in self.rasid(*arguments, "--json").stdout.splitlines()]

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Start `rasid run` and wait until it says that it runs."""
        before = self.log.count("running")
        command = ["run", "--config", str(self.config), *arguments]
        env = {**os.environ, "RASID_TEST_SECRET": SECRET, **(environment or {})}
        with (self.folder / "log").open("ab") as log:
            if self.quick:
                self.process = nursery.start(RASID, command, log, log, env)
            else:
                self.process = subprocess.Popen([str(RASID), *command], stderr=log, stdout=log, env=env)
        if not arguments:
            self.wait(lambda: self.log.count("running") > before, "the daemon runs")

    def stop(self, how: int = signal.SIGTERM, seconds: float = 12) -> int:
        """End the daemon and return its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(seconds)

    def rasid(self, *arguments: str, quick: bool | None = None) -> subprocess.CompletedProcess[str]:
        """Run another command on the same configuration."""
        command = [*arguments, *([] if "--config" in arguments else ["--config", str(self.config)])]
        env = {**os.environ, "RASID_TEST_SECRET": SECRET}
        if self.quick if quick is None else quick:
            return nursery.run(RASID, command, env)
        return subprocess.run([str(RASID), *command], capture_output=True, text=True, timeout=60, env=env, check=False)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 40) -> None:
        """Until a condition holds; fails with the daemon's log when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {seconds:g} s: {what}\n{self.log[-4000:]}")
            if self.process is not None and self.process.poll() not in (None, 0):
                raise AssertionError(f"the daemon ended ({self.process.returncode}) before: {what}\n{self.log[-4000:]}")
            time.sleep(0.02)

    def polls(self) -> int:
        """How often the feed was asked for."""
        return len(self.origin.requests("/feed.xml"))


@contextmanager
def open_world(folder: Path, *, quick: bool = False) -> Iterator[World]:
    """A world whose servers listen; the daemon is not started yet."""
    with ExitStack() as stack:
        origin = stack.enter_context(Origin())
        inbox = stack.enter_context(smtp_server())
        hook = stack.enter_context(http_server())
        world = World(folder, origin, Outlet(origin), inbox, hook, quick)
        world.configure()
        try:
            yield world
        finally:
            if world.process is not None and world.process.poll() is None:
                world.process.kill()
                world.process.wait(10)
