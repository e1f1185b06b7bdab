"""A worker process for work that hostile input can stall: parsing and extraction, each task with a limit that kills.

Threads cannot be stopped and `concurrent.futures` cannot end one task of a process; pebble can. The worker is started
afresh (spawn: nothing of the daemon's state in it), replaced every thousand tasks, and limited in memory.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from pipelines.errors import PipelineError

T = TypeVar("T")

_TASKS = 1_000  # of one worker's life: parsers were seen flat for 2,000 pages, not for months
_MEMORY = 1_500_000_000  # bytes of address space; the worst page within the size limit takes a third
_ORPHAN_CHECK = 2.0  # seconds between looks whether the parent is still there


class WorkerKilled(PipelineError):
    """The task was ended by force: out of time, out of memory, or its process died. The next task is unaffected."""


class Workers:
    """One worker process. `initializer(*initargs)` runs in it once at start, for what every task needs."""

    def __init__(
        self,
        initializer: Callable[..., None] | None = None,
        initargs: tuple[object, ...] = (),
        tasks: int = _TASKS,
    ) -> None:
        self._pool = ProcessPool(
            max_workers=1,
            max_tasks=tasks,
            initializer=_begin,
            initargs=(os.getpid(), initializer, initargs),
            context=multiprocessing.get_context("spawn"),
        )
        self._waiting: set[asyncio.Future[Any]] = set()

    async def run(self, function: Callable[..., T], *arguments: object, timeout: float) -> T:
        """`function(*arguments)` in the worker; both and the result must pickle. Exceptions of the function are raised.

        `timeout` is in seconds, counted from when the task begins, not while it waits for its turn.
        Raises WorkerKilled if it does not end in time, needs too much memory, or its process dies.
        """
        future: Future[T] = self._pool.schedule(function, args=arguments, timeout=timeout)
        waiting = asyncio.wrap_future(future)
        self._waiting.add(waiting)
        try:
            return await waiting
        except TimeoutError as error:
            raise WorkerKilled(f"not done after {timeout:g} s") from error
        except ProcessExpired as error:
            raise WorkerKilled(f"the worker died (exit {error.exitcode})") from error
        except (MemoryError, RecursionError) as error:
            raise WorkerKilled(f"needs too much memory or depth ({type(error).__name__})") from error
        finally:
            self._waiting.discard(waiting)

    def close(self) -> None:
        """End the worker at once; tasks that run or wait raise WorkerKilled. Call it in the loop's thread."""
        for waiting in list(self._waiting):
            if not waiting.done():
                waiting.set_exception(WorkerKilled("the worker was closed"))
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join(timeout=5)


def _begin(parent: int, initializer: Callable[..., None] | None, initargs: tuple[object, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the daemon decides when to end
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most), most))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if initializer:
        initializer(*initargs)


def _end_with(parent: int) -> None:
    """A daemon that is killed outright cannot end its worker; the worker sees that it became an orphan."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_CHECK)
    os._exit(1)
