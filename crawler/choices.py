"""What a command line chooses from; apart from commands.py, whose imports `rasid --help` need not wait for."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What people say of an alert."""

    TRUE = "true"
    FALSE = "false"
    DUPLICATE = "duplicate"


class Format(StrEnum):
    """The forms of `rasid export`."""

    CSV = "csv"
    JSONL = "jsonl"
    GEOJSON = "geojson"
    RSS = "rss"
