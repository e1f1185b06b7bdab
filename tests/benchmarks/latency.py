"""From publishing to the receiver: `python -m tests.benchmarks.latency [REPORTS]`.

The real daemon, a feed polled every second, no delay between requests, incidents of their own, and a webhook that
notes when it is told. Each report is published at a random moment. Prints the median, the 95th percentile and the
longest, in seconds; the poll interval is in them.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.soak import REPORTS
from tests.world import World, open_world

EVERY = 1.0  # seconds between polls


def main(number: int = len(REPORTS)) -> None:
    with tempfile.TemporaryDirectory(prefix="rasid-latency-") as folder, open_world(Path(folder)) as world:
        world.configure("flood_limit = 100000\n")
        world.start()
        time.sleep(3)
        rng = random.Random(1)
        taken = sorted(_one(world, name, report, rng) for name, report in enumerate(REPORTS[:number]))
        world.stop()
    beyond = taken[int(len(taken) * 0.95)] - EVERY
    figures = {"median_s": statistics.median(taken), "p95_s": beyond + EVERY, "longest_s": taken[-1]}
    print(json.dumps({**{name: round(value, 2) for name, value in figures.items()}, "reports": len(taken)}))
    print(json.dumps({"p95_beyond_the_poll_interval_s": round(beyond, 2), "bound": 2.0}))


def _one(world: World, number: int, report: tuple[str, str], rng: random.Random) -> float:
    time.sleep(rng.uniform(0, 2 * EVERY))
    before = len(world.hook.requests)
    world.outlet.publish(f"report{number}", *report)
    begun = time.monotonic()
    world.wait(lambda: len(world.hook.requests) > before, "the webhook")
    return time.monotonic() - begun


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
