"""Which source is told to be ill, and which is not."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.health import Health, History, assess, heard_from, worth_a_notice
from crawler.rhythm import rhythm_of
from crawler.scheduling import FeedState
from pipelines.models import Source
from tests.benchmarks import silence

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCE = Source("site", "Site")
WELL = FeedState(next_poll=NOW, last_success=NOW, last_new=NOW)


def failing(kind="timeout", why="no whole answer in time", failures=5, since=NOW - DAY, **more):
    return FeedState(next_poll=NOW, failures=failures, failing_since=since, kind=kind, why=why, **more)


def steady(per_day=10, days=28, until=NOW):
    """A source that brings `per_day` entries a day on the minute, the last one at `until`."""
    gap = DAY / per_day
    return History(until - days * DAY, tuple(until - number * gap for number in range(per_day * days))[::-1])


def state(*feeds, history=None, now=NOW, source=SOURCE):
    return assess(source, feeds or (WELL,), history or steady(), now)


def test_a_source_that_keeps_its_rhythm_is_fresh():
    found = state()
    assert (found.state, found.since, found.ill) == ("fresh", None, False)


def test_a_dead_source_is_noticed_within_8_2_expected_entries():
    """Twenty hours at ten a day; the best rule among feed readers waits seven days."""
    history = steady()
    assert state(history=history, now=NOW + 19 * HOUR).state == "fresh"
    found = state(history=history, now=NOW + 20.2 * HOUR)
    assert (found.state, found.since) == ("quiet", NOW)
    assert "8 were to be expected (10.0 a day)" in found.evidence


def test_a_quiet_night_is_no_silence():
    """All entries come between 6 and 18 o'clock: twelve hours without any are usual."""
    days = [NOW.replace(hour=6) - number * DAY for number in range(28)]
    history = History(days[-1], tuple(sorted(day + number * HOUR for day in days for number in range(12))))
    evening = NOW.replace(hour=18)
    rhythm = rhythm_of(days[-1], [one for one in history.arrivals if one <= evening])
    assert rhythm is not None
    assert rhythm.expected(evening, evening + 10 * HOUR) < 2
    assert rhythm.expected(evening + 12 * HOUR, evening + 22 * HOUR) > 8


def test_a_slow_source_is_given_its_time():
    history = steady(per_day=1, days=60)
    assert state(history=history, now=NOW + 5 * DAY).state == "fresh"
    assert state(history=history, now=NOW + 6.5 * DAY).state == "quiet"


def test_without_a_rhythm_yet_a_week_is_waited():
    history = History(NOW - 20 * DAY, (NOW - 8 * DAY,))
    assert state(history=history, now=NOW - 2 * DAY).state == "fresh"
    assert state(history=history).state == "quiet"


def test_a_source_that_never_brought_anything_is_told_after_three_days():
    assert state(history=History(NOW - 2 * DAY)).state == "fresh"
    assert state(history=History(NOW - 4 * DAY)).state == "quiet"


def test_a_silence_does_not_wear_away_its_own_measure():
    history = steady()
    before, after = (assess(SOURCE, (WELL,), history, NOW + days * DAY) for days in (2, 60))
    assert before.state == after.state == "quiet" and before.since == after.since


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("timeout", "broken"), ("dns", "broken"), ("not_a_feed", "broken"), ("tls", "broken"), ("blocked", "blocked"),
     ("robots", "blocked")],
)  # fmt: skip
def test_a_source_none_of_whose_feeds_works_says_why_and_since_when(kind, expected):
    found = state(failing(kind, "the reason"))
    assert (found.state, found.since) == (expected, NOW - DAY)
    assert "the reason" in found.evidence


def test_short_troubles_and_a_second_feed_that_works_are_no_illness():
    assert state(failing(failures=2)).state == "fresh"
    assert state(failing(since=NOW - HOUR)).state == "fresh"
    found = state(failing(), WELL)
    assert found.state == "fresh" and "one feed fails" in found.evidence


def test_three_410_are_believed():
    assert state(failing("gone", "410", failures=3, since=NOW - HOUR, gone=3)).state == "broken"


def test_bodies_that_shrink_are_told_and_always_short_ones_are_not():
    long_ago = ("full",) * 50
    assert state(history=replace(steady(), bodies=long_ago + ("thin",) * 15 + ("missing",) * 5)).state == "thin"
    assert state(history=replace(steady(), bodies=long_ago + ("thin",) * 5)).state == "fresh"
    assert state(history=replace(steady(), bodies=("missing",) * 70)).state == "fresh"


def test_missing_dates_are_told():
    assert state(history=replace(steady(), dated=(True,) * 50 + (False,) * 20)).state == "undated"
    assert state(history=replace(steady(), dated=(True, False) * 20)).state == "fresh"


def test_probation_is_reported_and_not_alarmed_about():
    found = state(failing(), source=replace(SOURCE, probation=True))
    assert found.state == "broken" and not found.ill


def test_a_notice_is_given_once_and_once_more_when_it_is_over():
    well, ill, worse = Health("site", "fresh"), Health("site", "quiet", NOW), Health("site", "blocked", NOW)
    assert worth_a_notice(None, ill) and worth_a_notice(well, ill) and worth_a_notice(ill, worse)
    assert worth_a_notice(ill, well)
    assert not worth_a_notice(ill, ill) and not worth_a_notice(None, well) and not worth_a_notice(well, well)


def test_the_digest_can_say_how_many_were_heard_from():
    silent = replace(WELL, last_success=NOW - 2 * DAY)
    histories = [steady(), History(NOW - DAY * 9), steady(until=NOW - 3 * DAY)]
    assert heard_from(histories, [(silent,), (silent,), (WELL,)], NOW) == 2


def test_one_line_for_people():
    line = str(state(failing("blocked", "the host answers 403")))
    assert line == "site: blocked since 2026-11-20 10:00 UTC (blocked: the host answers 403)"


def test_in_simulation_a_living_source_is_suspected_about_once_a_year():
    """A short form of the benchmark: at ten a day on a daily rhythm, fixed seeds."""
    results = [silence.year("daily", 10, random.Random(seed)) for seed in range(4)]
    assert sum(false for false, _, _ in results) <= 1.5 * 4
    assert sum(hours for _, hours, _ in results) / 4 < 26
