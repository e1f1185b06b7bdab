"""The worker process: what it is given ends in time, one way or another. Real processes, real kills."""

import asyncio
import os
import time

import pytest

from pipelines.workers import WorkerKilled, Workers


def double(number):
    return 2 * number


def spin():
    while True:
        pass


def swallow_memory():
    return len(bytearray(8_000_000_000))


def die():
    os._exit(3)


def recurse():
    return recurse()


def fail():
    raise ValueError("its own error")


def process(_=None):
    return os.getpid()


def remember(value):
    os.environ["PREPARED"] = value


def prepared():
    return os.environ.get("PREPARED")


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.close()


def run(workers, function, *arguments, timeout=10.0):
    return asyncio.run(workers.run(function, *arguments, timeout=timeout))


def test_the_result_comes_back(workers):
    assert run(workers, double, 21) == 42
    assert run(workers, process) != os.getpid()


def test_exceptions_of_the_task_come_back_as_they_are(workers):
    with pytest.raises(ValueError, match="its own error"):
        run(workers, fail)


@pytest.mark.parametrize("task", [spin, swallow_memory, die, recurse])
def test_f066_a_task_that_does_not_end_well_is_killed_and_the_next_one_runs(workers, task):
    begun = time.monotonic()
    with pytest.raises(WorkerKilled):
        run(workers, task, timeout=1.0)
    assert time.monotonic() - begun < 5
    assert run(workers, double, 1) == 2


def test_time_is_counted_from_when_a_task_begins(workers):
    async def many():
        tasks = [workers.run(time.sleep, 0.3, timeout=0.8) for _ in range(5)]
        return await asyncio.gather(*tasks)

    assert asyncio.run(many()) == [None] * 5


def test_the_worker_is_replaced_after_its_tasks():
    workers = Workers(tasks=3)
    try:
        assert len({run(workers, process) for _ in range(7)}) == 3
    finally:
        workers.close()


def test_what_tasks_need_is_prepared_in_every_worker():
    workers = Workers(initializer=remember, initargs=("yes",), tasks=1)
    try:
        assert [run(workers, prepared) for _ in range(3)] == ["yes"] * 3
    finally:
        workers.close()


def test_close_ends_what_runs_and_what_waits():
    async def closing():
        workers = Workers()
        tasks = [asyncio.ensure_future(workers.run(time.sleep, 60, timeout=100)) for _ in range(3)]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        workers.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return results, time.monotonic() - begun

    results, seconds = asyncio.run(closing())
    assert all(isinstance(result, WorkerKilled) for result in results)
    assert seconds < 3
