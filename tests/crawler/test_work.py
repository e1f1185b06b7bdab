"""Work that kills its process is done on less and less of the report, and never given up with an error."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.work import Bench
from pipelines.models import Entry, Page, Source
from pipelines.workers import WorkerKilled

ENTRY = Entry("https://site.example/1", title="خبر", summary="ملخص")
PAGE = Page(ENTRY.link, "<p>نص")


@pytest.mark.parametrize(
    ("kills", "seen"), [(0, ("خبر", True)), (1, ("خبر", True)), (2, ("خبر", False)), (3, ("", False))]
)
def test_f066_f067_a_report_that_kills_its_worker_is_judged_on_less_of_it(
    monkeypatch: pytest.MonkeyPatch, kills: int, seen: tuple[str, bool]
) -> None:
    bench = Bench.__new__(Bench)
    asked: list[tuple[str, bool]] = []

    class Deadly:
        async def run(self, task: Any, entry: Entry, page: Page | None, *arguments: Any, timeout: float) -> str:
            asked.append((entry.title, page is not None))
            if len(asked) <= kills:
                raise WorkerKilled("no end in time")
            return "judged"

    monkeypatch.setattr(bench, "_workers", Deadly(), raising=False)
    judged = asyncio.run(bench.judge(ENTRY, PAGE, Source("s", "S"), "art_1", datetime.now(UTC), None))
    assert judged == "judged"  # type: ignore[comparison-overlap]
    assert asked[-1] == seen
