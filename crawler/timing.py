"""The one place that reads the wall clock; everything else is told what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The wall clock, aware and in UTC."""
    return datetime.now(UTC)
