"""Starts mortal daemons quickly: everything is imported once, and each daemon is a fork of that.

A line on standard input starts one (config, log, step, count; tab-separated); its process id and, once it is dead, its
exit code come back as lines. The daemon itself is the one of launch.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.faults import launch


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        config, log, step, count = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            launch.main(str(Path(config)), step, int(count))
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":  # a daemon's worker process imports this module too
    main()
