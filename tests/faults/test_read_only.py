"""A state folder that cannot be written: refused at start in one line; while running nothing is sent, nothing is lost.

Tests often run as root, who may write everywhere: the daemon is started without that one privilege.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import CLASH, RASID, SECRET, WEATHER, World, open_world

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="drops a privilege of Linux")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as made:
        yield made
        (tmp_path / "state").chmod(0o700)


def test_f076_a_folder_that_is_read_only_at_start_is_refused_and_loses_nothing(world: World) -> None:
    said = _refused_at_start(world)
    assert "readonly" in said
    assert world.inbox.mails == []
    (world.folder / "state").chmod(0o700)
    _start(world)
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail, once the folder can be written")


def test_f076_a_folder_that_is_read_only_at_start_is_refused_in_one_line(world: World) -> None:
    said = _refused_at_start(world).splitlines()
    assert len(said) == 1
    assert str(world.folder / "state") in said[0]


def test_f076_a_folder_that_cannot_be_made_is_refused_in_one_line(world: World) -> None:
    world.folder.chmod(0o500)
    try:
        done = subprocess.run(
            [str(RASID), "run", "--config", str(world.config)],
            capture_output=True,
            text=True,
            timeout=30,
            preexec_fn=_without_privilege,
            env={**os.environ, "RASID_TEST_SECRET": SECRET},
            check=False,
        )
    finally:
        world.folder.chmod(0o700)
        (world.folder / "state").mkdir(exist_ok=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "state" in done.stderr


def test_f076_a_folder_that_becomes_read_only_stops_the_sending_and_not_the_daemon(world: World) -> None:
    world.outlet.publish("weather", *WEATHER)
    _start(world)
    world.wait(lambda: "judged" in world.log, "the weather is read")
    (world.folder / "state").chmod(0o500)
    world.outlet.publish("clash", *CLASH)
    world.wait(lambda: "readonly" in world.log, "it says that it cannot write")
    before = world.log.count("readonly")
    world.wait(lambda: world.log.count("readonly") > before, "it goes on")
    assert world.process is not None
    assert world.process.poll() is None
    assert world.inbox.mails == []
    (world.folder / "state").chmod(0o700)
    world.wait(lambda: len(world.inbox.mails) == 1, "the mail, once the folder can be written", 60)
    world.wait(lambda: len(world.hook.requests) == 1, "the webhook too")


def _refused_at_start(world: World) -> str:
    """Run once, so that there is a store; then again with a report to tell. Returns what the second said."""
    _start(world)
    world.wait(lambda: "running" in world.log, "the daemon runs")
    assert world.stop() == 0
    before = len(world.log)
    (world.folder / "state").chmod(0o500)
    world.outlet.publish("clash", *CLASH)
    _start(world)
    assert world.process is not None
    assert world.process.wait(20) == 1
    return world.log[before:]


def _start(world: World) -> None:
    with (world.folder / "log").open("ab") as log:
        world.process = subprocess.Popen(
            [str(RASID), "run", "--config", str(world.config)],
            stdout=log,
            stderr=log,
            preexec_fn=_without_privilege,
            env={**os.environ, "RASID_TEST_SECRET": SECRET},
        )


def _without_privilege() -> None:
    """Whoever runs the tests: from the next exec on, permissions hold."""
    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0):
        os.write(2, b"the privilege to write everywhere cannot be dropped\n")
        os._exit(99)
