"""A dispatcher that kills itself: `victim.py FOLDER SMTP_PORT HOOK_PORT STEP NTH PATIENCE`.

Without STEP it sends until nothing is due, and ends. It is killed with SIGKILL: nothing of Python runs afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import structlog

from alerts.policy import Policy
from tests.alerts.desk import Desk

POLICY = Policy(group_wait="0s", update_gap="0s", update_gap_critical="0s", flood_limit=100_000)  # type: ignore[arg-type]


def desk_at(folder: Path, smtp_port: int, hook_port: int) -> Desk:
    """The desk that victim and test share."""
    desk = Desk(folder, POLICY)
    desk.email(smtp_port, to=["a@example.org", "b@example.org"])
    desk.webhook(f"http://127.0.0.1:{hook_port}/")
    return desk


def main() -> None:
    """Send, and die on the way."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    folder, smtp_port, hook_port = sys.argv[1:4]
    step, nth = (sys.argv[4], int(sys.argv[5])) if len(sys.argv) > 5 else ("", 0)
    desk = desk_at(Path(folder), int(smtp_port), int(hook_port))
    seen, lock = 0, threading.Lock()

    def trace(name: str) -> None:
        nonlocal seen
        with lock:
            seen += name == step
            if name == step and seen == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    desk.trace = trace
    desk.now = datetime.now(UTC)
    # Quick receivers must not be taken for slow ones because the machine is busy.
    patience = float(sys.argv[6]) if len(sys.argv) > 6 else 10.0
    asyncio.run(desk.dispatcher(patience=patience).dispatch_due())


if __name__ == "__main__":
    main()
