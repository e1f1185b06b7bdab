"""What a poll and an article cost in CPU, beside lemon24/reader and the plainest loop of all: requests in threads.

    python -m tests.benchmarks.crawling [OPERATIONS]          (reader is in the extra `bench`)

Origins run in processes of their own on loopback addresses; only the CPU time of the asking process and its worker is
counted. rasid's poll includes its store (claim, record, commit with fsync), its article the way through the spider's
middlewares, the worker and `read_page`; reader's poll includes its store; the loop's poll stores nothing, its article
is `trafilatura.bare_extraction`. All take turns in one run, and the best of three turns of each is compared.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import structlog
import trafilatura

from crawler import work
from crawler.poller import Poller
from crawler.state import open_locked
from pipelines.encoding import decode
from pipelines.extraction import read_page
from pipelines.models import Entry, Feed, Page, Source
from pipelines.workers import Workers
from tests.crawler.crawling import crawl, fetch
from tests.origin import Answer, Origin, rss

HOSTS, FEEDS, THREADS = 8, 200, 16
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TEXT = "أفاد مصدر أمني في محافظة واسط، اليوم السبت، بأن مشاجرة مسلحة اندلعت وسط مدينة الكوت بين عائلتين من أهلها. "


def serve(address: str) -> None:
    """An origin with feeds that have not changed and articles of usual size, for as long as the parent asks."""
    page = article("خبر")
    feed = rss(*((f"http://{address}/a{number}", TEXT) for number in range(30)))
    with Origin(address) as origin:
        for number in range(FEEDS):
            origin[f"/feed{number}"] = lambda asked: (
                Answer(status=304, headers={"ETag": '"a"'})
                if "if-none-match" in asked.headers
                else Answer(feed, headers={"ETag": '"a"'})
            )
            origin[f"/a{number}"] = Answer(page, headers={"Content-Type": "text/html; charset=utf-8"})
        print(origin.port, flush=True)
        sys.stdin.read()


def article(title: str) -> bytes:
    """A page of usual size."""
    paragraphs = "".join(f"<p>{TEXT * 3} {title} {number}</p>" for number in range(12))
    links = "".join(f"<li><a href='/x{number}'>{TEXT[:60]}</a></li>" for number in range(120))
    page = f"<html><head><title>{title}</title></head><body><nav><ul>{links}</ul></nav>"
    page += f"<article><h1>{title}</h1>{paragraphs}</article>"
    page += f"<h3>آخر الأخبار</h3><ul>{links}</ul></body></html>"
    return page.encode()


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    """Seconds of CPU used."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def child_cpu(pid: int) -> float:
    """Seconds of CPU used by a living process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def rasid_polls(urls: list[str], rounds: int) -> float:
    """CPU milliseconds for one poll that is answered 304."""

    class Inline:
        async def parse(self, *arguments: Any) -> Any:
            return work.parse(*arguments)

    async def run(crawler: Any) -> float:
        now = START
        with tempfile.TemporaryDirectory() as folder:
            state = open_locked(Path(folder))
            source = Source("s", "S", feeds=tuple(Feed(url, every=timedelta(minutes=5)) for url in urls))
            poller = Poller(state.store, Inline(), [source], crawler.engine.download_async, lambda: now)  # type: ignore[arg-type]
            poller.register()
            begun = 0.0
            for number in range(rounds + 1):
                now += timedelta(minutes=20)
                while due := poller.claim(128):
                    await asyncio.gather(*(poller.poll(one) for one in due))
                poller.write_unchanged()
                if number == 0:
                    begun = cpu()  # the first round reads every feed in full
            used = cpu() - begun
            state.close()
            return used / (rounds * len(urls)) * 1000

    return crawl(run)


def reader_polls(urls: list[str], rounds: int) -> float:
    """The same by lemon24/reader, with its own store and as many threads as the loop has."""
    from reader import make_reader  # only here: other benchmarks import this file without the extra

    with tempfile.TemporaryDirectory() as folder, make_reader(str(Path(folder) / "reader.db")) as library:
        for url in urls:
            library.add_feed(url)
        library.update_feeds(scheduled=False, workers=THREADS)  # the first round reads every feed in full
        since, begun = datetime.now(UTC), cpu()
        for _ in range(rounds):
            library.update_feeds(scheduled=False, workers=THREADS)
        used = cpu() - begun
        for feed in library.get_feeds():
            assert feed.last_exception is None
            assert feed.last_retrieved is not None and feed.last_retrieved >= since, "polled in the counted rounds"
    return used / (rounds * len(urls)) * 1000


def loop_polls(urls: list[str], rounds: int) -> float:
    """The same by requests in threads, with validators and nothing else."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

    def poll(url: str) -> None:
        assert session.get(url, headers={"If-None-Match": '"a"'}, timeout=20).status_code == 304

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(poll, urls))
        begun = cpu()
        for _ in range(rounds):
            list(pool.map(poll, urls))
    return (cpu() - begun) / (rounds * len(urls)) * 1000


