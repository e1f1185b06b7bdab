"""What grouping a finding costs in a large archive, beside an empty one: `python -m tests.benchmarks.grouping`.

The same findings are recorded by pipelines.pipeline.record into two stores on disk, in turns, so that both meet the
same machine; printed are milliseconds per finding and their ratio (target: at most 1.5).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from crawler.migrations import upgrade
from pipelines import grouping, incidents
from pipelines.archive import Store, open_store, reports
from pipelines.grouping import Evidence
from pipelines.judging import Judged
from pipelines.lexicon import load_lexicon
from pipelines.models import Article, EventType, Finding, Source
from pipelines.pipeline import record

LEXICON = load_lexicon()
GROUPS = (("saraya_al_salam",), ("asaib_ahl_al_haq",), ("saraya_al_salam", "asaib_ahl_al_haq"))
TYPES = (EventType.ARMED_CLASH, EventType.SHOOTING, EventType.ARREST, EventType.PROTEST, EventType.ORDER_OR_STATEMENT)
YEARS = 20  # over which the archive is spread


def judged(number: int, rng: random.Random, day: date) -> Judged:
    """One report with one finding."""
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    source = Source(id=f"s{number % 30}", name="S", family=f"s{number % 30}")
    article = Article(f"art_{number}", source, f"https://s.example/{number}", f"title {number}", "", moment, moment)
    governorate = rng.choice(("basra", "wasit"))
    finding = Finding(
        id=f"fnd_{number}",
        article=article.id,
        groups=rng.choice(GROUPS),
        governorates=(governorate,),
        event_type=rng.choice(TYPES),
        verdict="alert",
        score=0.9,
        districts=(f"{governorate}.d{rng.randrange(8)}",),
        event_date=day if rng.random() < 0.8 else None,
        time_precision=1,
        killed=rng.choice((None, 1, 2, 3)),
    )
    return Judged(article, (finding,), f"hash{number}", b"", "")


def fill(store: Store, count: int, rng: random.Random) -> None:
    """An archive of so many incidents, each with one report, over the years before today."""
    today = date(2026, 1, 1)
    with store.write() as connection:
        for number in range(count):
            one = judged(-number - 1, rng, today - timedelta(days=rng.randrange(1, YEARS * 365)))
            evidence = Evidence(one.findings[0], reports.report_of(one.article))
            incident = incidents.revise(None, [evidence], one.article.published, LEXICON)
            reports.save_article(connection, one.article, one.content_hash, b"", "", one.article.published)
            reports.save_incident(connection, None, incident, grouping.sketch_of(incident), one.article.published)
            reports.save_finding(connection, evidence.finding, incident.id, "", one.article.published)


def news(count: int, rng: random.Random) -> Iterator[Judged]:
    """Reports of the last ten years, so that both new incidents and updates occur."""
    for number in range(count):
        yield judged(number, rng, date(2026, 1, 1) - timedelta(days=rng.randrange(1, 10 * 365)))


def main() -> None:
    """Fill, record in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=int, default=100_000)
    parser.add_argument("--findings", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stores = {"empty": open_store(Path(folder) / "empty.db"), "large": open_store(Path(folder) / "large.db")}
        for store in stores.values():
            upgrade(store)
        fill(stores["large"], options.archive, random.Random(1))
        spent = dict.fromkeys(stores, 0.0)
        opened = dict.fromkeys(stores, 0)
        for one in news(options.findings, random.Random(2)):
            for name, store in stores.items():
                began = time.process_time()
                with store.write() as connection:
                    revisions = record(connection, replace(one), LEXICON, one.article.published)
                spent[name] += time.process_time() - began
                opened[name] += sum(revision.previous is None for revision in revisions)
        for name in stores:
            each = 1000 * spent[name] / options.findings
            print(f"{name:6} {each:.2f} ms CPU per finding, {opened[name]} incidents opened")
        print(f"ratio  {spent['large'] / spent['empty']:.2f}")
        for store in stores.values():
            store.close()


if __name__ == "__main__":
    main()
