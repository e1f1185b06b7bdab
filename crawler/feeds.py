"""Bytes of a feed → entries: RSS, Atom and JSON Feed, as broken as they come.

What is repaired, and why it must be: encodings (a mislabelled feed parses without complaint into letters no name
matches), truncated XML (its entries are news all the same), HTML in titles, dates (see dates.py). What is refused:
pages that are no feed at all (a wrong path answers 200 with HTML, and an empty body parses "well") and entity bombs.
Bytes only are ever given to feedparser: a string it would take for a path or an address.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import feedparser

from crawler.dates import parse_date
from pipelines.encoding import charset_of, decode_bytes
from pipelines.errors import PipelineError
from pipelines.markup import one_line, plain
from pipelines.models import Entry

MAX_ENTRIES = 500  # of one poll, newest first: the largest real feed seen has 100
MAX_TEXT = 200_000  # characters of one text of an entry
MAX_TITLE = 1_000
MAX_URL = 2_048


class NotAFeed(PipelineError):
    """What answered is no feed. `reason` is one of empty, html, challenge, consent, login, sitemap, hostile, unknown;
    `what` says in words what came and what to do."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what

    def __reduce__(self) -> tuple[type[NotAFeed], tuple[str, str]]:
        return NotAFeed, (self.reason, self.what)  # it crosses a process border


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What one poll brought. `problems` are faults met and survived, one line each.

    `complete` is False when the document was cut short: then its validators must not be stored, or the entries that
    were cut off would never be asked for again.
    """

    entries: tuple[Entry, ...]
    format: str = ""  # rss20, atom10, json1, listing, sitemap, …
    title: str = ""
    problems: tuple[str, ...] = ()
    complete: bool = True
    encoding: str = "utf-8"
    hint: timedelta | None = None  # how often the feed says it changes (ttl, sy:*)
    hub: str = ""  # WebSub hub it names
    moved: str = ""  # address it says it has moved to
    nested: tuple[str, ...] = ()  # a sitemap index: the sitemaps it lists, newest first
    dropped: int = 0  # entries without a link that can be fetched


def parse_feed(body: bytes, content_type: str, url: str, language: str, now: datetime) -> ParsedFeed:
    """The entries of a feed, in its order (newest first where it was trimmed to MAX_ENTRIES).

    Every text comes back plain, in the original spelling, without control characters; dates are in UTC or None.
    Raises NotAFeed if this is none. Takes seconds at worst for the largest body the network lets through; no network.
    """
    if not body.strip():
        raise NotAFeed("empty", "the answer was empty; the address may be wrong")
    declared = tuple(filter(None, (charset_of(content_type), _xml_encoding(body))))
    text, encoding = decode_bytes(body, declared, language)
    text = _CHARACTER_REFERENCE.sub(_fit_reference, _TEXT_UNFIT_FOR_XML.sub("", text)).lstrip("\ufeff\ufffd \t\r\n")
    parsed = _checked(_json_feed(text, now) if text.startswith("{") else _xml_feed(text, url, now))
    problems = list(parsed.problems)
    if declared and not _same_encoding(encoding, declared[0]):
        problems.insert(0, f"declared as {declared[0]}, read as {encoding}")
    if "\ufffd" in text:
        problems.append("some bytes could not be read")
    return replace(parsed, problems=tuple(problems), encoding=encoding)


# --- XML -----------------------------------------------------------------------------------------------------------

_TEXT_UNFIT_FOR_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{50000}")
_LONG_TEXT = re.compile(rf"(?<=>)[^<>]{{{4 * MAX_TEXT},}}+")  # possessive: or else quadratic
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_XML_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_FIRST_ELEMENT = re.compile(r"<([a-zA-Z][\w:.-]*)")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>", re.IGNORECASE)
_ROOTS = {"rss": "</rss>", "feed": "</feed>", "rdf": "</rdf:rdf>"}
_ITEM_BEGINS = re.compile(r"<(item|entry)[\s>]", re.IGNORECASE)
_ITEM_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("item", "entry")}
_ITEM_DATE = re.compile(r"<(?:pubDate|published|updated|dc:date)[^>]*>([^<]{6,60})<", re.IGNORECASE)
_DEEPEST = 200  # levels of elements; a real feed has about ten


def _fit_reference(reference: re.Match[str]) -> str:
    """The reference, or nothing if it names no character: feedparser fails on surrogates and beyond Unicode."""
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip("0") or "0"
    number = int(digits, 16 if hexadecimal else 10) if len(digits) < 9 else -1
    if 0 < number < 0x110000 and not _TEXT_UNFIT_FOR_XML.match(chr(number)):
        return reference.group()
    return ""


def _xml_encoding(body: bytes) -> str:
    found = _XML_ENCODING.search(body[:1024].replace(b"\x00", b""))
    return found.group(1).decode("ascii", "replace") if found else ""


def _same_encoding(read: str, declared: str) -> bool:
    def bare(name: str) -> str:
        return name.lower().replace("-", "").replace("_", "").replace("windows", "cp")

    return bare(read).startswith(bare(declared)) or bare(declared) in ("ascii", "usascii")


def _xml_feed(text: str, url: str, now: datetime) -> ParsedFeed:
    root = _root_of(text)
    text = _DOCTYPE.sub("", _XML_DECLARATION.sub("", text), count=1)
    problems: list[str] = []
    complete = _ROOTS.get(root, f"</{root}>") in text[-2000:].lower()
    if not complete:
        ends = [text.rfind(end) + len(end) for end in ("</item>", "</entry>") if end in text]
        text = text[: max(ends, default=len(text))]
        problems.append("degraded: the document is cut short, its whole entries were taken")
    text, trimmed = _newest_items(_LONG_TEXT.sub(lambda found: found.group()[: 4 * MAX_TEXT], text), now)
    if trimmed:
        problems.append(f"{trimmed} entries left out, the newest {MAX_ENTRIES} taken")
    if _depth(text) > _DEEPEST or _LONG_TAG.search(text):
        raise NotAFeed("hostile", f"elements nested deeper than {_DEEPEST} levels or without end; no feed needs that")

    parsed = _feedparser(f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode())
    if not parsed.get("version") and not parsed.entries:
        raise NotAFeed("unknown", f"XML whose first element is <{root}>, which is no feed known here")
    if parsed.get("bozo") and complete:
        problems.append(f"degraded: not well-formed XML ({_short(str(parsed.get('bozo_exception', '')))})")
    return ParsedFeed(
        entries=tuple(_entry(item, url, now) for item in parsed.entries),
        format=parsed.get("version", ""),
        title=one_line(parsed.feed.get("title", ""))[:MAX_TITLE],
        problems=tuple(problems),
        complete=complete,
        hint=_hint(parsed.feed),
        hub=next(
            (link.href for link in parsed.feed.get("links", ()) if link.get("rel") == "hub" and "href" in link), ""
        ),
        moved=str(parsed.feed.get("newlocation", "") or parsed.feed.get("itunes_new-feed-url", "")),
    )


def _feedparser(document: bytes) -> Any:
    try:
        return feedparser.parse(
            BytesIO(document),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        RecursionError,
    ) as error:
        # It means to raise nothing, and does where its lenient parser meets what nobody thought of.
        raise NotAFeed(
            "unknown", f"the document cannot be parsed ({type(error).__name__}: {_short(str(error))})"
        ) from error


def _root_of(text: str) -> str:
    """The local name of the first element, lower case. Raises NotAFeed if the document is none of ours."""
    first = _FIRST_ELEMENT.search(text)
    prolog = text[: first.start()] if first else text
    # Entities can be declared only before the first element; no feed of ours needs any.
    if "<!doctype" in prolog.lower() and re.search(r"<!ENTITY", text[: len(prolog) + 65_536], re.IGNORECASE):
        raise NotAFeed("hostile", "the document declares XML entities, which can be used to attack its reader; refused")
    if not first:
        raise NotAFeed("unknown", f"neither XML nor JSON: it begins with {_short(text)!r}")
    name = first.group(1).rpartition(":")[2].lower()
    if name in ("urlset", "sitemapindex"):
        raise NotAFeed("sitemap", 'a sitemap; say kind = "sitemap" for this feed')
    if (
        name in ("html", "head", "body", "script", "div", "meta", "title", "p", "center")
        or "<!doctype html" in prolog.lower()
    ):
        raise NotAFeed(*kind_of_page(text))
    return name


_CHALLENGE = re.compile(
    r"just a moment\.\.\.|cf-challenge|cf_chl_|challenge-platform|attention required! \| cloudflare|"
    r"checking your browser|ddos-guard|enable javascript and cookies to continue|_incapsula_resource|captcha",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"consent\.google|consent-form|before you continue|cookie-?consent-?wall|onetrust-consent", re.I)
_LOGIN = re.compile(r"<input[^>]+type=[\"']?password", re.IGNORECASE)


def kind_of_page(text: str) -> tuple[str, str]:
    """What an HTML page is that stands where a feed should be: the reason and the words of a NotAFeed."""
    head = text[:20_000]
    if _CHALLENGE.search(head):
        return "challenge", "a page that asks for proof of being human (Cloudflare or alike); the site blocks programs"
    if _CONSENT.search(head):
        return "consent", "a consent page stands before the feed"
    if _LOGIN.search(head):
        return "login", "a login page stands before the feed"
    return "html", "an HTML page, not a feed; the address may be wrong: `rasid sources add` finds the feed of a site"


def _newest_items(text: str, now: datetime) -> tuple[str, int]:
    """Leave at most MAX_ENTRIES items in the document, since feedparser takes milliseconds for each."""
    if text.count("<item") + text.count("<entry") <= MAX_ENTRIES:
        return text, 0
    items = list(_items(text))
    if len(items) <= MAX_ENTRIES:
        return text, 0

    def age(span: tuple[int, int]) -> tuple[float, int]:
        dated = _ITEM_DATE.search(text, *span)
        moment = parse_date(dated.group(1), now) if dated else None
        return (-moment.timestamp() if moment else 0.0, span[0])

    newest = sorted(sorted(items, key=age)[:MAX_ENTRIES])
    kept = "".join(text[begin:end] for begin, end in newest)
    return text[: items[0][0]] + kept + text[items[-1][1] :], len(items) - MAX_ENTRIES


def _items(text: str) -> Iterator[tuple[int, int]]:
    """Where each item begins and ends. One pass: a pattern with both ends is quadratic where ends are missing."""
    position = 0
    while begins := _ITEM_BEGINS.search(text, position):
        ends = _ITEM_ENDS[begins.group(1).lower()].search(text, begins.end())
        if not ends:
            return
        yield begins.start(), ends.end()
        position = ends.end()


_STEP = re.compile(r"<!\[CDATA\[|</[a-zA-Z]|<[a-zA-Z]|/>")


def _depth(text: str) -> int:
    """How deep elements nest, at least; one pass without a parser, since depth is what stalls parsers."""
    deepest = depth = position = 0
    while step := _STEP.search(text, position):
        position = step.end()
        token = step.group()
        if token.startswith("<!"):
            position = text.find("]]>", position)
            if position < 0:
                break
        elif token.startswith("</") or token == "/>":
            depth = max(0, depth - 1)
        else:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _entry(item: Any, url: str, now: datetime) -> Entry:
    title = one_line(item.get("title", ""))
    publisher = one_line((item.get("source") or {}).get("title", ""))
    if publisher and title.endswith(f" - {publisher}"):
        title = title.removesuffix(f" - {publisher}")  # Google News puts the publisher behind the headline
    contents = [str(part.get("value", "")) for part in item.get("content", ())]
    content = plain(max(contents, key=len, default="")[: 4 * MAX_TEXT])
    summary = _without_footer(plain(str(item.get("summary", ""))[: 4 * MAX_TEXT]))
    if summary == content or (publisher and summary.startswith(title)):
        summary = ""  # Google News repeats title and publisher as a list of links
    return Entry(
        link=str(item.get("link", "")).strip(),
        guid=one_line(str(item.get("id", "")))[:MAX_URL],
        title=title[:MAX_TITLE],
        summary=summary[:MAX_TEXT],
        content=_without_footer(content)[:MAX_TEXT],
        # `dict.get`, since feedparser's own takes one date for the other and warns of it.
        published=_first_date(now, *(dict.get(item, name) for name in ("published", "updated", "created"))),
        publisher=publisher[:MAX_TITLE],
    )


_FOOTER = re.compile(
    r"(?:The post .{1,400} (?:appeared first on|first appeared on) .{1,200}|"
    r"(?:ظهرت المقالة|المقال) .{1,400} (?:أولا?ً? على|appeared first on) .{1,200})$",
    re.DOTALL,
)


def _without_footer(text: str) -> str:
    """Without the line that WordPress puts under every text: it repeats the title and would count as body."""
    return text[:-800] + _FOOTER.sub("", text[-800:]).rstrip()


def _first_date(now: datetime, *texts: object) -> datetime | None:
    for text in texts:
        if isinstance(text, str) and (moment := parse_date(text, now)):
            return moment
    return None


_PERIODS = {"hourly": 60, "daily": 1440, "weekly": 10_080, "monthly": 43_200, "yearly": 525_600}  # minutes


def _hint(feed: Any) -> timedelta | None:
    """RSS `ttl` is in minutes; the syndication module of RSS 1.0 gives a period and how often within it."""
    try:
        if ttl := feed.get("ttl"):
            return timedelta(minutes=min(max(float(ttl), 0), 43_200))
        if period := _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower()):
            return timedelta(minutes=period / max(float(feed.get("sy_updatefrequency") or 1), 1))
    except (ValueError, OverflowError):
        pass
    return None


# --- JSON ----------------------------------------------------------------------------------------------------------


def _json_feed(text: str, now: datetime) -> ParsedFeed:
    """JSON Feed 1 and 1.1 (jsonfeed.org/version/1.1)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAFeed("unknown", f"JSON that cannot be read ({_short(str(error))})") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(document.get("version", "")):
        raise NotAFeed("unknown", "JSON, but no JSON Feed (jsonfeed.org)")
    items = [item for item in items if isinstance(item, dict)]

    def date_of(item: dict[str, Any]) -> datetime | None:
        return _first_date(now, item.get("date_published"), item.get("date_modified"))

    problems = []
    if len(items) > MAX_ENTRIES:
        problems.append(f"{len(items) - MAX_ENTRIES} entries left out, the newest {MAX_ENTRIES} taken")
        oldest = datetime(1, 1, 1, tzinfo=UTC)
        items = sorted(items, key=lambda item: date_of(item) or oldest, reverse=True)[:MAX_ENTRIES]
    hubs = document.get("hubs")
    return ParsedFeed(
        entries=tuple(
            Entry(
                link=_string(item, "url") or _string(item, "external_url"),
                guid=one_line(str(item.get("id", "")))[:MAX_URL],
                title=one_line(_string(item, "title"))[:MAX_TITLE],
                summary=plain(_string(item, "summary"))[:MAX_TEXT],
                content=plain((_string(item, "content_html") or _string(item, "content_text"))[: 4 * MAX_TEXT])[
                    :MAX_TEXT
                ],
                published=date_of(item),
            )
            for item in items
        ),
        format="json1",
        title=one_line(_string(document, "title"))[:MAX_TITLE],
        problems=tuple(problems),
        hub=_string(hubs[0], "url") if isinstance(hubs, list) and hubs and isinstance(hubs[0], dict) else "",
    )


