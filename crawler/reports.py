"""A folder of reports → what a site would publish: pages, their feed items and their dates.

A folder may hold `*.txt` texts, `*.html` pages, `*.xml` feeds, `*.jsonl` labelled cases, and `reports.toml`, which
names title, outlet, language, link and date of each file. Without it, a text's title is its first line if at most 120
characters, else its first sentence, and its date that of its dateline, else `as_of`, else today.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from crawler.errors import CrawlerError
from crawler.feeds import NotAFeed, parse_feed
from pipelines.grouping import IRAQ
from pipelines.markup import plain
from pipelines.models import Language, Stance

_TITLE = 120  # characters; a longer first line is prose, not a headline
_SENTENCE = re.compile(r"(?<=[.!?؟。])\s")
_DATELINE = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}(?:, \d{4})?\b"
)


class FolderError(CrawlerError):
    """A folder of reports cannot be read; the message lists every fault with its file."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """An invented or real publisher of reports in a folder."""

    id: str
    name: str
    language: Language = "ar"
    family: str = ""
    stance: Stance = "neutral"
    trust: int = 2


@dataclass(frozen=True, slots=True)
class Report:
    """One report to publish. `page` is None when only a feed's word of it is known ("body missing")."""

    id: str
    outlet: Outlet
    title: str
    link: str
    published: datetime
    summary: str = ""
    page: str | None = None
    dated: bool = True


