"""Memory of the real daemon over many polls and articles: `python -m tests.benchmarks.memory [POLLS [ARTICLES]]`.

`rasid run` on 200 feeds of eight loopback hosts, each polled every second; most polls are answered 304, and now and
then a feed has a new article, whose page is fetched, read and judged in the worker. Prints the resident memory of the
daemon and with its worker, in MB, over the second tenth of the polls and over the last; the exit code is 1 when the
daemon grew or shrank by more than 5 % in between, or both together ever took more than 350 MB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tests.benchmarks.crawling import FEEDS, HOSTS, article
from tests.benchmarks.soak import MOST_MEMORY, children, rss_of
from tests.origin import Answer, Asked, Origin, rss
from tests.world import open_world

GROWTH = 0.05


class Feed:
    """A feed that has a new article at every `rarely`-th poll, and keeps its last thirty."""

    def __init__(self, origin: Origin, name: str, rarely: float, begun: int) -> None:
        self._origin, self._name, self._rarely = origin, name, rarely
        self._polls, self._told = count(begun), 0
        self._body = self._feed()
        origin[f"/{name}"] = self._answer

    def _answer(self, asked: Asked) -> Answer:
        if (wanted := int(next(self._polls) / self._rarely)) > self._told:
            self._told = wanted
            self._origin[self._page(wanted)] = Answer(article(f"{self._name} {wanted}"), headers=_HTML)
            self._body = self._feed()
        etag = f'"{self._told}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"ETag": etag})
        return Answer(self._body, headers={"ETag": etag})

    def _feed(self) -> bytes:
        numbers = range(self._told, max(0, self._told - 30), -1)
        items = ((self._origin.url(self._page(number)), f"خبر {self._name} {number}") for number in numbers)
        return rss(*items, date=datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"))

    def _page(self, number: int) -> str:
        return f"/{self._name}/{number}"


_HTML = {"Content-Type": "text/html; charset=utf-8"}


def main(polls: int, articles: int) -> int:
    with ExitStack() as stack:
        world = stack.enter_context(open_world(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        origins = [stack.enter_context(Origin(f"127.0.0.{40 + number}")) for number in range(HOSTS)]
        rarely = polls / articles
        for number in range(FEEDS):
            Feed(origins[number % HOSTS], f"feed{number}", rarely, int(number * rarely / FEEDS))
        world.configure()
        sources = "".join(
            f'[[sources]]\nid = "s{host}"\nname = "S{host}"\nlanguage = "ar"\n'
            + "".join(
                f'[[sources.feeds]]\nurl = "{origin.url(f"/feed{number}")}"\nevery = "1s"\n'
                for number in range(host, FEEDS, HOSTS)
            )
            for host, origin in enumerate(origins)
        )
        text = world.config.read_text(encoding="utf-8")
        world.config.write_text(text.replace("[channels.desk]", sources + "[channels.desk]", 1), encoding="utf-8")
        world.start()
        assert world.process is not None
        daemon, samples, asked = world.process.pid, [], (0, 0)
        begun = time.monotonic()
        while asked[0] < polls or asked[1] < articles:
            time.sleep(0.5)
            if world.process.poll() is not None:
                raise RuntimeError(f"the daemon ended: {world.log[-2000:]}")
            asked = _asked(origins)
            samples.append((asked[0], rss_of(daemon) / 1024, sum(map(rss_of, children(daemon))) / 1024))
        seconds = time.monotonic() - begun
        world.stop()
    early = [sample for sample in samples if polls * 0.1 <= sample[0] < polls * 0.2]
    late = [sample for sample in samples if sample[0] >= polls * 0.9]
    alone = [statistics.median(daemon for _, daemon, _ in part) for part in (early, late)]
    both = [statistics.median(daemon + worker for _, daemon, worker in part) for part in (early, late)]
    peak, change = max(daemon + worker for _, daemon, worker in samples), alone[1] / alone[0] - 1
    print(json.dumps({"polls": asked[0], "articles": asked[1], "seconds": round(seconds)}))
    print(json.dumps({"daemon_mb": [round(one, 1) for one in alone], "change": f"{change:+.1%}", "bound": "±5%"}))
    print(json.dumps({"with_worker_mb": [round(one, 1) for one in both], "peak_mb": round(peak), "bound": MOST_MEMORY}))
    return int(abs(change) > GROWTH or peak > MOST_MEMORY)


def _asked(origins: list[Origin]) -> tuple[int, int]:
    """How many polls and how many pages were asked for."""
    paths = [one.path for origin in origins for one in origin.requests()]
    pages = sum(path.count("/") == 2 for path in paths)
    return len(paths) - pages, pages


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("polls", type=int, nargs="?", default=50_000)
    parser.add_argument("articles", type=int, nargs="?", default=5_000)
    arguments = parser.parse_args()
    sys.exit(main(arguments.polls, arguments.articles))