def _string(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return value.strip() if isinstance(value, str) else ""


# --- for every kind of feed ----------------------------------------------------------------------------------------


def _checked(parsed: ParsedFeed) -> ParsedFeed:
    """Only entries whose link can be fetched, each once, no two different ones under one guid."""
    fetchable = [entry for entry in parsed.entries if _fetchable(entry.link)]
    dropped = len(parsed.entries) - len(fetchable)
    unique = list({(entry.link, entry.title): entry for entry in reversed(fetchable)}.values())[::-1]
    guids = Counter(entry.guid for entry in unique)
    entries = tuple(replace(entry, guid="") if guids[entry.guid] > 1 else entry for entry in unique)
    problems = []
    if dropped:
        problems.append(f"{dropped} entries dropped: their link is no http(s) address")
    if entries and any(count > 1 for guid, count in guids.items() if guid):
        problems.append("different entries share one guid; told apart by link and title")
    if entries and not any(entry.published for entry in entries):
        problems.append("no entry has a date that can be believed; the time of first sight is used")
    return replace(parsed, entries=entries, problems=parsed.problems + tuple(problems), dropped=dropped)


def _fetchable(link: str) -> bool:
    if len(link) > MAX_URL or any(character.isspace() or character == "\\" for character in link):
        return False
    try:
        parts = urlsplit(link)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _short(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:80]
