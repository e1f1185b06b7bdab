"""When a feed is due next, and what is remembered of it: pure functions over a frozen state.

The manners follow what publishers ask of feed readers: conditional requests with the validators as they came, the
server's max-age and Retry-After, back-off with jitter. Two things differ from a reader, because alerts hang on it: no
feed is ever given up, at worst it is tried daily; and hints that say "hourly" by default (RSS ttl, sy:*) do not win
over the configured interval.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from crawler.rhythm import QuietHours
from crawler.urls import site
from pipelines.models import Feed

LONGEST_WAIT = timedelta(hours=24)  # of a Retry-After and of every back-off: never given up, at worst tried daily
SLOWEST = timedelta(minutes=30)  # the longest interval that max-age, Expires or a feed's rhythm may lead to
JITTER = 0.1  # of the interval, added only: a bound given by the server or the operator is never undercut
SPREAD = timedelta(seconds=0.1)  # between the first polls of many feeds, and after downtime
ALWAYS_BUSY = QuietHours()  # a feed whose rhythm is not known
CONFIRMED = 3  # answers in a row before a 410 or a permanent redirect is believed
BUSY = 5  # new entries with none known among them: some may have come and gone between two polls

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_IDLE = 14 * _DAY  # a feed without anything new for so long is polled at the slowest
_BARELY = 4  # times as many new entries as known ones: with a few more, some would have been missed
_PROBATION_TRIES = 3  # polls in a row without an entry after which a source on probation is tried daily
_TOO_MANY_REQUESTS = 4 * _HOUR  # what a 429 without a usable Retry-After asks for


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of a feed. Empty validators were not given. All times are aware and in UTC."""

    next_poll: datetime
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    final_url: str = ""  # that gave the validators: they are sent to no other
    last_poll: datetime | None = None
    last_success: datetime | None = None  # 200 that could be read, or 304
    last_full: datetime | None = None  # 200 with a body
    last_new: datetime | None = None
    gap: float = 0.0  # usual seconds between two entries, 0 while unknown
    pace: float = 1.0  # of the interval: less than 1 after polls that missed entries, or nearly did
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    kind: str = ""  # of the last failure, "" when the last poll succeeded
    why: str = ""
    gone: int = 0  # 410 in a row
    moved_to: str = ""  # where it redirects for good
    moved: int = 0  # the same permanent redirect in a row
    empty: int = 0  # readable answers without an entry, in a row
    missed: datetime | None = None  # when entries may last have been missed
    problems: tuple[str, ...] = ()  # of the last answer that could be read
    format: str = ""


@dataclass(frozen=True, slots=True)
class NotModified:
    """304, or (`same_body`) a 200 with the body of the last time."""

    etag: str = ""
    last_modified: str = ""
    same_body: bool = False
    max_age: timedelta | None = None
    moved_to: str = ""  # final address, if only permanent redirects led there
    final_url: str = ""  # after all redirects


