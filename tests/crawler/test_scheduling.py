"""When a feed is due, by the numbered behaviours of polite polling (b01–b25); pure, so the clock is an argument."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from crawler.rhythm import QuietHours
from crawler.scheduling import (
    LONGEST_WAIT,
    Failed,
    FeedState,
    Fetched,
    NotModified,
    address,
    after_downtime,
    after_poll,
    asked_to_wait,
    conditional_headers,
    first_state,
    freshness,
    retry_after,
)
from pipelines.models import Feed

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = Feed("https://site.example/rss.xml", every=10 * MINUTE)


def poll(outcome, state=None, feed=FEED, now=NOW, **arguments):
    return after_poll(state or FeedState(next_poll=now), outcome, feed, now, random.Random(1), **arguments)


def pause(outcome, state=None, feed=FEED, **arguments):
    return poll(outcome, state, feed, **arguments).next_poll - NOW


def about(found, expected):
    """Jitter is at most a tenth, and only upwards."""
    return expected <= found <= expected * 1.1


def fail(times, outcome, feed=FEED):
    state, now = FeedState(next_poll=NOW), NOW
    for _ in range(times):
        state = after_poll(state, outcome, feed, now, random.Random(1))
        now, waited = state.next_poll, state.next_poll - now
    return state, waited


GOOD = Fetched(new=1, seen=9, etag='"a"', last_modified="Fri, 20 Nov 2026 10:00:00 GMT", body_hash="h")


# --- conditional requests --------------------------------------------------------------------------------------------


def test_b01_a_feed_never_read_is_asked_unconditionally_and_from_then_on_conditionally():
    assert conditional_headers(FeedState(next_poll=NOW), NOW) == {}
    assert conditional_headers(poll(GOOD), NOW) != {}


@pytest.mark.parametrize("etag", ['"a"', 'W/"a b"', "unquoted", '"é\x80"', '""', " odd "])
def test_b02_b03_b04_validators_come_back_byte_for_byte_and_both(etag):
    modified = "yesterday, or so"
    headers = conditional_headers(poll(Fetched(1, 0, etag, modified)), NOW)
    assert headers == {"If-None-Match": etag.encode("latin-1"), "If-Modified-Since": modified.encode("latin-1")}


def test_b03_no_validator_is_ever_made_up():
    assert conditional_headers(poll(Fetched(1, 0, etag='"a"')), NOW) == {"If-None-Match": b'"a"'}
    assert conditional_headers(poll(Fetched(1, 0)), NOW) == {}


def test_b05_a_200_replaces_both_validators_and_a_304_those_it_gives():
    state = poll(GOOD)
    assert poll(Fetched(1, 9, etag='"b"'), state).last_modified == ""
    assert poll(NotModified(etag='"b"'), state).etag == '"b"'
    assert poll(NotModified(), state).etag == '"a"'
    assert poll(NotModified(), state).last_modified == state.last_modified
    assert poll(NotModified(etag='"b"', same_body=True), state).last_modified == ""


@pytest.mark.parametrize(
    "failure", [Failed("not_a_feed"), Failed("truncated"), Failed("blocked"), Failed("timeout"), Failed("gone")]
)
def test_b22_b23_a_failure_leaves_validators_and_body_hash_alone(failure):
    before = poll(GOOD)
    after = poll(failure, before)
    assert (after.etag, after.last_modified, after.body_hash) == (before.etag, before.last_modified, before.body_hash)


def test_b07_b08_nothing_new_is_a_success():
    for outcome in (NotModified(), NotModified(same_body=True)):
        state = poll(outcome, poll(Failed("timeout"), poll(GOOD)))
        assert (state.failures, state.kind, state.last_success) == (0, "", NOW)


def test_b09_f043_a_feed_stuck_on_304_is_asked_unconditionally_once_a_day():
    state, now, unconditional = poll(GOOD), NOW, []
    for _ in range(7 * 144):
        now += 10 * MINUTE
        if conditional_headers(state, now):
            state = poll(NotModified(), state, now=now)
        else:
            unconditional.append(now)
            state = poll(NotModified('"a"', same_body=True), state, now=now)
    assert 5 <= len(unconditional) <= 7
    assert all(later - earlier >= DAY for earlier, later in pairwise(unconditional))


def test_b09_a_slow_feed_is_not_taken_for_a_stuck_one():
    state = FeedState(
        next_poll=NOW, etag='"a"', last_full=NOW - 3 * DAY, last_new=NOW - 3 * DAY, gap=DAY.total_seconds()
    )
    assert conditional_headers(state, NOW)
    assert not conditional_headers(state, NOW + 6 * DAY)


# --- timing ----------------------------------------------------------------------------------------------------------


def test_b11_the_configured_interval_is_the_usual_one():
    assert about(pause(GOOD), 10 * MINUTE)
    assert about(pause(NotModified()), 10 * MINUTE)


def test_b11_max_age_puts_a_poll_off_up_to_half_an_hour():
    assert about(pause(NotModified(max_age=20 * MINUTE)), 20 * MINUTE)
    assert about(pause(NotModified(max_age=12 * HOUR)), 30 * MINUTE)
    assert about(pause(NotModified(max_age=MINUTE)), 10 * MINUTE)
    assert about(pause(NotModified(max_age=12 * HOUR), feed=Feed("https://x/", every=HOUR)), HOUR)


@given(st.integers(0, 86_400), st.integers(0, 10**6), st.integers(0, 200), st.integers(0, 200), st.floats(0, 1))
def test_b12_b14_the_interval_is_never_undercut_and_jitter_only_adds(seconds, max_age, new, seen, _):
    every = timedelta(seconds=seconds)
    outcome = Fetched(new, seen, max_age=timedelta(seconds=max_age))
    found = pause(outcome, feed=Feed("https://x/", every=every))
    assert every <= found <= max(every, 30 * MINUTE) * 1.1


def test_intervals_of_no_seconds_and_one_second_are_taken_as_they_are():
    assert pause(GOOD, feed=Feed("https://x/", every=timedelta())) == timedelta()
    assert about(pause(GOOD, feed=Feed("https://x/", every=timedelta(seconds=1))), timedelta(seconds=1))


def test_b13_after_downtime_what_is_overdue_comes_back_spread():
    late = FeedState(next_poll=NOW - DAY)
    due = [after_downtime(late, FEED, NOW, number, random.Random(number)).next_poll for number in range(1000)]
    assert min(due) == NOW
    assert max(due) - NOW > MINUTE
    assert (
        max(sum(1 for one in due if second <= (one - NOW).total_seconds() < second + 1) for second in range(120)) <= 20
    )


def test_b13_what_is_not_overdue_keeps_its_time():
    for wait in (-MINUTE, timedelta(), HOUR, DAY):
        state = FeedState(next_poll=NOW + wait)
        assert after_downtime(state, FEED, NOW, 5, random.Random(1)) == state


def test_a_clock_that_ran_ahead_does_not_stall_a_feed_for_a_year():
    state = FeedState(next_poll=NOW + 365 * DAY)
    assert after_downtime(state, FEED, NOW, 0, random.Random(1)).next_poll == NOW


def test_b15_first_polls_are_spread():
    due = [first_state(FEED, NOW, number, random.Random(number)).next_poll for number in range(200)]
    assert due[0] == NOW
    assert max(due) - NOW >= 19 * timedelta(seconds=1)
    assert max(due) - NOW <= 10 * MINUTE * 1.1


def test_polls_that_may_have_missed_entries_say_so_and_come_sooner():
    state = poll(GOOD)
    missed = poll(Fetched(new=10, seen=0), state)
    assert missed.missed == NOW
    assert any("may have missed" in problem for problem in missed.problems)
    assert about(missed.next_poll - NOW, 5 * MINUTE)
    calm = missed
    for _ in range(10):
        calm = poll(Fetched(new=1, seen=9), calm)
    assert about(calm.next_poll - NOW, 10 * MINUTE)


def test_the_first_poll_and_a_slow_feed_have_missed_nothing():
    assert poll(Fetched(new=50, seen=0)).missed is None
    assert poll(Fetched(new=2, seen=0), poll(GOOD)).missed is None


def test_polls_that_barely_overlap_come_sooner_before_anything_is_missed():
    state = poll(Fetched(new=17, seen=3), poll(GOOD))
    assert state.missed is None
    assert about(state.next_poll - NOW, 8 * MINUTE)
    for _ in range(10):
        state = poll(Fetched(new=17, seen=3), state)
    assert about(state.next_poll - NOW, 5 * MINUTE), "half of what is configured, and no less"
    assert about(pause(Fetched(new=12, seen=8), poll(GOOD)), 10 * MINUTE)
    assert about(pause(Fetched(new=3, seen=0), poll(GOOD)), 10 * MINUTE), "a small feed is no busy one"


def test_a_feed_without_news_for_two_weeks_is_polled_at_the_slowest():
    state = FeedState(next_poll=NOW, last_success=NOW, last_new=NOW - 15 * DAY)
    assert about(pause(NotModified(), state), 30 * MINUTE)
    assert about(pause(NotModified(), state, slowest=HOUR), HOUR)
    assert about(pause(Fetched(1, 9), state), 10 * MINUTE)


QUIET_AT_NIGHT = QuietHours(bytes(hour % 24 < 4 for hour in range(168)))


def test_b11_in_its_quiet_hours_a_feed_is_polled_at_the_slowest_and_in_time_for_the_busy_ones():
    def interval(hour, minute=0, **arguments):
        now = NOW.replace(hour=hour, minute=minute)
        return poll(NotModified(), now=now, quiet=QUIET_AT_NIGHT, **arguments).next_poll - now

    assert about(interval(2), 30 * MINUTE)
    assert about(interval(3, 29), 30 * MINUTE)
    assert about(interval(3, 31), 10 * MINUTE)
    assert about(interval(4), 10 * MINUTE)
    assert about(interval(23, 45), 10 * MINUTE)
    assert about(interval(1, slowest=2 * HOUR), 2 * HOUR)
    assert about(interval(2, slowest=timedelta()), 10 * MINUTE), "switched off"


def test_b11_an_interval_configured_slower_than_the_slowest_wins_over_quiet_hours():
    feed = Feed("https://x/", every=HOUR)
    assert about(
        poll(NotModified(), feed=feed, now=NOW.replace(hour=1), quiet=QUIET_AT_NIGHT).next_poll - NOW.replace(hour=1),
        HOUR,
    )


@given(st.integers(0, 10_080), st.integers(0, 7_200), st.integers(0, 7_200), st.binary(min_size=168, max_size=168))
def test_b11_quiet_hours_never_lead_to_more_than_the_configured_bound(minute, seconds, slowest, hours):
    feed, bound = Feed("https://x/", every=timedelta(seconds=seconds)), timedelta(seconds=slowest)
    now = NOW + minute * MINUTE
    found = poll(NotModified(), feed=feed, now=now, quiet=QuietHours(hours), slowest=bound).next_poll - now
    assert feed.every <= found <= max(feed.every, bound) * 1.1


# --- failure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3600", HOUR), ("0", None), ("-5", None), ("garbage", None), ("", None), ("3.5", None),
        ("315360000", LONGEST_WAIT), ("99999999999", LONGEST_WAIT), ("Sat, 21 Nov 2026 11:00:00 GMT", HOUR),
        ("Sat, 21 Nov 2026 09:00:00 GMT", None), ("Sat, 21 Nov 2036 11:00:00 GMT", LONGEST_WAIT),
        ("Saturday, 21-Nov-26 11:00:00 GMT", HOUR),
    ],
)  # fmt: skip
def test_b18_f044_retry_after_in_seconds_and_as_a_date(header, expected):
    assert retry_after(header, "", NOW) == expected


def test_b18_a_retry_after_date_counts_from_the_servers_own_clock():
    server = "Sat, 21 Nov 2026 15:00:00 GMT"  # five hours fast
    assert retry_after("Sat, 21 Nov 2026 15:10:00 GMT", server, NOW) == 10 * MINUTE


def test_b18_retry_after_is_honoured_up_to_a_day_and_never_undercuts_the_interval():
    assert about(pause(Failed("busy", status=503, retry_after=3 * HOUR)), 3 * HOUR)
    assert about(pause(Failed("busy", status=429, retry_after=30 * DAY)), DAY)
    assert about(pause(Failed("busy", status=429, retry_after=timedelta(seconds=1))), 10 * MINUTE)


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [(429, "", 4 * HOUR), (429, "soon", 4 * HOUR), (429, "0", 4 * HOUR), (429, "60", MINUTE), (503, "60", MINUTE),
     (503, "", None), (404, "60", MINUTE), (200, "", None)],
)  # fmt: skip
def test_b18_a_429_without_a_word_asks_for_four_hours(status, header, expected):
    assert asked_to_wait(status, header, "", NOW) == expected


@pytest.mark.parametrize(
    ("kind", "longest"),
    [("timeout", HOUR), ("dns", HOUR), ("http_5xx", HOUR), ("connection", HOUR), ("tls", 6 * HOUR),
     ("not_found", 6 * HOUR), ("not_a_feed", 6 * HOUR), ("robots", 6 * HOUR), ("blocked", DAY), ("new", 6 * HOUR)],
)  # fmt: skip
def test_b19_b20_back_off_doubles_up_to_a_bound_and_never_ends(kind, longest):
    waits = [fail(times, Failed(kind))[1] for times in (1, 2, 3, 1000)]
    assert about(waits[0], 10 * MINUTE)
    assert about(waits[1], 20 * MINUTE)
    assert about(waits[2], 40 * MINUTE)
    assert about(waits[3], longest)


def test_b19_one_success_ends_the_back_off():
    state, _ = fail(9, Failed("timeout"))
    assert state.failures == 9 and state.failing_since == NOW and state.kind == "timeout"
    assert about(pause(GOOD, state), 10 * MINUTE)
    assert poll(GOOD, state).failing_since is None


@given(st.sampled_from(["timeout", "blocked", "gone", "x"]), st.integers(1, 200), st.integers(1, 43_200))
def test_no_feed_is_ever_given_up(kind, times, seconds):
    feed = Feed("https://x/", every=timedelta(seconds=seconds))
    assert fail(times, Failed(kind), feed)[1] <= DAY * 1.1


def test_b20_a_410_is_believed_after_three_and_tried_daily_even_then():
    assert about(fail(1, Failed("gone"))[1], HOUR)
    state, waited = fail(3, Failed("gone"))
    assert state.gone == 3 and about(waited, DAY)
    assert fail(3, Failed("gone"))[0].gone == 3, "by either name"
    assert poll(GOOD, state).gone == 0


def test_b21_f045_a_permanent_redirect_is_believed_after_three_and_only_within_the_site():
    def moved(target, times=3, feed=FEED):
        state = None
        for _ in range(times):
            state = poll(Fetched(1, 9, moved_to=target), state, feed)
        return address(state, feed)

    assert moved("https://www.site.example/new.xml") == "https://www.site.example/new.xml"
    assert moved("https://www.site.example/new.xml", times=2) == FEED.url
    assert moved("https://elsewhere.example/new.xml") == FEED.url
    assert moved("http://site.example/new.xml") == FEED.url, "no way back from https"
    assert moved("https://site.example/x", feed=Feed("http://site.example/x")) == "https://site.example/x"


def test_b21_a_move_stays_until_the_new_address_fails():
    state = None
    for _ in range(3):
        state = poll(Fetched(1, 9, moved_to="https://site.example/new.xml"), state)
    state = poll(NotModified(), state)
    assert address(state, FEED) == "https://site.example/new.xml"
    assert address(poll(Failed("timeout"), state), FEED) == "https://site.example/new.xml"
    assert address(poll(Failed("not_found"), state), FEED) == FEED.url


def test_b10_validators_are_dropped_when_the_address_changes():
    state = None
    for number in range(3):
        state = poll(Fetched(1, 9, etag=f'"{number}"', moved_to="https://site.example/new.xml"), state)
    back = poll(Failed("not_found"), state)
    assert address(back, FEED) == FEED.url
    assert conditional_headers(back, NOW) == {}


def test_b25_a_wait_survives_a_restart():
    state = poll(Failed("busy", status=429, retry_after=5 * HOUR))
    adapter = TypeAdapter(FeedState)
    assert adapter.validate_json(adapter.dump_json(state)) == state
    assert after_downtime(state, FEED, NOW + HOUR, 0, random.Random(1)).next_poll == state.next_poll


def test_a_host_that_is_left_alone_is_no_failure_of_the_feed():
    before = poll(GOOD)
    after = poll(Failed("paused", retry_after=2 * HOUR), before)
    assert after.failures == 0 and after.kind == ""
    assert about(after.next_poll - NOW, 2 * HOUR)
    assert about(pause(Failed("paused"), before), 10 * MINUTE)


def test_a_source_on_probation_that_gives_nothing_is_tried_daily():
    state = None
    for _ in range(3):
        state = poll(Fetched(0, 0), state, probation=True)
    assert about(state.next_poll - NOW, DAY)
    state = None
    for _ in range(3):
        state = poll(Failed("not_a_feed"), state, probation=True)
    assert about(state.next_poll - NOW, DAY)
    assert about(poll(GOOD, state, probation=True).next_poll - NOW, 10 * MINUTE)


# --- freshness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cache_control", "age", "expires", "expected"),
    [
        ("max-age=600", "", "", 10 * MINUTE), ("public, max-age=600", "60", "", 9 * MINUTE),
        ("max-age=600", "900", "", timedelta()), ("no-cache", "", "", None), ("", "", "", None),
        ("s-maxage=600", "", "", None), ('max-age="60"', "", "", MINUTE), ("max-age=x", "", "", None),
        ("", "", "Sat, 21 Nov 2026 10:20:00 GMT", 20 * MINUTE), ("", "", "0", None), ("", "", "-1", None),
        ("max-age=60", "", "Sat, 21 Nov 2026 10:20:00 GMT", MINUTE),
    ],
)  # fmt: skip
def test_b11_freshness_from_headers(cache_control, age, expires, expected):
    assert freshness(cache_control, age, expires, "", NOW) == expected