def read(url: str, html: str) -> int:
    """One article as the worker reads it."""
    return len(read_page(Entry(url, title="خبر"), Page(url, html), Source("s", "S"), url, START).body)


def process_id() -> int:
    """The worker's."""
    import os

    return os.getpid()


def rasid_articles(urls: list[str]) -> float:
    """CPU milliseconds for one article, fetched and read, worker included."""

    async def run(crawler: Any) -> float:
        workers = Workers(tasks=1_000_000)  # one process all along, so that its CPU can be counted
        worker = await workers.run(process_id, timeout=20)

        async def one(url: str) -> None:
            response = await fetch(crawler, url)
            html = decode(response.body, response.headers["Content-Type"].decode())
            assert await workers.run(read, url, html, timeout=20) > 1_000

        await asyncio.gather(*(one(url) for url in urls[:50]))
        begun = cpu() + child_cpu(worker)
        await asyncio.gather(*(one(url) for url in urls))
        used = cpu() + child_cpu(worker) - begun
        workers.close()
        return used / len(urls) * 1000

    return crawl(run)


def loop_articles(urls: list[str]) -> float:
    """The same by requests in threads and trafilatura."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

    def one(url: str) -> None:
        html = session.get(url, timeout=20).content.decode()
        found = trafilatura.bare_extraction(html, fast=True, include_comments=False)
        assert len(getattr(found, "text", "")) > 1_000

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, urls[:50]))
        begun = cpu()
        list(pool.map(one, urls))
    return (cpu() - begun) / len(urls) * 1000


@contextmanager
def origins() -> Iterator[list[str]]:
    """The addresses of origins that run in processes of their own."""
    command = [sys.executable, "-m", "tests.benchmarks.crawling", "serve"]
    servers = [
        subprocess.Popen([*command, f"127.0.0.{number + 1}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(HOSTS)
    ]
    try:
        yield [
            f"http://127.0.0.{number + 1}:{server.stdout.readline().strip()}"  # type: ignore[union-attr]
            for number, server in enumerate(servers)
        ]
    finally:
        for server in servers:
            server.kill()
            server.wait()


def main(operations: int = 2_000) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with origins() as hosts:
        feeds = [f"{host}/feed{number}" for number in range(FEEDS // HOSTS) for host in hosts]
        articles = [f"{host}/a{number}" for number in range(FEEDS) for host in hosts][: operations // 2]
        rounds = max(1, operations // len(feeds))
        polls = side_by_side(
            rasid=lambda: rasid_polls(feeds, rounds),
            reader=lambda: reader_polls(feeds, rounds),
            requests=lambda: loop_polls(feeds, rounds),
        )
        tell("poll, 304", polls, reader=1.0, requests=1.5)
        share = polls["rasid"] / 1000 * 10_000 / 300
        print(json.dumps({"10,000 feeds every 5 minutes, of a core": f"{share:.1%}", "bound": "8%"}), flush=True)
        reads = side_by_side(rasid=lambda: rasid_articles(articles), requests=lambda: loop_articles(articles))
        tell("article, read", reads, requests=1 / 0.9)


def side_by_side(**ways: Callable[[], float]) -> dict[str, float]:
    """Milliseconds of each way, the best of three turns: neighbours disturb all alike."""
    turns = [{name: way() for name, way in ways.items()} for _ in range(3)]
    return {name: min(turn[name] for turn in turns) for name in ways}


def tell(operation: str, found: dict[str, float], **bounds: float) -> None:
    """One line of figures, and the ratio of rasid's to each of the others with the bound it must keep."""
    row: dict[str, object] = {"operation": operation, **{f"{name}_ms": round(ms, 3) for name, ms in found.items()}}
    for name, bound in bounds.items():
        row |= {f"to_{name}": round(found["rasid"] / found[name], 2), f"bound_to_{name}": round(bound, 2)}
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        main(*map(int, sys.argv[1:]))