@dataclass(slots=True)
class _Problems:
    lines: list[str] = field(default_factory=list)

    def add(self, path: Path, what: str) -> None:
        self.lines.append(f"{path}: {what}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _OutletTable(_Strict):
    name: str
    language: str = "ar"
    family: str = ""
    stance: Stance = "neutral"
    trust: int = 2


class _ReportTable(_Strict):
    file: str
    outlet: str = ""
    title: str = ""
    language: str = ""
    link: str = ""
    date: datetime | date | None = None
    summary: str = ""


class _Index(_Strict):
    outlets: dict[str, _OutletTable] = {}
    reports: list[_ReportTable] = []


def read_folder(folder: Path, now: datetime) -> list[Report]:
    """Every report of a folder and of its sub-folders, oldest first. `now` dates what has no date of its own.

    Raises FolderError if there is nothing to read, or listing every file that cannot be read.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder}: is no folder; name one that holds reports (.txt, .html, .xml, .jsonl)")
    problems = _Problems()
    reports = [
        report
        for place in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
        for report in _read_one(place, now, problems)
    ]
    if problems.lines:
        raise FolderError("\n".join(problems.lines))
    if not reports:
        raise FolderError(f"{folder}: holds no report; put .txt, .html, .xml or .jsonl files there")
    return sorted(reports, key=lambda report: (report.published, report.id))


def _read_one(folder: Path, now: datetime, problems: _Problems) -> Iterator[Report]:
    index = _read_index(folder, problems)
    named = {table.file: table for table in index.reports}
    for file in sorted(named.keys() - {path.name for path in folder.iterdir()}):
        problems.add(folder / "reports.toml", f"reports: there is no file {file}")
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix not in (".txt", ".html", ".xml", ".jsonl"):
            continue
        try:
            if path.suffix == ".txt":
                yield _text(path, named.get(path.name), index, now)
            elif path.suffix == ".html":
                yield _page(path, named.get(path.name), index, now)
            elif path.suffix == ".xml":
                yield from _feed(path, now)
            else:
                yield from _cases(path)
        except UnicodeDecodeError as error:
            problems.add(path, f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
        except (NotAFeed, ValueError, KeyError) as error:
            problems.add(path, str(error))


def _read_index(folder: Path, problems: _Problems) -> _Index:
    path = folder / "reports.toml"
    if not path.exists():
        return _Index()
    try:
        return _Index.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        problems.add(path, f"is no valid TOML: {error}")
    except ValidationError as error:
        for fault in error.errors():
            problems.add(path, f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}")
    return _Index()


# --- one kind of file each ----------------------------------------------------------------------------------------


def _text(path: Path, table: _ReportTable | None, index: _Index, now: datetime) -> Report:
    text = path.read_text(encoding="utf-8")
    table = table or _ReportTable(file=path.name)
    first = text.strip().splitlines()[0].strip() if text.strip() else path.stem
    title = table.title or (first if len(first) <= _TITLE else _SENTENCE.split(first)[0])
    outlet = _outlet(table, index, path)
    paragraphs = "\n".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line.strip())
    page = _PAGE.format(
        language=outlet.language,
        direction="ltr" if outlet.language == "en" else "rtl",
        title=html.escape(title),
        body=paragraphs,
    )
    return Report(
        id=path.stem,
        outlet=outlet,
        title=title,
        link=table.link or _link(path),
        published=_moment(table.date) or _dateline(text, now) or now,
        summary=table.summary,
        page=page,
    )


def _page(path: Path, table: _ReportTable | None, index: _Index, now: datetime) -> Report:
    page = path.read_text(encoding="utf-8")
    table = table or _ReportTable(file=path.name)
    found = re.search(r"<title[^>]*>(.*?)</title>", page, re.DOTALL | re.IGNORECASE)
    return Report(
        id=path.stem,
        outlet=_outlet(table, index, path),
        title=table.title or (plain(found.group(1)) if found else path.stem),
        link=table.link or _link(path),
        published=_moment(table.date) or now,
        summary=table.summary,
        page=page,
    )


def _feed(path: Path, now: datetime) -> Iterator[Report]:
    """The items of a saved feed; an item's page is served if the folder holds it as `<last part of the link>.html`."""
    parsed = parse_feed(path.read_bytes(), "", f"https://{path.stem}.example/feed.xml", "ar", now + timedelta(days=1))
    outlet = Outlet(id=_identifier(path.stem), name=parsed.title or path.stem)
    for entry in parsed.entries:
        stem = entry.link.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
        page = path.parent / f"{stem}.html"
        yield Report(
            id=f"{path.stem}/{stem}",
            outlet=outlet,
            title=entry.title,
            link=entry.link,
            published=entry.published or now,
            summary=entry.summary,
            page=page.read_text(encoding="utf-8") if page.exists() else None,
            dated=entry.published is not None,
        )


def _cases(path: Path) -> Iterator[Report]:
    """Labelled cases, each published at noon of its day."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            case: dict[str, Any] = json.loads(line)
            day = date.fromisoformat(case["published"][:10])
            name = case.get("source_name") or path.stem
            outlet = Outlet(id=_identifier(name), name=name, language=case["lang"])
            direction = "ltr" if outlet.language == "en" else "rtl"
            body = "\n".join(f"<p>{html.escape(text)}</p>" for text in case["body"].splitlines() if text.strip())
            yield Report(
                id=case["id"],
                outlet=outlet,
                title=case["title"],
                link=case.get("source_url") or f"https://{outlet.id}.example/{case['id']}",
                published=datetime.combine(day, time(12), IRAQ),
                page=_PAGE.format(
                    language=outlet.language, direction=direction, title=html.escape(case["title"]), body=body
                ),
            )
        except json.JSONDecodeError as error:
            raise ValueError(f"line {number}: is no JSON ({error.msg})") from error
        except KeyError as error:
            raise ValueError(f"line {number}: the case has no {error}") from error


_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title></head>
<body><article><h1>{title}</h1>
{body}
</article></body></html>
"""


# --- helpers ------------------------------------------------------------------------------------------------------


def _outlet(table: _ReportTable, index: _Index, path: Path) -> Outlet:
    identity = table.outlet or "reports"
    known = index.outlets.get(identity)
    if known is None:
        language = table.language or _language(path)
        return Outlet(id=_identifier(identity), name=identity, language=language)
    return Outlet(
        id=_identifier(identity),
        name=known.name,
        language=table.language or known.language,
        family=known.family or _identifier(identity),
        stance=known.stance,
        trust=known.trust,
    )


def _language(path: Path) -> Language:
    text = path.read_text(encoding="utf-8")
    arabic = sum("\u0600" <= character <= "\u06ff" for character in text)
    if arabic * 2 < len(text) - text.count(" "):
        return "en"
    return "ckb" if any(character in text for character in "ەێۆڕڵ") else "ar"


def _identifier(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain or "outlet_" + hashlib.sha256(name.encode()).hexdigest()[:8]


def _link(path: Path) -> str:
    return f"https://{path.parent.name.replace('_', '-') or 'reports'}.example/{path.stem}"


def _moment(value: datetime | date | None) -> datetime | None:
    """A day without a time is noon of that day; a time without a zone is Baghdad's."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(12))
    return value if value.tzinfo else value.replace(tzinfo=IRAQ)


def _dateline(text: str, now: datetime) -> datetime | None:
    """The date in a dateline of the first lines; without a year, the last such day before `now`."""
    found = _DATELINE.search(text[:600])
    if found is None:
        return None
    spelled = found.group()
    if re.search(r"\d{4}", spelled):
        parsed = datetime.strptime(spelled, "%B %d, %Y").replace(hour=12, tzinfo=IRAQ)
        return parsed if parsed <= now else None
    parsed = datetime.strptime(f"{spelled}, {now.year}", "%B %d, %Y").replace(hour=12, tzinfo=IRAQ)
    return parsed if parsed <= now else parsed.replace(year=now.year - 1)
