"""Work that kills its process is done on less and less of the report, and never given up with an error."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.bench import Bench
from pipelines.extraction import read_page
from pipelines.markup import page_tree
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


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "weight",
    [
        "<a " + " ".join(f"x{number}=1" for number in range(300_000)) + ">",
        "<a " + " ".join(f"x{number}" for number in range(300_000)) + ">",
    ],
    ids=["attributes", "bare attributes"],
)
def test_f066_an_element_of_countless_attributes_costs_none_of_the_text(weight: str) -> None:
    """Half a million took minutes: the parser compares each with all others."""
    text = "أفاد مصدر أمني بأن مشاجرة اندلعت وسط المدينة. " * 10
    page = Page(ENTRY.link, f"<html><body><article><p>{text}</p></article>{weight}</body></html>")
    assert text[:40] in read_page(ENTRY, page, Source("s", "S"), "art_1", datetime.now(UTC)).body


def test_f066_what_nobody_reads_takes_no_place_in_the_tree() -> None:
    """As many comments as a page may have tags took 190 MB."""
    tree = page_tree("<html><body><!-- a --><?php a ?><p>text</p></body></html>")
    assert tree is not None
    assert [node.tag for node in tree.iter()] == ["html", "body", "p"]


def test_a_long_attribute_that_is_one_of_few_is_kept() -> None:
    page = Page(ENTRY.link, f"<article data-page='{{{'a:1,' * 5_000}}}' class=text><p>{'نص ' * 100}</p></article>")
    article = read_page(ENTRY, page, Source("s", "S", body="article.text"), "art_1", datetime.now(UTC))
    assert "نص نص" in article.body
