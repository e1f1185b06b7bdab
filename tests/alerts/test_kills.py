"""SIGKILL at every named step of a delivery: nothing is lost, copies carry the same id, order is kept.

One kill per step by default. `RASID_KILLS=1000 pytest -m long tests/alerts/test_kills.py` kills at random that often.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.models import Range
from tests import nursery
from tests.alerts.desk import Desk
from tests.alerts.receivers import Answer, Hook, Inbox, Request, http_server, smtp_server
from tests.alerts.samples import incident
from tests.alerts.victim import desk_at

STEPS = ("claim", "connect", "DATA", "final dot", "250 read", "mark")
REVISIONS = 3
VICTIM = Path(__file__).with_name("victim.py")


def tell_all(desk: Desk, names: list[str]) -> None:
    """Three revisions of each incident, all waiting."""
    desk.now = datetime.now(UTC)
    for name in names:
        before = incident(id=name, published=desk.now, event_date=desk.now.date())
        desk.tell(before)
        for number in range(2, REVISIONS + 1):
            after = replace(before, revision=number, killed=Range(number, number))
            desk.tell(after, before)
            before = after


def run_victim(folder: Path, inbox: Inbox, hook: Hook, step: str, nth: int, patience: float = 10) -> bool:
    """Run a dispatcher; True if it was killed on the way."""
    ports = [str(inbox.port), hook.url.rpartition(":")[2]]
    arguments = [str(folder), *ports, step, str(nth), str(patience)]
    with (folder / "log").open("ab") as log:
        code = nursery.start(VICTIM, arguments, log, log, os.environ).wait(60)
    assert code in (0, -9), (folder / "log").read_text(encoding="utf-8")
    return code == -9


def received(inbox: Inbox, hook: Hook) -> list[str]:
    """The id of every copy that arrived, in order of arrival per receiver."""
    mails = [re.search(rb"^Message-ID: <(msg_\w+)@", mail, re.MULTILINE) for _, mail in inbox.mails]
    return [found[1].decode() for found in mails if found] + [r.headers["webhook-id"] for r in hook.requests]


def check(desk: Desk, inbox: Inbox, hook: Hook, kills: int) -> int:
    """All there, no more copies than kills allow, in order, and a sound database. Returns the number of copies."""
    rows = {row.id: row for row in desk.rows()}
    copies = Counter(received(inbox, hook))
    assert {row.state for row in rows.values()} == {"sent"}
    assert set(copies) == set(rows), "lost, or an id that was never planned"
    extra = sum(copies.values()) - len(rows)
    assert extra <= kills
    assert max(copies.values()) <= 1 + kills
    last: dict[tuple[str, str, str], int] = {}
    for id in received(inbox, hook):
        row = rows[id]
        key = (row.incident, row.channel, row.recipient)
        assert row.revision >= last.get(key, 0), "a later revision overtook an earlier one"
        last[key] = row.revision
    with desk.store.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    return extra


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_loses_nothing(step: str, tmp_path: Path, inbox: Inbox, hook: Hook) -> None:
    desk = desk_at(tmp_path, inbox.port, int(hook.url.rpartition(":")[2]))
    tell_all(desk, ["inc_a", "inc_b"])
    assert run_victim(tmp_path, inbox, hook, step, nth=2)
    desk.now = datetime.now(UTC)
    desk.dispatch()
    check(desk, inbox, hook, kills=1)


def test_a_kill_doubles_one_message_of_a_slow_receiver_and_not_one_per_thread(
    tmp_path: Path, inbox: Inbox, hook: Hook
) -> None:
    """Slow: it takes longer than `patience`, so that it has a turn of its own."""
    desk = desk_at(tmp_path, inbox.port, int(hook.url.rpartition(":")[2]))

    def crawl(request: Request) -> Answer:
        time.sleep(0.15)
        return Answer()

    hook.usual = crawl
    tell_all(desk, [f"inc_{number}" for number in range(8)])
    assert run_victim(tmp_path, inbox, hook, "250 read", nth=30, patience=0.05)
    hook.usual = Answer()
    desk.now = datetime.now(UTC)
    desk.dispatch()
    check(desk, inbox, hook, kills=2)  # one of the quick receivers, and one of the slow one


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_kills_at_random_lose_nothing(tmp_path: Path) -> None:
    """Prints how many copies the kills made."""
    chance, kills, number = random.Random(7), 0, 0
    wanted = int(os.environ.get("RASID_KILLS", "100"))
    with smtp_server() as inbox, http_server() as hook:
        desk = desk_at(tmp_path, inbox.port, int(hook.url.rpartition(":")[2]))
        while kills < wanted:
            tell_all(desk, [f"inc_{number}", f"inc_{number + 1}"])
            number += 2
            kills += run_victim(tmp_path, inbox, hook, chance.choice(STEPS), chance.randint(1, 18))
        desk.now = datetime.now(UTC)
        desk.dispatch()
        extra = check(desk, inbox, hook, kills)
        print(f"{kills} kills, {len(desk.rows())} messages, 0 lost, {extra} copies")
