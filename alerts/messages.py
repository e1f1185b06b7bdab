"""What people are told: an incident's revision, a digest or a notice as a message, and the message in each form.

`compose` turns an incident into an IncidentMessage: every text in it is clean (see cleaning.py), bounded and final.
The renderers below only lay it out: plain text, HTML mail, and JSON; Slack's blocks are in slack_blocks.py. The order
is the same in all: what changed, headline, how bad and how sure, where, who, the passages, why, who says so, caveats,
what to do.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import zip_longest
from typing import Any, Literal

from jinja2 import BaseLoader, PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from alerts.cleaning import (
    balanced,
    clean,
    clean_same_length_breaks,
    cut,
    host_of,
    is_right_to_left,
    isolate,
    mask_phones,
)
from alerts.cleaning import safe_link as link_of
from alerts.policy import BAGHDAD, Change, is_unconfirmed
from pipelines.models import ChangeKind, Incident, Passage, SourceReport
from pipelines.summary import (
    Labels,
    best_place,
    day_ar,
    day_en,
    event_words,
    label,
    located_place,
    other_places,
    place_line_ar,
    place_line_en,
    span,
    span_ar,
    summarise,
    summarise_ar,
)

EXCERPT = 280  # characters: an alert carries a short excerpt, never the article
HEADLINE = 300
LINE = 300
MOST_SOURCES = 12
MOST_EXCERPTS = 3
PAYLOAD = 20_000  # bytes of a webhook's body: Standard Webhooks advises less than 20 kB

_SEVERITY_AR = {"critical": "حرجة", "high": "عالية", "medium": "متوسطة", "low": "منخفضة"}
_CERTAINTY_AR = {"observed": "مؤكد", "likely": "مرجح", "possible": "غير مؤكد", "unknown": "غير معروف"}

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an excerpt; `marked` ones are the matched phrases."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """At most 280 characters around what was matched."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def dir(self) -> Direction:
        return "rtl" if is_right_to_left(self.text) else "ltr"


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled line in both languages."""

    label_en: str
    label_ar: str
    value_en: str
    value_ar: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Who says so: `link` is empty when the address cannot be trusted."""

    name: str
    title: str
    about: str  # stance, time, toll
    link: str
    host: str
    dir: Direction


