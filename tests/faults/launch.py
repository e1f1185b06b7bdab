"""The real daemon with a mortal step; nursery.py starts it.

The process kills itself with SIGKILL when it has done STEP for the COUNT-th time, as a power cut would. Everything else
is `rasid run` as it is.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from alerts.channels import open_channels
from crawler import config, logs
from crawler.daemon import Daemon, run
from crawler.loop import run as run_loop
from crawler.state import open_locked


def main(path: str, step: str, count: int) -> None:
    """Run the daemon until it kills itself."""
    left = threading.Semaphore(count - 1)

    def trace(done: str) -> None:
        if done == step and not left.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGKILL)

    logs.configure()
    configuration = config.load(Path(path))
    channels = open_channels(configuration.settings.channels, configuration.secrets, trace=trace)
    state = open_locked(configuration.state)
    daemon = Daemon(configuration, state, channels, trace=trace)
    run_loop(lambda: run(daemon))
