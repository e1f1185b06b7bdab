"""Incidents and names to tell of, made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from pipelines.models import (
    Certainty,
    EventType,
    Finding,
    Incident,
    Passage,
    Place,
    Range,
    Severity,
    SourceReport,
)
from pipelines.summary import summarise

NOW = datetime(2025, 9, 24, 18, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Name:
    name_en: str
    name_ar: str
    short_en: str


NAMED = {
    "saraya_al_salam": Name("Saraya al-Salam", "سرايا السلام", "SaS"),
    "asaib_ahl_al_haq": Name("Asa'ib Ahl al-Haq", "عصائب أهل الحق", "AAH"),
    "basra": Name("Basra", "البصرة", "Basra"),
    "wasit": Name("Wasit", "واسط", "Wasit"),
    "basra.abu_al_khasib": Name("Abu al-Khasib", "أبو الخصيب", "Abu al-Khasib"),
    "wasit.kut": Name("Kut", "الكوت", "Kut"),
}


class Names:
    """Stands for the lexicon."""

    def entity(self, id: str, /) -> Name:
        return NAMED[id]


NAMES = Names()

ABU_AL_KHASIB = Place(
    id="place.abu_al_khasib",
    name_en="Abu al-Khasib",
    name_ar="أبو الخصيب",
    kind="city",
    governorate="basra",
    district="basra.abu_al_khasib",
    lat=30.4406,
    lon=48.0075,
    geo_precision=1,
)


def report(name: str, *, minutes: int = 0, **over: object) -> SourceReport:
    id = name.lower().replace(" ", "_")
    values = {
        "source": id,
        "name": name,
        "family": id,
        "stance": "neutral",
        "trust": 2,
        "title": "إصابات باشتباك مسلح بين سرايا السلام وعصائب أهل الحق في أبي الخصيب",
        "url": f"https://{id.replace('_', '-')}.example/news/41",
        "language": "ar",
        "published": NOW - timedelta(minutes=20 - minutes),
        "article": f"art_{id}",
        "injured": 3,
        **over,
    }
    return SourceReport(**values)  # type: ignore[arg-type]


def arabic_passage() -> Passage:
    text = (
        "أفاد مصدر أمني، مساء اليوم الأربعاء، باندلاع اشتباك مسلح بين عناصر من سرايا السلام وعصائب أهل الحق "
        "في قضاء أبي الخصيب جنوبي محافظة البصرة، أسفر عن إصابة ثلاثة أشخاص بجروح متفاوتة."
    )
    marks = []
    for phrase in ("اشتباك مسلح", "سرايا السلام", "عصائب أهل الحق", "أبي الخصيب"):
        start = text.index(phrase)
        marks.append((start, start + len(phrase)))
    return Passage("body", text, tuple(marks))


def finding(**over: object) -> Finding:
    values = {
        "id": "fnd_1",
        "article": "art_rafidain_wire",
        "groups": ("saraya_al_salam", "asaib_ahl_al_haq"),
        "governorates": ("basra",),
        "event_type": EventType.ARMED_CLASH,
        "verdict": "alert",
        "score": 0.93,
        "districts": ("basra.abu_al_khasib",),
        "places": (ABU_AL_KHASIB,),
        "event_date": date(2025, 9, 24),
        "time_precision": 1,
        "injured": 3,
        "passages": (arabic_passage(),),
        "why": (
            "both groups are named in full: سرايا السلام, عصائب أهل الحق",
            "the action اشتباك مسلح stands in the same sentence",
            "the place أبي الخصيب is bound to it, 6 words away",
        ),
        **over,
    }
    return Finding(**values)  # type: ignore[arg-type]


def incident(**over: object) -> Incident:
    """A clash in Abu al-Khasib, one trusted report; every field can be given otherwise."""
    values = {
        "id": "inc_7k2mq3xw5b",
        "revision": 1,
        "status": "open",
        "change": "new",
        "severity": Severity.CRITICAL,
        "certainty": Certainty.LIKELY,
        "event_type": EventType.ARMED_CLASH,
        "groups": ("saraya_al_salam", "asaib_ahl_al_haq"),
        "governorates": ("basra",),
        "districts": ("basra.abu_al_khasib",),
        "places": (ABU_AL_KHASIB,),
        "event_date": date(2025, 9, 24),
        "time_precision": 1,
        "killed": None,
        "injured": Range(3, 3),
        "headline": "إصابات باشتباك مسلح بين سرايا السلام وعصائب أهل الحق في أبي الخصيب",
        "headline_lang": "ar",
        "summary_en": "",
        "sources": (report("Rafidain Wire"),),
        "independent_sources": 1,
        "findings": (finding(),),
        "first_seen": NOW - timedelta(minutes=1),
        "updated": NOW,
        "published": NOW - timedelta(minutes=20),
        **over,
    }
    made = Incident(**values)  # type: ignore[arg-type]
    return made if made.summary_en else replace(made, summary_en=summarise(made, NAMES))


def second(before: Incident, **over: object) -> Incident:
    """The next revision: a second source, with a death."""
    values: dict[str, object] = {
        "revision": before.revision + 1,
        "change": "update",
        "killed": Range(1, 1),
        "injured": Range(3, 5),
        "certainty": Certainty.OBSERVED,
        "sources": (*before.sources, report("Shatt Post", minutes=10, killed=1, injured=5)),
        "independent_sources": 2,
        "updated": NOW + timedelta(minutes=12),
        "published": NOW,
        "summary_en": "",
        **over,
    }
    made = replace(before, **values)  # type: ignore[arg-type]
    return made if made.summary_en else replace(made, summary_en=summarise(made, NAMES))
