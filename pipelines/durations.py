"""Durations as people write them: "90s", "15m", "2h", "365d", "1h30m"; "0s" is allowed everywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WHOLE = re.compile(r"(?:\d+[smhd])+")
_PART = re.compile(r"(\d+)([smhd])")


def parse_duration(text: object) -> timedelta:
    """Read a duration. Raises ValueError that says how to write one."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f'{text!r} is no duration; write a number and a unit: "30s", "15m", "2h", "7d"')
    return timedelta(**_sum(_PART.findall(text)))


def spell_duration(duration: timedelta) -> str:
    """The shortest spelling that reads back as the same duration."""
    seconds = int(duration.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _sum(parts: list[tuple[str, str]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for number, unit in parts:
        total[_UNITS[unit]] = total.get(_UNITS[unit], 0) + int(number)
    return total


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(spell_duration)]
