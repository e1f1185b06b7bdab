"""When entries come, by hour of the day and day of the week: pure functions over their times of arrival.

Health measures silence against it, and scheduling polls less in hours in which nothing ever comes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LEARNED_FROM = timedelta(days=84)  # of arrivals before the last one
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_OF_TEN_A_DAY = math.log(10 * 365)
_ROUGHLY = 0.5  # more arrivals overdue: a third fewer false notices (simulated: tests/benchmarks/silence.py)
_ENOUGH_TIME, _ENOUGH_ARRIVALS = _WEEK, 20  # before there is a rhythm to speak of


def rhythm_of(watched_since: datetime, arrivals: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of these arrivals, oldest first; None if they are too few to tell.

    It counts up to the last arrival, so that a silence does not wear away what it is measured by.
    """
    if not arrivals:
        return None
    last = arrivals[-1]
    span = min(last - watched_since, LEARNED_FROM)
    span -= span % (_WEEK if span >= 2 * _WEEK else _DAY)  # whole ones: each hour counted equally often
    latest = [arrival for arrival in arrivals if arrival > last - span]
    if span < _ENOUGH_TIME or len(latest) < _ENOUGH_ARRIVALS:
        return None
    days = span / _DAY
    by_hour, by_weekday = [0.0] * 24, [0.0] * 7
    for arrival in latest:
        by_hour[arrival.hour] += 1
        by_weekday[arrival.weekday()] += 1
    # Hour of day times day of week, not 168 cells of their own: a cell would hold one or two arrivals.
    near = ((-2, 1), (-1, 2), (0, 3), (1, 2), (2, 1))
    smooth = [sum(weight * by_hour[(hour + off) % 24] for off, weight in near) / 9 for hour in range(24)]
    hours, weekdays = _shares(smooth, noise=1 / 4), _shares(by_weekday)
    daily = len(latest) / days
    return Rhythm(tuple(daily * weekdays[weekday] * 7 * hours[hour] for weekday in range(7) for hour in range(24)))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Arrivals to expect in each hour of the week (UTC; the first is Monday 00–01)."""

    hours: tuple[float, ...]

    @property
    def per_day(self) -> float:
        """Arrivals on a mean day."""
        return sum(self.hours) / 7

    def expected(self, begin: datetime, end: datetime) -> float:
        """Arrivals to expect between two moments."""
        total = 0.0
        moment = begin
        while moment < end:
            step = min(moment.replace(minute=0, second=0, microsecond=0) + _HOUR, end)
            total += self.hours[moment.weekday() * 24 + moment.hour] * ((step - moment) / _HOUR)
            moment = step
            if total > 1_000:
                break
        return total

    @property
    def quiet(self) -> QuietHours:
        """The hours in which next to nothing comes: less than a tenth of what a mean hour brings."""
        little = sum(self.hours) / len(self.hours) / 10
        return QuietHours(bytes(hour < little for hour in self.hours))

    @property
    def limit(self) -> float:
        """Arrivals that must be overdue before silence is told.

        A source with N arrivals a year has N gaps, of which one in e^limit is longer by chance: with ln(N) that is
        one false notice a year. Ten arrivals a day give 8.2, which is 20 hours on a flat rhythm. The rhythm of a slower
        source is known less well, so it is given more, up to these 8.2.
        """
        by_chance = math.log(max(1.0, self.per_day * 365))
        return max(4.0, by_chance, min(by_chance + _ROUGHLY, _OF_TEN_A_DAY))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The quiet ones among the hours of the week, one byte each: there is one for every feed."""

    hours: bytes = bytes(168)

    def cover(self, begin: datetime, end: datetime) -> bool:
        """Whether every hour from `begin` to `end` is a quiet one. Both in UTC, at most a day apart."""
        moment = begin
        while moment < end:
            if not self.hours[moment.weekday() * 24 + moment.hour]:
                return False
            moment = moment.replace(minute=0, second=0, microsecond=0) + _HOUR
        return True


def _shares(counts: Sequence[float], noise: float = 1.0) -> list[float]:
    """The share of each cell, drawn towards the mean as far as chance alone would scatter the counts (empirical Bayes).

    `noise` is the variance of chance per count: 1 for a Poisson process, less where counts were smoothed.
    """
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    real = max(0.0, variance - noise * mean) / variance if variance else 0.0
    return [(mean + real * (count - mean)) / sum(counts) for count in counts]