@dataclass(frozen=True, slots=True)
class Fetched:
    """200 that could be read: `new` entries not known before, `seen` known ones."""

    new: int
    seen: int
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    problems: tuple[str, ...] = ()
    max_age: timedelta | None = None
    moved_to: str = ""
    format: str = ""
    final_url: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that could be used. `kind` as in network.FetchProblem, or not_a_feed, unreadable."""

    kind: str
    why: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


Outcome = NotModified | Fetched | Failed


def first_state(feed: Feed, now: datetime, number: int, rng: random.Random) -> FeedState:
    """The state of a feed never polled; `number` counts the feeds that start together, so that they do not burst."""
    return FeedState(next_poll=now + _spread(feed, number, rng))


def after_downtime(
    state: FeedState, feed: Feed, now: datetime, number: int, rng: random.Random, *, slowest: timedelta = SLOWEST
) -> FeedState:
    """At start: what is long overdue comes back spread out; what a clock that ran ahead put off comes back at all."""
    late = state.next_poll < now - max(feed.every, _MINUTE)
    if late or was_put_off_by_a_clock(state.next_poll, feed, slowest, now):
        return replace(state, next_poll=now + _spread(feed, number, rng))
    return state


def was_put_off_by_a_clock(next_poll: datetime, feed: Feed, slowest: timedelta, now: datetime) -> bool:
    """Whether a poll is further away than any rule puts it: it was noted while the clock ran ahead."""
    return next_poll > now + 2 * max(LONGEST_WAIT, feed.every, slowest)


def after_poll(
    state: FeedState,
    outcome: Outcome,
    feed: Feed,
    now: datetime,
    rng: random.Random,
    *,
    probation: bool = False,
    slowest: timedelta = SLOWEST,
    quiet: QuietHours = ALWAYS_BUSY,
) -> FeedState:
    """The state after a poll that ended at `now`; its `next_poll` is when the feed is due again.

    That is after the configured interval, up to `slowest` where that is longer and the server's max-age, the feed's
    `quiet` hours or two weeks without news say so, and down to half of it after polls that overlapped barely.
    """
    match outcome:
        case NotModified():
            state = _succeeded(_with_moved(_not_modified(state, outcome, now), outcome.moved_to), now)
            pause = _interval(state, feed, outcome.max_age, now, probation, slowest, quiet)
        case Fetched():
            state = _succeeded(_with_moved(_fetched(state, outcome, now), outcome.moved_to), now)
            pause = _interval(state, feed, outcome.max_age, now, probation, slowest, quiet)
        case Failed(kind="paused"):  # the host asked to be left alone: nothing was asked, nothing failed
            pause = max(outcome.retry_after or feed.every, feed.every)
        case Failed(kind="gone"):
            state = replace(_failed(state, "gone", outcome.why, now), gone=state.gone + 1)
            pause = _DAY if state.gone >= CONFIRMED else max(_HOUR, feed.every)
        case Failed():
            state = _failed(state, outcome.kind, outcome.why, now)
            pause = _back_off(state, feed, outcome, probation)
    return replace(state, last_poll=now, next_poll=now + pause * (1 + JITTER * rng.random()))


def conditional_headers(state: FeedState, now: datetime) -> dict[str, bytes]:
    """The headers of a conditional request, byte for byte as the server gave them (RFC 9110 §13.1).

    A state keeps the server's bytes read as Latin-1. No headers for a feed never read, nor, once a day, for one that
    answers "not modified" long past its usual rhythm: some servers keep an ETag although the feed has changed.
    """
    if _seems_stuck(state, now):
        return {}
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value.encode("latin-1", "replace") for name, value in headers.items() if value}


def address(state: FeedState, feed: Feed) -> str:
    """Where to poll: the configured address, or where the same site has moved it to for good."""
    return state.moved_to if state.moved >= CONFIRMED and _may_move(feed.url, state.moved_to) else feed.url


def retry_after(header: str, date_header: str, now: datetime) -> timedelta | None:
    """The wait a Retry-After asks for (RFC 9110 §10.2.3), at most LONGEST_WAIT; None if it asks for none.

    A date counts from the server's own Date, so that its clock need not be right.
    """
    header = header.strip()
    if re.fullmatch(r"\d{1,12}", header):
        wait = timedelta(seconds=min(int(header), LONGEST_WAIT.total_seconds()))
    elif (then := _http_date(header)) is not None:
        wait = then - (_http_date(date_header) or now)
    else:
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta() else None


def asked_to_wait(status: int, header: str, date_header: str, now: datetime) -> timedelta | None:
    """The wait an answer asks for by its status and Retry-After, at most LONGEST_WAIT; None if it asks for none.

    A 429 that names no time asks for four hours. Asked with 429 or 503 it is the whole host that waits: its feeds,
    pages and robots.txt; with any other status only what was asked for.
    """
    wait = retry_after(header, date_header, now)
    return _TOO_MANY_REQUESTS if wait is None and status == 429 else wait


def freshness(cache_control: str, age: str, expires: str, date_header: str, now: datetime) -> timedelta | None:
    """How long an answer stays fresh (RFC 9111 §4.2.1): max-age less Age, else Expires less Date. None: not said."""
    if found := re.search(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", cache_control, re.IGNORECASE):
        spent = int(age) if re.fullmatch(r"\d{1,9}", age.strip()) else 0
        return max(timedelta(), timedelta(seconds=int(found.group(1)) - spent))
    if (end := _http_date(expires)) is not None:
        return max(timedelta(), end - (_http_date(date_header) or now))
    return None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _spread(feed: Feed, number: int, rng: random.Random) -> timedelta:
    return min(number * SPREAD, max(feed.every, _MINUTE)) * (1 + JITTER * rng.random())


# --- success -------------------------------------------------------------------------------------------------------


def _not_modified(state: FeedState, outcome: NotModified, now: datetime) -> FeedState:
    if outcome.same_body:  # a 200 after all: what it does not give any more is gone
        return replace(
            state,
            etag=outcome.etag,
            last_modified=outcome.last_modified,
            final_url=outcome.final_url,
            last_full=now,
        )
    return replace(state, etag=outcome.etag or state.etag, last_modified=outcome.last_modified or state.last_modified)


def _fetched(state: FeedState, outcome: Fetched, now: datetime) -> FeedState:
    busy = state.last_success is not None and outcome.new >= BUSY
    missed = busy and outcome.seen == 0
    barely = busy and outcome.new >= _BARELY * outcome.seen
    problems = outcome.problems
    if missed:
        problems = (*problems, "may have missed entries: none of the last poll was left; give it a shorter `every`")
    return replace(
        state,
        etag=outcome.etag,
        last_modified=outcome.last_modified,
        body_hash=outcome.body_hash,
        final_url=outcome.final_url,
        last_full=now,
        last_new=now if outcome.new else state.last_new,
        gap=_gap(state, outcome.new, now),
        pace=0.5 if missed else max(0.5, state.pace * 0.8) if barely else min(1.0, state.pace * 1.1),
        empty=0 if outcome.new + outcome.seen else state.empty + 1,
        missed=now if missed else state.missed,
        problems=problems,
        format=outcome.format or state.format,
    )


def _gap(state: FeedState, new: int, now: datetime) -> float:
    """A running mean of the time between entries; the first poll brings old ones and tells nothing."""
    if not new or state.last_new is None:
        return state.gap
    latest = (now - state.last_new).total_seconds() / new
    return latest if not state.gap else 0.8 * state.gap + 0.2 * latest


def _succeeded(state: FeedState, now: datetime) -> FeedState:
    return replace(state, last_success=now, failures=0, failing_since=None, kind="", why="", gone=0)


def _with_moved(state: FeedState, target: str) -> FeedState:
    if not target:
        # Polled at its new address nothing redirects any more, and the move stays; else the redirect is gone.
        return state if state.moved >= CONFIRMED else replace(state, moved_to="", moved=0)
    return replace(state, moved_to=target, moved=state.moved + 1 if target == state.moved_to else 1)


def _may_move(old: str, new: str) -> bool:
    before, after = urlsplit(old), urlsplit(new)
    return site(old) == site(new) and (after.scheme == "https" or before.scheme == after.scheme)


def _interval(
    state: FeedState,
    feed: Feed,
    max_age: timedelta | None,
    now: datetime,
    probation: bool,
    slowest: timedelta,
    quiet: QuietHours,
) -> timedelta:
    if probation and state.empty >= _PROBATION_TRIES:
        return max(_DAY, feed.every)
    pause = feed.every
    if state.pace < 1 and feed.every > 2 * _MINUTE:
        pause = max(feed.every * state.pace, _MINUTE)  # it rolls over faster than it is polled
    idle = state.last_new is not None and now - state.last_new > _IDLE
    if idle or quiet.cover(now, now + slowest):
        pause = max(pause, slowest)
    if max_age is not None:
        pause = max(pause, min(max_age, slowest))
    return pause


def _seems_stuck(state: FeedState, now: datetime) -> bool:
    if state.last_full is None or now - state.last_full < _DAY or state.last_new is None:
        return False
    return now - state.last_new > max(_DAY, timedelta(seconds=8 * state.gap))


# --- failure -------------------------------------------------------------------------------------------------------

_CAPS = {  # the longest wait by what went wrong; what passes by itself is tried again soon
    **dict.fromkeys(("timeout", "dns", "connection", "http_5xx", "unreadable", "truncated"), _HOUR),
    **dict.fromkeys(("tls", "too_large", "http_4xx", "not_found", "not_a_feed", "robots"), 6 * _HOUR),
    **dict.fromkeys(("blocked", "private_address", "redirect_refused"), _DAY),
}


def _failed(state: FeedState, kind: str, why: str, now: datetime) -> FeedState:
    passing = kind in ("timeout", "dns", "connection", "http_5xx", "busy")
    if state.moved >= CONFIRMED and not passing:  # back to where it was, with nothing of where it is
        state = replace(state, etag="", last_modified="", body_hash="", final_url="")
    moved = state.moved if passing else 0
    return replace(
        state,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        kind=kind,
        why=why,
        gone=state.gone if kind == "gone" else 0,
        moved=moved,
        moved_to=state.moved_to if moved else "",
    )


def _back_off(state: FeedState, feed: Feed, outcome: Failed, probation: bool) -> timedelta:
    if outcome.retry_after is not None:
        return max(min(outcome.retry_after, LONGEST_WAIT), feed.every)
    if probation and state.failures >= _PROBATION_TRIES and state.last_success is None:
        return max(_DAY, feed.every)
    doubled: timedelta = max(feed.every, timedelta(seconds=1)) * 2 ** min(state.failures - 1, 16)
    return max(feed.every, min(doubled, _CAPS.get(outcome.kind, 6 * _HOUR)))
