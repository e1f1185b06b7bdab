"""Killed at every step: nothing is lost, at most one copy more per kill, each with the same id, order kept.

The default run kills the daemon once at each named step. `pytest -m long tests/faults` kills it a thousand times, at
the steps and at random moments between them.
"""

from __future__ import annotations

import email
import os
import random
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email.policy import default
from pathlib import Path

import pytest

from tests import nursery
from tests.world import SECRET, World, open_world

LAUNCH = Path(__file__).with_name("launch.py")
STEPS = ("fetch", "commit", "claim", "connect", "DATA", "final dot", "250 read", "mark")
SPOTS = (  # one incident each: another district, so that none is the sequel of another
    ("أبي الخصيب", "قضاء أبي الخصيب"),
    ("الزبير", "قضاء الزبير"),
    ("القرنة", "قضاء القرنة"),
    ("الفاو", "قضاء الفاو"),
    ("شط العرب", "قضاء شط العرب"),
    ("المدينة", "قضاء المدينة"),
    ("الهارثة", "قضاء الهارثة"),
    ("الدير", "قضاء الدير"),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, quick=True) as made:
        made.configure("flood_limit = 100000\nmax_updates = 1000000\n")
        yield made


def test_a_kill_at_each_step_loses_nothing_and_doubles_at_most_one_copy(world: World) -> None:
    news = _News(world)
    for step in STEPS:
        news.one_more()
        assert _run(world, step, 1, seconds=40), f"{step} never came\n{world.log[-3000:]}"
    world.start()
    _wait_for_all(world, news)
    assert world.stop() == 0
    _check(world, news, kills=len(STEPS))


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_a_thousand_kills_at_random_lose_nothing(world: World) -> None:
    kills = int(os.environ.get("RASID_KILLS", "1000"))
    rng = random.Random(int(os.environ.get("RASID_SEED", "1")))
    news = _News(world)
    for number in range(kills):
        news.one_more()
        step = rng.choice(STEPS) if number % 2 else "never"
        _run(world, step, rng.randint(1, 2), seconds=5.0 if number % 2 else rng.uniform(0.0, 3.0))
        if number % 50 == 49:
            print(f"{number + 1} kills, {len(world.inbox.mails)} mails, {len(world.hook.requests)} webhooks")
    world.start()
    _wait_for_all(world, news, seconds=600)
    assert world.stop() == 0
    _check(world, news, kills=kills)


class _News:
    """Publishes reports: a new incident at first, then higher and higher tolls of the same ones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._number = 0
        self.tolls: dict[str, int] = {}  # the last toll published, by place

    def one_more(self) -> None:
        spot, district = SPOTS[self._number % len(SPOTS)]
        toll = 1 + self._number // len(SPOTS)
        self._number += 1
        self.tolls[spot] = toll
        title = f"مقتل {toll} من عصائب أهل الحق بهجوم مسلح في {spot}"
        body = (
            f"أفاد مصدر أمني في محافظة البصرة، اليوم، بمقتل {toll} من عناصر عصائب أهل الحق بهجوم مسلح شنه مجهولون "
            f"في {district}."
        )
        self._world.outlet.publish(f"report{self._number}", title, body)


def _run(world: World, step: str, count: int, seconds: float) -> bool:
    """Start a daemon; it dies at its step, or by our hand after so many seconds. Whether it came to its step."""
    arguments = [str(world.config), step, str(count)]
    with (world.folder / "log").open("ab") as log:
        mortal = nursery.start(LAUNCH, arguments, log, log, {**os.environ, "RASID_TEST_SECRET": SECRET})
    try:
        code, came = mortal.wait(seconds), True
    except subprocess.TimeoutExpired:
        mortal.kill()
        code, came = mortal.wait(), False
    assert code == -signal.SIGKILL, f"ended with {code}\n{world.log[-3000:]}"
    return came


def _wait_for_all(world: World, news: _News, seconds: float = 60) -> None:
    def all_told() -> bool:
        return _last_tolls(world) == news.tolls and _waiting(world) == 0

    world.wait(all_told, f"everything is told: {news.tolls}", seconds)


def _check(world: World, news: _News, kills: int) -> None:
    hooks = [
        (one.headers["webhook-id"], one.json["data"]["id"], one.json["data"]["revision"]) for one in world.hook.requests
    ]
    mails = [email.message_from_bytes(data, policy=default) for _, data in world.inbox.mails]
    copies = Counter(identity for identity, _, _ in hooks) + Counter(str(mail["Message-ID"]) for mail in mails)
    sent = {row[0] for row in _rows(world, "SELECT id FROM deliveries WHERE state = 'sent'")}
    unsent = _rows(world, "SELECT id, state, reason FROM deliveries WHERE state NOT IN ('sent', 'withheld')")
    assert unsent == []
    assert {identity for identity, _, _ in hooks} <= sent
    assert sum(count - 1 for count in copies.values()) <= kills
    for incident in {incident for _, incident, _ in hooks}:
        revisions = [revision for _, one, revision in hooks if one == incident]
        assert revisions == sorted(revisions), f"out of order: {revisions}"
    assert _rows(world, "PRAGMA integrity_check") == [("ok",)]
    assert {row[0] for row in _rows(world, "SELECT count(*) FROM incidents")} == {len(news.tolls)}
    assert _last_tolls(world) == news.tolls


def _last_tolls(world: World) -> dict[str, int]:
    """The highest toll each place was told with, by webhook and by mail alike; what they disagree on is left out."""
    by_hook: dict[str, int] = {}
    for request in list(world.hook.requests):
        data = request.json["data"]
        if "headline" in data and data["killed"]:
            spot = data["headline"].rsplit(" في ", 1)[1]
            by_hook[spot] = max(by_hook.get(spot, 0), data["killed"]["max"])
    return by_hook


def _waiting(world: World) -> int:
    return len(_rows(world, "SELECT id FROM deliveries WHERE state NOT IN ('sent', 'withheld', 'dead')"))


def _rows(world: World, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(world.folder / "state" / "rasid.db", timeout=10)) as connection:
        return [tuple(row) for row in connection.execute(query)]
