"""Starts programs quickly: all that rasid imports, and its lexicon, is there; each program runs in a fork of that.

What is started so is a process of its own: with its arguments, environment, files, signals, exit and exit code. Only
the second and more that these take is saved. Whether rasid starts from nothing is seen by those tests that
execute it: those of the acceptance, of the commands, of replays and of folders that cannot be written.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from pipelines.lexicon import load_lexicon

ROOT = Path(__file__).parent.parent
PRELOADED = (  # with what they import; but not Twisted's reactor, which each daemon chooses
    "alembic.command",
    "alembic.config",
    "alerts.channels.email",
    "alerts.channels.webhook",
    "crawler.checking",
    "crawler.cli",
    "crawler.commands",
    "crawler.explaining",
    "crawler.robots",
    "crawler.running",
    "scrapy.downloadermiddlewares.cookies",
    "scrapy.squeues",
    "sqlalchemy.dialects.sqlite",
)


class Child:
    """A process that was started: what tests use of `subprocess.Popen`."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.pid = int(answers.recv(32))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._answers], [], [], seconds)[0]:
            self.returncode = int(self._answers.recv(32))
            self._answers.close()
        return self.returncode


def start(program: Path, arguments: Sequence[str], out: IO[Any], errors: IO[Any], env: Mapping[str, str]) -> Child:
    """Start a Python program, with nothing to read."""
    answers, for_child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with for_child:
        request = json.dumps([str(program), *arguments]), json.dumps(dict(env))
        socket.send_fds(_nursery(), ["\0".join(request).encode()], [for_child.fileno(), out.fileno(), errors.fileno()])
    return Child(answers)


def run(program: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end, and what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        code = start(program, arguments, out, errors, env).wait(60)
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), errors.read().decode())


@cache
def _nursery() -> socket.socket:
    """Where requests go to the nursery of this process; it ends once that is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.nursery", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours


def _serve(requests: socket.socket) -> None:
    """Wait for requests until there is nobody left to make any. Returns in the forks only through `_run`."""
    for module in PRELOADED:
        import_module(module)
    load_lexicon()  # which keeps it
    gc.collect()
    gc.freeze()  # what is there now is no garbage: forks need not look at it, which would copy it
    while True:
        message, files, _, _ = socket.recv_fds(requests, 1_000_000, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            _keep(message.decode(), socket.socket(fileno=files[0]), files[1], files[2])
        for file in files:
            os.close(file)


def _keep(request: str, answers: socket.socket, out: int, errors: int) -> None:
    """Start the program, and tell its process id and exit code."""
    pid = os.fork()
    if pid == 0:
        answers.close()
        _run(request, out, errors)
    os.close(out)
    os.close(errors)
    answers.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(request: str, out: int, errors: int) -> None:
    """Become the program."""
    os.dup2(out, 1)
    os.dup2(errors, 2)
    os.close(out)
    os.close(errors)
    arguments, environment = map(json.loads, request.split("\0"))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = arguments
    runpy.run_path(arguments[0], run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
