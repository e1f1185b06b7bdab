"""The real daemon with a mortal step: `launch.py CONFIG STEP COUNT`.

The process kills itself with SIGKILL when it has done STEP for the COUNT-th time, as a power cut would. Everything else
is `rasid run` as it is. The daemon's worker process imports this file too, so what only the daemon needs is imported in
`main`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path


def main(path: str, step: str, count: int) -> None:
    """Run the daemon until it kills itself."""
    from alerts.channels import open_channels
    from crawler import config, logs
    from crawler.daemon import Daemon, run
    from crawler.loop import run as run_loop
    from crawler.state import open_locked

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


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
