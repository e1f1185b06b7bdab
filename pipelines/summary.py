"""One line that says what happened, generated from the incident: who reads no Arabic can act on it, and the reverse.

    Armed clash, Saraya al-Salam and Asa'ib Ahl al-Haq, Abu al-Khasib (Basra), 24 Sep 2025; 3–5 injured;
    2 independent sources

The words stand in summary.toml; the names come from the lexicon.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Protocol

from pipelines.models import EventType, Incident, Place, Range


class Label(Protocol):
    """How an entity of the lexicon is called."""

    @property
    def name_en(self) -> str: ...
    @property
    def name_ar(self) -> str: ...
    @property
    def short_en(self) -> str: ...


class Labels(Protocol):
    """Gives the names of an id of the lexicon; KeyError when it does not know it."""

    def entity(self, id: str, /) -> Label: ...


def summarise(incident: Incident, labels: Labels) -> str:
    """The English line: event, groups, place, day; toll; number of independent sources."""
    names = [label(labels, group).name_en for group in incident.groups]
    what = [
        event_words(incident.event_type).en,
        joined(names, " and ") or "group not named",
        place_line_en(incident, labels),
        day_en(incident.event_date, incident.time_precision),
    ]
    counted = incident.independent_sources
    tail = [*toll_en(incident), f"{counted} independent source{'' if counted == 1 else 's'}"]
    return "; ".join([", ".join(what), *tail])


def summarise_ar(incident: Incident, labels: Labels) -> str:
    """The same line in Arabic."""
    names = [label(labels, group).name_ar for group in incident.groups]
    what = [
        event_words(incident.event_type).ar,
        joined(names, " و") or "الجهة غير مسماة",
        place_line_ar(incident, labels),
        day_ar(incident.event_date, incident.time_precision),
    ]
    tail = [*toll_ar(incident), f"عدد المصادر المستقلة {incident.independent_sources}"]
    return "؛ ".join(["، ".join(what), *tail])


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event type in words."""

    en: str
    ar: str
    short: str


def event_words(event_type: EventType) -> EventWords:
    """The words for an event type."""
    return _words().events[event_type]


def label(labels: Labels, id: str) -> Label:
    """The names of `id`; made from the id itself when the lexicon no longer knows it, as an old incident's may be."""
    try:
        return labels.entity(id)
    except KeyError:
        spelt = id.rpartition(".")[2].replace("_", " ").title()
        return _Spelt(name_en=spelt, name_ar=spelt, short_en=spelt)


def best_place(incident: Incident) -> Place | None:
    """The place to name: an incident lists its places from the best known (incidents.py decides)."""
    return next(iter(incident.places), None)


def located_place(incident: Incident) -> Place | None:
    """The first of them with coordinates: a street without any says little on a map, the town it stands in does."""
    return next((place for place in incident.places if place.lat is not None and place.lon is not None), None)


def other_places(incident: Incident) -> tuple[Place, ...]:
    """The spots reported beside the best place; what is no more precise than the governorate is left out."""
    best = best_place(incident)
    return tuple(place for place in incident.places if place is not best and place.geo_precision < 3)


def place_line_en(incident: Incident, labels: Labels) -> str:
    """`Abu al-Khasib (Basra)`, `Basra and Wasit`, or that no place is known."""
    governorates = joined([label(labels, one).name_en for one in incident.governorates], " and ")
    place = best_place(incident)
    if place is None or place.kind == "governorate" or len(incident.governorates) > 1:
        return governorates or "place not known"
    return f"{place.name_en} ({governorates})" if governorates else place.name_en


def place_line_ar(incident: Incident, labels: Labels) -> str:
    """The place in Arabic, as in `place_line_en`."""
    governorates = joined([label(labels, one).name_ar for one in incident.governorates], " و")
    place = best_place(incident)
    if place is None or place.kind == "governorate" or len(incident.governorates) > 1:
        return governorates or "المكان غير معروف"
    return f"{place.name_ar} ({governorates})" if governorates else place.name_ar


def day_en(day: date | None, precision: int) -> str:
    """A day in Iraq, no more precise than it is known (1 the day, 2 the week, 3 the month)."""
    if day is None:
        return "day not known"
    month = _words().months_en[day.month - 1]
    if precision >= 3:
        return f"{month} {day.year}"
    return f"{'about ' if precision == 2 else ''}{day.day} {month} {day.year}"


def day_ar(day: date | None, precision: int) -> str:
    """The day in Arabic, as in `day_en`."""
    if day is None:
        return "اليوم غير معروف"
    month = _words().months_ar[day.month - 1]
    if precision >= 3:
        return f"{month} {day.year}"
    return f"{'حوالي ' if precision == 2 else ''}{day.day} {month} {day.year}"


def span(toll: Range) -> str:
    """`3` or `3–5`."""
    return str(toll.min) if toll.min == toll.max else f"{toll.min}–{toll.max}"


def span_ar(toll: Range) -> str:
    """`3` or `من 3 إلى 5`: a dash between numbers turns around in a right-to-left line."""
    return str(toll.min) if toll.min == toll.max else f"من {toll.min} إلى {toll.max}"


def toll_en(incident: Incident) -> list[str]:
    """`1 killed`, `3–5 injured`; nothing where no number was given."""
    tolls = ((incident.killed, "killed"), (incident.injured, "injured"))
    return [f"{'none' if toll.max == 0 else span(toll)} {word}" for toll, word in tolls if toll is not None]


def toll_ar(incident: Incident) -> list[str]:
    """The toll in Arabic, as in `toll_en`."""
    tolls = ((incident.killed, "القتلى"), (incident.injured, "الجرحى"))
    return [f"عدد {word} {span_ar(toll)}" for toll, word in tolls if toll is not None]


def joined(parts: Sequence[str], last: str) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "، " if "\u0600" <= last.strip()[:1] <= "\u06ff" else ", "
    return comma.join(parts[:-1]) + last + parts[-1]


@dataclass(frozen=True, slots=True)
class _Spelt:
    name_en: str
    name_ar: str
    short_en: str


@dataclass(frozen=True, slots=True)
class _Words:
    events: dict[EventType, EventWords]
    months_en: list[str]
    months_ar: list[str]


@cache
def _words() -> _Words:
    data = tomllib.loads(files("pipelines").joinpath("summary.toml").read_text("utf-8"))
    return _Words(
        events={type_: EventWords(**data["event"][type_.value]) for type_ in EventType},
        months_en=data["months"]["en"],
        months_ar=data["months"]["ar"],
    )
