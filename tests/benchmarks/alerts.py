"""How fast alerts go out on loopback, beside Apprise sending the same: `python -m tests.benchmarks.alerts`.

Everything is real: store on disk, dispatcher, SMTP and HTTP servers in another process. Printed are messages a second
from the first claim to the last record, in several rounds, and the time from commit to receiver while one channel is
down and one slow. Each message is one commit with fsync before the next may follow, so a round is no faster than the
disk: what it does just then is printed beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from sqlalchemy import text

from alerts.policy import Policy
from pipelines.archive import open_store
from tests.alerts.desk import Desk
from tests.alerts.receivers import Answer, free_port, http_server, smtp_server
from tests.alerts.samples import incident

POLICY = Policy(group_wait="0s", flood_limit=1_000_000)  # type: ignore[arg-type]


def main() -> None:
    """Run all and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="messages per run (default 400)")
    parser.add_argument("--rounds", type=int, default=5, help="how often (default 5)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with _servers() as (smtp, http):
        mails, webhooks, commits = [], [], []
        for _ in range(options.rounds):
            mails.append(_through_rasid(options.count, smtp=smtp))
            webhooks.append(_through_rasid(options.count, http=http))
            commits.append(_commits())
        print(f"mails      {_spell(mails)}  outbox, dispatcher, SMTP, recorded")
        print(f"webhooks   {_spell(webhooks)}  outbox, dispatcher, POST, signed, recorded")
        print(f"disk       {_spell(commits)}  commits of one row, as the store makes them")
        _through_apprise(options.count, smtp, http)
    _latency(200)


def _spell(rates: list[float]) -> str:
    return f"{statistics.median(rates):7.0f}/s ({', '.join(f'{rate:.0f}' for rate in rates)})"


def _commits(count: int = 200) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "x.db")
        with store.write() as connection:
            connection.execute(text("CREATE TABLE t (x TEXT)"))
        began = time.perf_counter()
        for _ in range(count):
            with store.write() as connection:
                connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": "x" * 500})
        rate = count / (time.perf_counter() - began)
        store.close()
        return rate


def _through_rasid(count: int, smtp: int = 0, http: int = 0) -> float:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), POLICY)
        if smtp:
            desk.email(smtp)
        else:
            desk.webhook(f"http://127.0.0.1:{http}/")
        for number in range(count):
            desk.tell(incident(id=f"inc_{number}"))
        began = time.perf_counter()
        desk.dispatch()
        took = time.perf_counter() - began
        assert desk.states() == ["sent"] * count
        desk.store.close()
        return count / took


def _through_apprise(count: int, smtp: int, http: int) -> None:
    try:
        import apprise
    except ImportError:
        print("apprise    not installed (pip install apprise)")
        return
    from alerts.messages import Telling, compose, render_text
    from tests.alerts.samples import NAMES, NOW

    message = compose(incident(), Telling("new", (), NOW), NAMES)
    for what, url, number in (
        ("mails", f"mailto://127.0.0.1:{smtp}?from=rasid@example.org&to=reader@example.org", 3),
        ("webhooks", f"json://127.0.0.1:{http}/", count),
    ):
        service = apprise.Apprise()
        service.add(url)
        began = time.perf_counter()
        for _ in range(number):
            assert service.notify(title=message.subject, body=render_text(message))
        rate = number / (time.perf_counter() - began)
        print(f"{what:10} {rate:7.1f}/s  Apprise {apprise.__version__}, nothing recorded")


def _latency(count: int) -> None:
    """From the commit of an incident to its arrival, one channel dead and one answering after a second."""
    arrived: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, http_server() as quick, http_server() as slow:

        def note(request: object) -> Answer:
            data = json.loads(request.body)["data"]  # type: ignore[attr-defined]
            if "id" in data:  # and not the notice that a channel is down
                arrived[data["id"]] = time.perf_counter()
            return Answer()

        def crawl(request: object) -> Answer:
            time.sleep(1)
            return Answer()

        quick.usual, slow.usual = note, crawl
        desk = Desk(Path(folder), POLICY)
        desk.webhook(quick.url, "quick")
        desk.webhook(slow.url, "slow")
        desk.webhook(f"http://127.0.0.1:{free_port()}/", "down")
        committed: dict[str, float] = {}

        async def run() -> None:
            dispatcher = desk.dispatcher()
            for number in range(count):
                desk.tell(incident(id=f"inc_{number}"))
                committed[f"inc_{number}"] = time.perf_counter()
                await dispatcher.dispatch_due(wait=False)
                await asyncio.sleep(0.02)
            while len(arrived) < count:
                await dispatcher.dispatch_due(wait=False)
                await asyncio.sleep(0.05)
            await dispatcher.stop(5)

        asyncio.run(run())
        desk.store.close()
    waits = sorted(arrived[id] - committed[id] for id in committed)
    p95 = waits[int(len(waits) * 0.95)]
    p50 = statistics.median(waits)
    print(f"latency    p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, max {waits[-1] * 1000:.0f} ms")
    print("           commit to receiver, 50 incidents a second, one channel down and one slow")


@contextmanager
def _servers() -> Iterator[tuple[int, int]]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join(5)


def _serve(pipe: Connection) -> None:
    with smtp_server() as inbox, http_server() as hook:
        pipe.send((inbox.port, int(hook.url.rpartition(":")[2])))
        pipe.recv()


if __name__ == "__main__":
    main()
