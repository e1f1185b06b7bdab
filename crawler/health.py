"""Which source is well and which is not, since when, and by what evidence: pure functions over frozen counts.

Silence is the dangerous failure: a feed that answers 200 with old entries, or with none, looks healthy to anything that
counts errors. So each source is measured against its own rhythm: how many entries it should have brought since the last
one, by hour of the day and day of the week. That none came has the probability e^-expected; it is told when that
happens by chance about once a year.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from crawler.rhythm import rhythm_of
from crawler.scheduling import CONFIRMED, FeedState
from pipelines.models import BodyState, Source

State = Literal["fresh", "quiet", "broken", "blocked", "thin", "undated"]

_DAY = timedelta(days=1)
_LONG_SILENCE = 7 * _DAY  # where there is no rhythm to go by
_STARTING = 3 * _DAY  # a source that never brought anything is given so long
_BROKEN_AFTER = timedelta(hours=3)  # of failure in a row; shorter troubles pass by themselves
_BROKEN_FAILURES = 3
_SAMPLE, _FEW = 20, 8  # latest reports looked at for thin bodies and missing dates, and the fewest that tell anything


@dataclass(frozen=True, slots=True)
class History:
    """What a source has brought. `arrivals` are when its entries were first seen, oldest first, without those that the
    first poll of a feed brought; `bodies` and `dated` are of its reports, oldest first."""

    watched_since: datetime
    arrivals: tuple[datetime, ...] = ()
    bodies: tuple[BodyState, ...] = ()
    dated: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is. `since` is when it began, None for a fresh one; `evidence` is one line for people."""

    source: str
    state: State
    since: datetime | None = None
    evidence: str = ""
    probation: bool = False

    @property
    def ill(self) -> bool:
        """Whether people should hear of it: what is on probation is reported, not alarmed about."""
        return self.state != "fresh" and not self.probation

    def __str__(self) -> str:
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"{self.source}: {self.state}{since}" + (f" ({self.evidence})" if self.evidence else "")


def assess(source: Source, feeds: Sequence[FeedState], history: History, now: datetime) -> Health:
    """How `source` is at `now`. The gravest state is told: blocked, broken, quiet, thin, undated, else fresh."""
    found = _failing(feeds, now) or _quiet(history, now) or _thin(history) or _undated(history)
    state, since, evidence = found or ("fresh", None, _small_troubles(feeds))
    return Health(source.id, state, since, evidence, source.probation)


def worth_a_notice(before: Health | None, after: Health) -> bool:
    """Whether the ops channel is told: a source fell ill, or is well again after it was told to be ill."""
    was_ill = before is not None and before.ill
    return after.ill != was_ill or (after.ill and before is not None and before.state != after.state)


def heard_from(histories: Iterable[History], feeds: Iterable[Sequence[FeedState]], now: datetime) -> int:
    """How many sources brought an entry, or at least answered properly, within the last day: for the digest."""
    return sum(
        any(now - arrival <= _DAY for arrival in history.arrivals[-1:])
        or any(feed.last_success is not None and now - feed.last_success <= _DAY for feed in states)
        for history, states in zip(histories, feeds, strict=True)
    )


# --- silence ---------------------------------------------------------------------------------------------------------


def _quiet(history: History, now: datetime) -> tuple[State, datetime, str] | None:
    if not history.arrivals:
        if now - history.watched_since < _STARTING:
            return None
        return "quiet", history.watched_since, "nothing has come since it is watched; its address may be wrong"
    last = history.arrivals[-1]
    rhythm = rhythm_of(history.watched_since, history.arrivals)
    if rhythm is None:
        if now - last < _LONG_SILENCE:
            return None
        return "quiet", last, f"nothing new for {(now - last).days} days"
    # On the hour: every further look is one more chance for a false notice (tests/benchmarks/silence.py).
    due = rhythm.expected(last, now.replace(minute=0, second=0, microsecond=0))
    if due < rhythm.limit:
        return None
    return "quiet", last, f"nothing new since then, {due:.0f} were to be expected ({rhythm.per_day:.1f} a day)"


# --- failure ---------------------------------------------------------------------------------------------------------

_BLOCKING = frozenset(("blocked", "robots", "busy"))


def _failing(feeds: Sequence[FeedState], now: datetime) -> tuple[State, datetime, str] | None:
    """Only when no feed of the source works; that one of several fails is a small trouble."""
    failing = [feed for feed in feeds if feed.failing_since is not None]
    if not feeds or len(failing) < len(feeds):
        return None
    since = max(feed.failing_since for feed in failing if feed.failing_since is not None)  # from when on none worked
    gone = [feed for feed in failing if feed.gone >= CONFIRMED]
    lasting = now - since >= _BROKEN_AFTER and all(feed.failures >= _BROKEN_FAILURES for feed in failing)
    refused = all(feed.kind in _BLOCKING for feed in failing) and all(feed.failures >= 2 for feed in failing)
    if not (lasting or refused or len(gone) == len(feeds)):
        return None
    evidence = "; ".join(dict.fromkeys(f"{feed.kind}: {feed.why}" if feed.why else feed.kind for feed in failing))
    return "blocked" if refused else "broken", since, evidence[:300]


def _small_troubles(feeds: Sequence[FeedState]) -> str:
    failing = [f"one feed fails: {feed.why or feed.kind}" for feed in feeds if feed.kind]
    return "; ".join(dict.fromkeys([*failing, *(problem for feed in feeds for problem in feed.problems)]))[:300]


# --- content ---------------------------------------------------------------------------------------------------------


def _thin(history: History) -> tuple[State, None, str] | None:
    """Bodies shrank: most of the latest are thin or missing, and most of those before were not."""
    latest, before = history.bodies[-_SAMPLE:], history.bodies[:-_SAMPLE]
    if len(latest) < _FEW:
        return None
    poor = sum(body != "full" for body in latest) / len(latest)
    usual = sum(body != "full" for body in before) / len(before) if len(before) >= _FEW else 0.0
    if poor < 0.6 or poor < 2 * usual:
        return None
    missing = sum(body == "missing" for body in latest)
    counted = f"{round(poor * len(latest))} of its last {len(latest)} reports"
    return "thin", None, f"{counted} came without their usual text ({missing} without any)"


def _undated(history: History) -> tuple[State, None, str] | None:
    latest = history.dated[-_SAMPLE:]
    if len(latest) < _FEW or sum(latest) > 0.2 * len(latest):
        return None
    return "undated", None, f"{len(latest) - sum(latest)} of its last {len(latest)} reports had no date to be believed"