@dataclass(frozen=True, slots=True)
class IncidentMessage:
    """What one recipient is told of one revision. Every text is clean and final; nothing is escaped."""

    incident: Incident
    change: ChangeKind
    subject: str  # frozen for the life of the incident
    first_line: str  # what changed
    first_line_ar: str
    headline: str
    headline_lang: str
    headline_ar: str  # the headline if it is Arabic, else generated
    summary_en: str
    facts: tuple[Fact, ...]
    excerpts: tuple[Excerpt, ...]
    why: tuple[str, ...]
    sources: tuple[SourceLine, ...]
    more_sources: int
    caveats: tuple[Fact, ...]
    footer: tuple[str, ...]
    decided: datetime
    mark: str = ""

    @property
    def kind(self) -> str:
        return "incident"

    @property
    def generated(self) -> str:
        """Which lines are ours: nobody may take them for a translation."""
        if self.headline != self.headline_ar:
            return "The Arabic line and the last one are generated from the finding; neither is a translation."
        return "The English line is generated from the finding; it is no translation."

    @property
    def headline_dir(self) -> Direction:
        return "rtl" if is_right_to_left(self.headline) else "ltr"


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list; `links` beside `lines` may be empty."""

    title_en: str
    title_ar: str
    lines: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListMessage:
    """A digest, a summary of held alerts, a notice about rasid itself, or a test: titled lists."""

    kind: Literal["digest", "summary", "notice", "test"]
    subject: str
    first_line: str
    first_line_ar: str
    sections: tuple[Section, ...]
    decided: datetime
    footer: tuple[str, ...] = ()
    mark: str = ""


Message = IncidentMessage | ListMessage


@dataclass(frozen=True, slots=True)
class Telling:
    """How a revision is told to one recipient: what is new to them, and how late it is."""

    change: ChangeKind
    changes: tuple[Change, ...]
    decided: datetime
    late: timedelta | None = None  # set when it must be marked DELAYED
    subject: str = ""  # frozen by the first message of the incident
    mark: str = ""
    acknowledged_by: str = ""


def compose(incident: Incident, telling: Telling, labels: Labels, timezone: tzinfo = BAGHDAD) -> IncidentMessage:
    """The message about one revision of an incident, for one recipient."""
    headline = tidy(incident.headline, HEADLINE)
    arabic = incident.headline_lang == "ar" and is_right_to_left(headline)
    sources = _in_order(incident.sources)
    return IncidentMessage(
        incident=incident,
        change=telling.change,
        subject=marked(telling.mark, telling.subject or subject_of(incident, labels)),
        first_line=_first_line(incident, telling, labels, timezone),
        first_line_ar=_first_line_ar(incident, telling, labels),
        headline=headline,
        headline_lang=incident.headline_lang if incident.headline_lang in ("ar", "en", "ckb", "fa") else "und",
        headline_ar=headline if arabic else tidy(summarise_ar(incident, labels), LINE),
        summary_en=tidy(summarise(incident, labels), LINE),
        facts=_facts(incident, telling, labels, timezone),
        excerpts=excerpts_of(incident),
        why=_why(incident),
        sources=tuple(_source_line(report, timezone) for report in sources[:MOST_SOURCES]),
        more_sources=max(0, len(sources) - MOST_SOURCES),
        caveats=_caveats(incident),
        footer=(
            f"Incident {incident.id}, revision {incident.revision} · code #{code_of(incident.id)}",
            f"rasid ack {incident.id}",
            f'rasid silence incident={incident.id} --for 24h --reason "…"',
            "Written by a machine from published reports; verify before you act.",
        ),
        decided=telling.decided,
        mark=telling.mark,
    )


def subject_of(incident: Incident, labels: Labels) -> str:
    """`[HIGH] Kut, Wasit · SaS ⚔ AAH · clash · #K7Q2`: short, the same for every message of the incident."""
    place = best_place(incident)
    governorates = " and ".join(label(labels, one).name_en for one in incident.governorates)
    where = governorates or "place not known"
    if place is not None and place.kind != "governorate" and len(incident.governorates) == 1:
        where = f"{place.name_en}, {governorates}"
    event = event_words(incident.event_type).short
    versus = " ⚔ " if "clash" in event else " + "
    who = versus.join(label(labels, group).short_en for group in incident.groups[:3]) or "group not named"
    parts = [f"[{incident.severity.upper()}] {where}", who, event, f"#{code_of(incident.id)}"]
    return cut(clean(" · ".join(parts)), 150)


def code_of(incident: str) -> str:
    """Four letters to speak of an incident by telephone; not unique, so never a key."""
    return base64.b32encode(hashlib.sha256(incident.encode()).digest())[:4].decode()


def tidy(text: str, limit: int) -> str:
    """A text from the world as one bounded line: cleaned, telephone numbers masked."""
    return cut(mask_phones(clean(text)), limit)


def marked(mark: str, text: str) -> str:
    """`[REPLAY] text`: what is no real alert says so first."""
    return f"[{mark}] {text}" if mark else text


def incident_line(incident: Incident, labels: Labels) -> str:
    """An incident in one line of a list."""
    return tidy(f"[{incident.severity.upper()}] {summarise(incident, labels)} · {incident.id}", 400)


def first_link(incident: Incident) -> str:
    """Where to read about it first."""
    return next((link for report in incident.sources if (link := link_of(report.url))), "")


# --- the forms ----------------------------------------------------------------------------------------------------


def render_text(message: Message) -> str:
    """Plain text, complete in itself. Lines end in LF."""
    name = "incident.txt" if isinstance(message, IncidentMessage) else "list.txt"
    return _templates(escape=False).get_template(name).render(m=message).strip() + "\n"


def render_html(message: Message) -> str:
    """HTML for mail: inline style, no image, script or outside reference; right-to-left where the language is."""
    name = "incident.html" if isinstance(message, IncidentMessage) else "list.html"
    return _templates(escape=True).get_template(name).render(m=message).strip() + "\n"


def render_minimal(message: Message) -> str:
    """The shortest text that still tells all that matters: for a receiver that refused the full form."""
    if isinstance(message, ListMessage):
        lines = [message.first_line, *(f"{len(one.lines)} {one.title_en}" for one in message.sections)]
        return cut("\n".join(lines), 900) + "\n"
    links = [source.link for source in message.sources if source.link][:1]
    return "\n".join([message.first_line, message.summary_en, *links, message.footer[0]]) + "\n"


def preheader(message: Message) -> str:
    """What a mail program shows beside the subject."""
    return cut(message.first_line, 120)


def webhook_body(message: Message, minimal: bool = False) -> bytes:
    """The body of a webhook: `{type, timestamp, data}`, below 20 kB, the same at every attempt but for DELAYED."""
    data: dict[str, Any]
    if isinstance(message, IncidentMessage):
        types = {"new": "opened", "update": "updated", "corroborated": "corroborated", "retracted": "retracted"}
        type_ = f"incident.{types[message.change]}"
        data = incident_json(message.incident, short=minimal)
        extra = {"subject": message.subject, "first_line": message.first_line, "code": code_of(message.incident.id)}
    else:
        type_ = f"rasid.{message.kind}"
        data = {
            "first_line": message.first_line,
            "sections": [
                {"title": one.title_en, "lines": list(one.lines), "links": list(one.links)} for one in message.sections
            ],
        }
        extra = {"subject": message.subject}
    payload = {"type": type_, "timestamp": _iso(message.decided), **extra, "data": data}
    if message.mark:
        payload["mark"] = message.mark
    return _fitted(payload)


def incident_json(incident: Incident, *, short: bool = False) -> dict[str, Any]:
    """An incident as interface.md has it. Texts are cleaned, passages cut to excerpts; `short` leaves findings out."""
    return {
        "id": incident.id,
        "revision": incident.revision,
        "status": incident.status,
        "change": incident.change,
        "severity": incident.severity.value,
        "certainty": incident.certainty.value,
        "event_type": incident.event_type.value,
        "groups": list(incident.groups),
        "governorates": list(incident.governorates),
        "districts": list(incident.districts),
        "places": [
            {
                "name_en": place.name_en,
                "name_ar": place.name_ar,
                "lat": place.lat,
                "lon": place.lon,
                "geo_precision": place.geo_precision,
            }
            for place in incident.places
        ],
        "event_date": incident.event_date.isoformat() if incident.event_date else None,
        "time_precision": incident.time_precision,
        "killed": {"min": incident.killed.min, "max": incident.killed.max} if incident.killed else None,
        "injured": {"min": incident.injured.min, "max": incident.injured.max} if incident.injured else None,
        "headline": tidy(incident.headline, HEADLINE),
        "headline_lang": incident.headline_lang,
        "summary_en": tidy(incident.summary_en, LINE),
        "sources": [
            {
                "source": clean(report.source),
                "family": clean(report.family),
                "stance": report.stance,
                "title": tidy(report.title, LINE),
                "url": link_of(report.url),
                "published": _iso(report.published),
                "killed": report.killed,
                "injured": report.injured,
            }
            for report in incident.sources
        ],
        "independent_sources": incident.independent_sources,
        "findings": [
            {
                "article": finding.article,
                "passages": [
                    {
                        "field": passage.field,
                        "text": (excerpt := excerpt_of(passage)).text,
                        "marks": [list(mark) for mark in _marks_of(excerpt)],
                    }
                    for passage in finding.passages[:MOST_EXCERPTS]
                ],
                "why": [tidy(reason, LINE) for reason in finding.why],
                "score": finding.score,
            }
            for finding in (() if short else incident.findings)
        ],
        "first_seen": _iso(incident.first_seen),
        "updated": _iso(incident.updated),
    }


# --- parts of the message -----------------------------------------------------------------------------------------


def excerpts_of(incident: Incident) -> tuple[Excerpt, ...]:
    """The passages that prove it, none twice: the first of each finding, the newest report before older ones."""
    news = {report.article: (not report.copy_of, report.published) for report in incident.sources}
    oldest = (False, datetime.min.replace(tzinfo=UTC))
    ranked = sorted(incident.findings, key=lambda one: (news.get(one.article, oldest), one.score), reverse=True)
    turns = [passage for turn in zip_longest(*(one.passages for one in ranked)) for passage in turn if passage]
    seen: dict[str, Excerpt] = {}
    for passage in turns:
        excerpt = excerpt_of(passage)
        if excerpt.text.strip(" …"):
            seen.setdefault(excerpt.text, excerpt)
    return tuple(list(seen.values())[:MOST_EXCERPTS])


def excerpt_of(passage: Passage, limit: int = EXCERPT) -> Excerpt:
    """At most `limit` characters of a passage around its marks, cleaned, with the marks kept true."""
    text = mask_phones(passage.text)
    marks = _merged((max(0, start), min(len(text), end)) for start, end in passage.marks if start < end)
    start, end = _window(text, marks, limit - 2)  # room for an ellipsis at both ends
    pieces: list[Piece] = []
    at = start
    for mark_start, mark_end in marks:
        mark_start, mark_end = max(mark_start, at), min(mark_end, end)
        if mark_start >= mark_end:
            continue
        pieces += [Piece(text[at:mark_start], False), Piece(text[mark_start:mark_end], True)]
        at = mark_end
    pieces.append(Piece(text[at:end], False))
    if start > 0:
        pieces.insert(0, Piece("…", False))
    if end < len(text):
        pieces.append(Piece("…", False))
    cleaned = [Piece(clean_same_length_breaks(piece.text), piece.marked) for piece in pieces]
    return Excerpt(tuple(piece for piece in cleaned if piece.text))


def _merged(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _window(text: str, marks: Sequence[tuple[int, int]], room: int) -> tuple[int, int]:
    if len(text) <= room:
        return 0, len(text)
    first = marks[0][0] if marks else 0
    last = max((end for _, end in marks if end - first <= room), default=first)
    spare = max(0, room - (last - first))
    start = max(0, min(first - spare // 2, len(text) - room))
    end = min(len(text), start + room)
    # Not within a word, and so not within a grapheme; a text without spaces is cut between graphemes.
    if start > 0 and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    if end < len(text):
        space = text.rfind(" ", max(last, start + 1), end)
        end = space if space > 0 else start + len(cut(text[start:end], max(1, end - start - 1))) - 1
    return start, end


def _marks_of(excerpt: Excerpt) -> list[tuple[int, int]]:
    marks, at = [], 0
    for piece in excerpt.pieces:
        if piece.marked:
            marks.append((at, at + len(piece.text)))
        at += len(piece.text)
    return marks


def _first_line(incident: Incident, telling: Telling, labels: Labels, timezone: tzinfo) -> str:
    words = {"new": "NEW", "corroborated": "CORROBORATED", "retracted": "RETRACTED", "update": "UPDATE"}[telling.change]
    denied = any(change.kind == "denial" for change in telling.changes)
    if denied:
        words = "DENIED"
    if telling.change in ("update", "corroborated"):
        words = f"{words} {incident.revision - 1}" if incident.revision > 1 else words
    if not denied and telling.change != "retracted" and is_unconfirmed(incident):
        words = f"{words}, UNCONFIRMED"
    changed = "; ".join(_change_en(change, labels) for change in telling.changes if change.kind != "retracted")
    if telling.change == "retracted":
        changed = "this report no longer stands"
    count = incident.independent_sources
    line = f"{words}: {changed or event_words(incident.event_type).en.lower()}"
    if not any(change.kind == "sources" for change in telling.changes):
        line += f" ({count} independent source{'' if count == 1 else 's'})"
    if telling.late is not None:
        line = f"DELAYED, decided {_local(telling.decided, timezone)} · {line}"
    # Every part is clean by now; cleaning the whole would take out the isolates around names.
    return marked(telling.mark, balanced(cut(line, LINE)))


def _first_line_ar(incident: Incident, telling: Telling, labels: Labels) -> str:
    words = {"new": "جديد", "corroborated": "تأكيد", "retracted": "سحب الخبر", "update": "تحديث"}[telling.change]
    denied = any(change.kind == "denial" for change in telling.changes)
    if denied:
        words = "نفي"
    elif telling.change != "retracted" and is_unconfirmed(incident):
        words = f"{words}، غير مؤكد"
    if telling.late is not None:
        words = f"متأخر · {words}"
    changed = [_change_ar(change, labels) for change in telling.changes if change.kind != "retracted"]
    return balanced(cut(f"{words}: {'؛ '.join(changed) or event_words(incident.event_type).ar}", LINE))


def _change_ar(change: Change, labels: Labels) -> str:
    before, after = (_SEVERITY_AR.get(one, _CERTAINTY_AR.get(one, one)) for one in (change.before, change.after))
    # A dash between numbers turns around in a right-to-left line; the arrow points the way the line is read.
    moved = (f"{before} ← {after}" if before else after).replace("–", " إلى ")
    match change.kind:
        case "denial":
            return f"بحسب {isolate(tidy(change.after, 80))}"
        case "official":
            return f"أول تصريح رسمي ({isolate(tidy(change.after, 80))})"
        case "group" | "place":
            return f"يشمل الآن {label(labels, change.after).name_ar}"
        case kind:
            words = {
                "killed": "القتلى",
                "injured": "الجرحى",
                "sources": "المصادر المستقلة",
                "severity": "الشدة",
                "certainty": "درجة التأكد",
            }
            return f"{words.get(kind, kind)}: {moved}"


def _change_en(change: Change, labels: Labels) -> str:
    arrow = f"{change.before} → {change.after}" if change.before else change.after
    match change.kind:
        case "denial":
            return f"as reported by {isolate(tidy(change.after, 80))}"
        case "official":
            return f"first official word ({isolate(tidy(change.after, 80))})"
        case "group" | "place":
            return f"now also {label(labels, change.after).name_en}"
        case "sources":
            return f"independent sources {arrow}"
        case _:
            return f"{change.kind} {arrow}"


def _facts(incident: Incident, telling: Telling, labels: Labels, timezone: tzinfo) -> tuple[Fact, ...]:
    facts = [
        Fact(
            "Severity",
            "الشدة",
            incident.severity.upper(),
            _SEVERITY_AR[incident.severity],
        ),
        Fact("Certainty", "درجة التأكد", *_certainty(incident)),
        Fact(
            "Event day",
            "يوم الحدث",
            day_en(incident.event_date, incident.time_precision),
            day_ar(incident.event_date, incident.time_precision),
        ),
        Fact("First seen", "أول رصد", _both_zones(incident.first_seen, timezone)),
        _place_fact(incident, labels),
        Fact(
            "Groups",
            "الجهات",
            ", ".join(label(labels, group).name_en for group in incident.groups) or "not named",
            "، ".join(label(labels, group).name_ar for group in incident.groups) or "غير مسماة",
        ),
    ]
    for toll, label_en, label_ar, key in (
        (incident.killed, "Killed", "القتلى", "killed"),
        (incident.injured, "Injured", "الجرحى", "injured"),
    ):
        if toll is not None:
            says = [
                f"{tidy(report.name, 60)} {number}"
                for report in incident.sources
                if (number := report.killed if key == "killed" else report.injured) is not None and not report.copy_of
            ]
            who = f" ({', '.join(says[:8])})" if says else ""
            facts.append(Fact(label_en, label_ar, f"{span(toll)}{who}", span_ar(toll)))
    if telling.acknowledged_by:
        facts.append(Fact("Acknowledged", "تم الاطلاع", f"by {tidy(telling.acknowledged_by, 80)}"))
    if incident.related:
        facts.append(Fact("Follows from", "يتبع", ", ".join(incident.related[:5])))
    return tuple(facts)


def _certainty(incident: Incident) -> tuple[str, str]:
    words = {
        "observed": "observed (several independent sources, or official)",
        "likely": "likely (one trusted source)",
        "possible": "UNCONFIRMED: possible (one weak source or hearsay)",
        "unknown": "UNCONFIRMED: not known",
    }
    return words[incident.certainty], _CERTAINTY_AR[incident.certainty]


def _place_fact(incident: Incident, labels: Labels) -> Fact:
    place = best_place(incident)
    precision = {1: "spot or town", 2: "near, or district", 3: "governorate only"}
    precision_ar = {1: "الموقع أو المدينة", 2: "قرب الموقع أو القضاء", 3: "المحافظة فقط"}
    en, ar, link = place_line_en(incident, labels), place_line_ar(incident, labels), ""
    if others := other_places(incident)[:4]:
        en += f"; also {', '.join(other.name_en for other in others)}"
        ar += f"؛ أيضاً {'، '.join(other.name_ar for other in others)}"
    if place is not None:
        en += f" · precision: {precision.get(place.geo_precision, 'governorate only')}"
        ar += f" · الدقة: {precision_ar.get(place.geo_precision, 'المحافظة فقط')}"
    if (located := located_place(incident)) is not None:
        zoom = {1: 14, 2: 11}.get(located.geo_precision, 8)
        at = f"{located.lat:.5f}", f"{located.lon:.5f}"
        link = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map={zoom}/{at[0]}/{at[1]}"
        if located is not place:
            en, ar = f"{en} · map: {clean(located.name_en)}", f"{ar} · الخريطة: {clean(located.name_ar)}"
    return Fact("Place", "المكان", clean(en), clean(ar), link)


def _why(incident: Incident) -> tuple[str, ...]:
    best = max(incident.findings, key=lambda finding: finding.score, default=None)
    if best is None:
        return ()
    return (*(tidy(reason, LINE) for reason in best.why[:6]), f"score {best.score:.2f} ({best.verdict})")


def _in_order(sources: Sequence[SourceReport]) -> list[SourceReport]:
    return sorted(sources, key=lambda report: (bool(report.copy_of), report.published, report.source))


def _source_line(report: SourceReport, timezone: tzinfo) -> SourceLine:
    stance = {"neutral": "", "state": "state-owned", "faction": "affiliated with a faction"}[report.stance]
    says = [f"{number} {word}" for number, word in ((report.killed, "killed"), (report.injured, "injured")) if number]
    about = [stance, _local(report.published, timezone), *says, *sorted(set(report.tags) & {"denial", "official"})]
    if report.copy_of:
        about.append("copy, not counted")
    title, link = tidy(report.title, 200), link_of(report.url)
    return SourceLine(
        name=tidy(report.name, 80),
        title=title,
        about=" · ".join(part for part in about if part),
        link=link,
        host=host_of(link),
        dir="rtl" if is_right_to_left(title) else "ltr",
    )


def _caveats(incident: Incident) -> tuple[Fact, ...]:
    reports = [report for report in incident.sources if not report.copy_of]
    stances = {report.stance for report in reports}
    tags = {tag for report in reports for tag in report.tags}
    found = []
    if incident.independent_sources < 2:
        found.append(("One independent source only.", "مصدر مستقل واحد فقط."))
    if reports and stances == {"faction"}:
        found.append(("Every source is affiliated with a faction.", "جميع المصادر تابعة لجهات سياسية."))
    elif "faction" in stances:
        found.append(("A source is affiliated with a faction.", "أحد المصادر تابع لجهة سياسية."))
    if "hearsay" in tags:
        found.append(("Rests on unnamed sources.", "يستند إلى مصادر غير مسماة."))
    if "denial" in tags:
        found.append(("Denied by a party or an official.", "نفته جهة معنية أو رسمية."))
    if not incident.groups:
        found.append(("No report names the group.", "لم يسمِّ أي تقرير الجهة."))
    if incident.event_date is None:
        found.append(("The reports do not say on which day.", "لم تحدد التقارير يوم الحدث."))
    if all(place.geo_precision >= 3 for place in incident.places):
        found.append(("The place is known no better than the governorate.", "المكان معروف على مستوى المحافظة فقط."))
    tolls = ({report.killed for report in reports}, {report.injured for report in reports})
    if any(len(numbers - {None}) > 1 for numbers in tolls):
        found.append(("The sources differ about the toll.", "تختلف المصادر في عدد الضحايا."))
    return tuple(Fact("", "", en, ar) for en, ar in found)


def _both_zones(moment: datetime, timezone: tzinfo) -> str:
    return f"{_local(moment, timezone)} ({moment.astimezone(UTC):%H:%M} UTC)"


def _local(moment: datetime, timezone: tzinfo) -> str:
    local = moment.astimezone(timezone)
    name = "Baghdad" if timezone is BAGHDAD else (local.tzname() or "")
    return f"{local.day} {local:%b %Y %H:%M} {name}".strip()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _fitted(payload: dict[str, Any]) -> bytes:
    data = payload["data"]
    body = _dump(payload)
    # The findings are the longest and the least needed: whoever wants them all runs `rasid incidents show`.
    for key in ("findings", "sources", "sections"):
        while len(body) > PAYLOAD and len(data.get(key, ())) > (0 if key == "findings" else 1):
            data[key] = data[key][: len(data[key]) // 2]
            data["truncated"] = True
            body = _dump(payload)
    return body


def _dump(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def prepare_templates() -> None:
    """Compile the templates now, so that the first message is not later than others."""
    for name in ("incident", "list"):
        _templates(escape=False).get_template(f"{name}.txt")
        _templates(escape=True).get_template(f"{name}.html")


@cache
def _templates(escape: bool) -> SandboxedEnvironment:
    loader: BaseLoader = PackageLoader("alerts", "templates")
    environment = SandboxedEnvironment(
        loader=loader, autoescape=escape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["isolate"] = isolate
    environment.globals["preheader"] = preheader
    return environment
