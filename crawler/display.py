"""What the commands print: tables and texts for people, JSON Lines for scripts. Logs never come here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.models import Article, Finding, Incident, Passage
from pipelines.summary import Labels, event_words, joined, label

if TYPE_CHECKING:  # what these import takes a second
    from alerts.queue import Delivery
    from crawler.trying import Tried
    from pipelines.explaining import MarkedText

RIGHT_TO_LEFT, POP = "\u2067", "\u2069"  # an isolate: Arabic in a line of English does not turn the line around


class _Output(Console):
    """Ends the program when nobody reads any more (`rasid … | head`), from whatever thread or task prints."""

    def on_broken_pipe(self) -> None:
        os._exit(1)


console = _Output(highlight=False, soft_wrap=True)


def echo(text: str) -> None:
    """What the console channel sends, as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def json_line(**fields: object) -> None:
    """One object on one line of stdout."""
    try:
        sys.stdout.write(json.dumps(fields, ensure_ascii=False, default=_plain) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        console.on_broken_pipe()


def isolate(text: str) -> str:
    """Arabic text wrapped so that it reads right to left within a line that does not."""
    if any("\u0590" <= character <= "\u08ff" for character in text):
        return f"{RIGHT_TO_LEFT}{text}{POP}"
    return text


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on a terminal, tab-separated lines elsewhere."""
    if not console.is_terminal:
        for row in rows:
            console.print("\t".join(str(cell) for cell in row), markup=False)
        return
    drawn = Table(title=title, title_justify="left")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(isolate(str(cell))) for cell in row))
    console.print(drawn)


def heading(text: str) -> None:
    """A line that begins a part of the output."""
    console.print(Text(f"\n{text}", style="bold"))


def line(text: str, indent: int = 0, style: str = "") -> None:
    """One line of text, never read as markup."""
    console.print(Text(" " * indent + text, style=style))


def ago(moment: datetime | None, now: datetime) -> str:
    """`3 min ago`, `in 2 h`; "never" for None."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    size = abs(seconds)
    number, unit = next(
        ((size / one, name) for one, name in ((86400, "d"), (3600, "h"), (60, "min")) if size >= one), (size, "s")
    )
    return f"{number:.0f} {unit} ago" if seconds >= 0 else f"in {number:.0f} {unit}"


def local(moment: datetime, timezone: str) -> str:
    """A time as people in Iraq read it."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%d %b %Y %H:%M")


# --- findings and incidents ---------------------------------------------------------------------------------------


def finding_fields(article: Article, finding: Finding) -> dict[str, object]:
    """A finding as JSON: what `replay --json` and `explain --json` print."""
    return {
        "id": finding.id,
        "article": finding.article,
        "source": article.source.id,
        "title": article.title,
        "url": article.url,
        "published": article.published,
        "body": article.body_state,
        "verdict": finding.verdict,
        "score": round(finding.score, 3),
        "groups": finding.groups,
        "governorates": finding.governorates,
        "districts": finding.districts,
        "places": [place.name_en for place in finding.places],
        "event_type": finding.event_type.value,
        "event_date": finding.event_date,
        "time_precision": finding.time_precision,
        "killed": finding.killed,
        "injured": finding.injured,
        "tags": finding.tags,
        "passages": [{"field": passage.field, "text": passage.text} for passage in finding.passages],
        "features": [
            {"name": feature.name, "weight": feature.weight, "why": feature.why} for feature in finding.features
        ],
        "why": finding.why,
    }


def delivery_fields(delivery: Delivery) -> dict[str, object]:
    """A delivery as JSON."""
    return {
        "id": delivery.id,
        "incident": delivery.incident,
        "revision": delivery.revision,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "type": delivery.kind,
        "change": delivery.change,
        "state": delivery.state,
        "reason": delivery.reason,
        "decided": delivery.decided,
        "due": delivery.due,
        "sent": delivery.sent,
        "attempts": delivery.attempts,
    }


def print_tried(tried: Sequence[Tried], json: bool) -> None:
    """What one poll of each feed brought."""
    if json:
        for one in tried:
            json_line(kind="feed", **asdict(one))
        return
    table(
        "Feeds, each polled once",
        ("source", "format", "entries", "newest", "dated", "full text", "body", "problem", "what to do"),
        [
            (
                one.source + (" (probation)" if one.probation else ""),
                one.format,
                one.entries,
                one.newest.isoformat() if one.newest else "",
                one.dated,
                one.full_text,
                one.body or "",
                one.problem,
                one.advice,
            )
            for one in tried
        ],
    )


def print_article(article: Article) -> None:
    """The head of a report: title, outlet, time, and what there was to read."""
    heading(isolate(article.title))
    body = {"full": "", "thin": " · only a short body", "missing": " · body missing"}[article.body_state]
    line(f"{isolate(article.source.name)} · {local(article.published, 'Asia/Baghdad')} · {article.url}{body}", 2, "dim")


def print_finding(finding: Finding, labels: Labels) -> None:
    """A finding in words: what, who, where, when; why; and the passages that prove it."""
    style = {"alert": "bold red", "digest": "yellow", "none": "dim"}[finding.verdict]
    names = joined([label(labels, group).name_en for group in finding.groups], " and ") or "group not named"
    where = joined([label(labels, one).name_en for one in finding.governorates], " and ")
    spots = ", ".join(place.name_en for place in finding.places if place.kind != "governorate")
    when = finding.event_date.isoformat() if finding.event_date else "day not known"
    toll = [
        f"{number} {word}"
        for number, word in ((finding.killed, "killed"), (finding.injured, "injured"))
        if number is not None
    ]
    what = event_words(finding.event_type).en
    place = f"{where} ({spots})" if spots else where
    line(f"{finding.verdict.upper()} {finding.score:.2f}  " + "; ".join([what, names, place, when, *toll]), 2, style)
    for reason in finding.why:
        line(f"· {isolate(reason)}", 6)
    for passage in finding.passages[:3]:
        console.print(Text("      > ", style="dim") + marked(passage))


def marked(passage: Passage) -> Text:
    """A passage with its matched phrases shown."""
    text = Text(isolate(passage.text))
    shift = 1 if text.plain.startswith(RIGHT_TO_LEFT) else 0
    for start, end in passage.marks:
        text.stylize("bold reverse", start + shift, end + shift)
    return text


_KINDS = {  # how each kind of mark is shown
    "group": "bold red",
    "person": "magenta",
    "governorate": "bold blue",
    "place": "blue",
    "action": "yellow",
    "marker": "cyan",
    "furniture": "dim strike",
}


def print_marked(marked_text: MarkedText) -> None:
    """A text with every known name in the colour of its kind."""
    text = Text(isolate(marked_text.text))
    shift = 1 if text.plain.startswith(RIGHT_TO_LEFT) else 0
    for mark in marked_text.marks:
        text.stylize(_KINDS.get(mark.kind, "underline"), mark.start + shift, mark.end + shift)
    heading(marked_text.field)
    console.print(text)
    for label_text in dict.fromkeys(
        f"{isolate(marked_text.text[mark.start : mark.end])} = {mark.label}"
        for mark in marked_text.marks
        if mark.kind != "furniture"
    ):
        line(label_text, 4, "dim")


def print_figures(name: str, summary: Mapping[str, Any]) -> None:
    """The figures of an evaluation, each with its 95 % Wilson interval."""
    heading(f"{name}: {summary['cases']} cases, {summary['borderline']} of them borderline")
    _print_shares(summary, "all")
    for language, figures in summary["by_language"].items():
        _print_shares(figures, language)
    grouping = summary["b_cubed"]
    line(
        f"grouping (B-cubed): precision {grouping['precision']:.3f}, recall {grouping['recall']:.3f}, "
        f"F1 {grouping['f1']:.3f} over {grouping['cases']} cases",
        2,
    )
    crossed = summary["cross_validated"]
    line(
        f"with the threshold chosen without the incident tested: precision {crossed['precision']:.3f}, "
        f"recall {crossed['recall']:.3f}",
        2,
    )


def _print_shares(figures: Mapping[str, Any], name: str) -> None:
    parts = [f"{word} {figures[word]:.3f} {_interval(figures[f'{word}_interval'])}" for word in ("precision", "recall")]
    for field in ("groups", "governorates", "event_type", "killed", "injured"):
        if figures[f"{field}_cases"]:
            parts.append(f"{field} {figures[f'{field}_accuracy']:.3f} {_interval(figures[f'{field}_interval'])}")
    line(f"{name}: " + ", ".join(parts), 2)


def _interval(bounds: Sequence[float]) -> str:
    return f"[{bounds[0]:.2f}–{bounds[1]:.2f}]"


def print_incident(incident: Incident) -> None:
    """An incident as it stands, with its sources."""
    heading(
        f"{incident.id} · revision {incident.revision} · {incident.status} · "
        f"severity {incident.severity} · certainty {incident.certainty}"
    )
    line(incident.summary_en, 2)
    line(isolate(incident.headline), 2)
    if incident.changed:
        line("changed: " + "; ".join(incident.changed), 2, "yellow")
    for report in incident.sources:
        extra = [f"copy of {report.copy_of}"] if report.copy_of else []
        extra += [
            f"{word} {n}" for word, n in (("killed", report.killed), ("injured", report.injured)) if n is not None
        ]
        extra += list(report.tags)
        tail = f" ({', '.join(extra)})" if extra else ""
        line(f"- {isolate(report.name)}: {isolate(report.title)}{tail}", 2)
    if incident.related:
        line(f"follows from {', '.join(incident.related)}", 2)


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
