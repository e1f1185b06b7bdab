"""How fast a dead source is noticed, and how often a living one is suspected: a year of simulated sources.

    python -m tests.benchmarks.silence [YEARS]

Each source brings entries by a Poisson process on one of three rhythms; after twelve weeks of learning it is looked at
every hour for a year, then it dies. Beside it the rule of feed readers: silent for seven days.
"""

from __future__ import annotations

import math
import random
import sys
from datetime import UTC, datetime, timedelta

from crawler.rhythm import rhythm_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)


def flat(moment: datetime) -> float:
    return 1.0


def daily(moment: datetime) -> float:
    """Little at night."""
    return 1 + 0.9 * math.sin((moment.hour - 8) / 24 * 2 * math.pi)


def weekly(moment: datetime) -> float:
    """And less on Fridays and Saturdays."""
    return daily(moment) * (0.4 if moment.weekday() in (4, 5) else 1.24)


RHYTHMS = {"flat": flat, "daily": daily, "weekly": weekly}


def arrivals(rhythm: str, per_day: float, days: int, rng: random.Random) -> list[datetime]:
    """Moments of arrival over `days` days."""
    shape = RHYTHMS[rhythm]
    found = []
    for hour in range(days * 24):
        begin = START + hour * HOUR
        mean = per_day / 24 * shape(begin)
        count, product = 0, rng.random()
        while product > math.exp(-mean):
            product *= rng.random()
            count += 1
        found += sorted(begin + HOUR * rng.random() for _ in range(count))
    return found


def year(rhythm: str, per_day: float, rng: random.Random) -> tuple[int, float, float]:
    """False notices in a year; then hours and truly expected entries from the last entry to the notice of death."""
    learning, days = 84, 84 + 365
    seen = arrivals(rhythm, per_day, days, rng)
    false, told, learned = 0, False, None
    index, last = 0, START
    for hour in range(learning * 24, days * 24):
        now = START + hour * HOUR
        before = index
        while index < len(seen) and seen[index] <= now:
            index += 1
        if index:
            last = seen[index - 1]
        if index != before:
            told = False
        if hour % 24 == 0 or learned is None:
            learned = rhythm_of(START, seen[max(0, index - int(per_day * 110) - 50) : index])
        if learned is not None and not told and learned.expected(last, now) >= learned.limit:
            false, told = false + 1, True
    learned = rhythm_of(START, seen)
    assert learned is not None
    now = seen[-1].replace(minute=0, second=0, microsecond=0)
    truly = 0.0
    while learned.expected(seen[-1], now) < learned.limit:
        now += HOUR
        truly += per_day / 24 * RHYTHMS[rhythm](now - HOUR)
    return false, (now - seen[-1]) / HOUR, truly


def main(years: int = 40) -> None:
    columns = ("a day", "false a year", "noticed after h", "expected by then", "7-day rule h")
    print(f"{'rhythm':8}", *(f"{column:>16}" for column in columns))
    for rhythm in RHYTHMS:
        for per_day in (3, 10, 40):
            results = [year(rhythm, per_day, random.Random(seed)) for seed in range(years)]
            false, hours, truly = (sum(column) / years for column in zip(*results, strict=True))
            print(f"{rhythm:8} {per_day:16} {false:16.2f} {hours:16.1f} {truly:16.1f} {7 * 24:16}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
