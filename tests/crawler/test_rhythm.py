"""When entries come, and in which hours none are to be expected."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from crawler.rhythm import QuietHours, rhythm_of
from tests.benchmarks import silence

BEGIN = silence.START  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def working_hours(days: int = 28, *, without: tuple[int, ...] = ()) -> list[datetime]:
    """Two an hour from 6 to 18 o'clock, none on the weekdays `without`."""
    return [
        BEGIN + day * DAY + hour * HOUR + half * HOUR / 2
        for day in range(days)
        if (BEGIN + day * DAY).weekday() not in without
        for hour in range(6, 18)
        for half in range(2)
    ]


def quiet(arrivals: list[datetime]) -> QuietHours:
    rhythm = rhythm_of(BEGIN, arrivals)
    assert rhythm is not None
    return rhythm.quiet


def test_b11_the_night_of_a_source_that_works_by_day_is_quiet_and_its_edges_are_not() -> None:
    found = quiet(working_hours())
    by_hour = [found.cover(BEGIN + hour * HOUR, BEGIN + hour * HOUR + HOUR / 2) for hour in range(24)]
    assert by_hour == [hour < 4 or hour >= 20 for hour in range(24)], "two hours before and after are left as they are"


def test_b11_a_weekday_without_entries_is_quiet_all_day() -> None:
    friday = BEGIN + 4 * DAY
    found = quiet(working_hours(84, without=(4,)))
    assert found.cover(friday, friday + DAY)
    assert not found.cover(friday + DAY, friday + 2 * DAY)


def test_b11_a_time_that_reaches_into_a_busy_hour_is_not_quiet() -> None:
    found = quiet(working_hours())
    assert found.cover(BEGIN + 3.4 * HOUR, BEGIN + 3.9 * HOUR)
    assert not found.cover(BEGIN + 3.6 * HOUR, BEGIN + 4.1 * HOUR)


@pytest.mark.parametrize("rhythm", ["flat", "daily", "weekly"])
@pytest.mark.parametrize("per_day", [3, 10, 40])
def test_b11_chance_alone_makes_no_hour_quiet(rhythm: str, per_day: int) -> None:
    """These sources bring something at every hour, if only a tenth of their mean in the smallest."""
    for seed in range(10):
        found = quiet(silence.arrivals(rhythm, per_day, 84, random.Random(seed)))
        shares = [silence.RHYTHMS[rhythm](BEGIN + hour * HOUR) for hour in range(168)]
        assert not any(found.hours[hour] for hour in range(168) if shares[hour] > 0.3)


def test_b11_few_entries_tell_nothing() -> None:
    assert rhythm_of(BEGIN, []) is None
    assert rhythm_of(BEGIN, working_hours(5)) is None
    assert rhythm_of(BEGIN, [BEGIN + day * DAY for day in range(15)]) is None
