"""Page → article: the text of the report, and nothing that stands around it.

Furniture is the top source of false alerts on Iraqi sites: tickers before the body, other stories after it, under
headings like أهم الأخبار. So: the source's own selector first, then trafilatura on a tree whose boundary blocks were
cut away; JSON-LD only where the page itself gives little (a quarter of such bodies are cut short); plain text when all
else fails. Consent, login and challenge pages and soft 404s are recognised and never taken for a report.
"""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import trafilatura
from lxml import etree
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector

from pipelines.encoding import decode
from pipelines.markup import clean, element_text, one_line, page_tree, plain
from pipelines.models import Article, BodyState, Entry, Page, Source

__all__ = ["Furniture", "decode", "read_page"]

MAX_ELEMENTS = 20_000  # trafilatura is quadratic in paragraphs: 100,000 of them take minutes
MAX_BODY = 200_000
_FULL_TEXT = 500  # characters from which a feed's own text is taken for the whole report
_THIN = 200  # characters below which other places are searched for the body
_THIN_SHARE = 4  # a body this many times shorter than the source's usual is thin
_UNCUT = 60  # characters of a body selector's text below which the selector is taken to have missed


def read_page(
    entry: Entry,
    page: Page | None,
    source: Source,
    article_id: str,
    first_seen: datetime,
    usual_length: int | None = None,
    furniture: Furniture | None = None,
) -> Article:
    """The article that `entry` and its `page` make together; `page` is None when it could not be had.

    `usual_length` is the typical body length of this source in characters, None while unknown. `published` is the
    feed's date, else the page's own metadata, else `first_seen` with `dated=False`. `furniture` remembers what recurs
    across the pages of a host. Never raises for what a page holds; a hostile page may take long, so it is to be run
    where it can be killed.
    """
    read = _read(page, entry, source) if page is not None else _Reading()
    fed = _fed_text(entry)
    body = fed if fed and len(fed) >= len(read.body) // 2 else read.body
    body = _cut_text(body, source.cut_at)[:MAX_BODY]
    if furniture is not None and body:
        body = furniture.without(urlsplit(entry.link).hostname or "", article_id, body)
    published = entry.published or _believed(read.published, first_seen)
    return Article(
        id=article_id,
        source=source,
        url=entry.link,
        title=entry.title or read.title,
        body=body,
        published=published or first_seen,
        first_seen=first_seen,
        summary="" if entry.summary == body else entry.summary,
        lead=read.lead if read.lead not in body else "",
        description=read.description,
        language=source.language,
        dated=published is not None,
        body_state=_state(body, usual_length),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    title: str = ""
    body: str = ""
    lead: str = ""
    description: str = ""
    published: str = ""


def _read(page: Page, entry: Entry, source: Source) -> _Reading:
    tree = page_tree(page.html)
    if tree is None or _is_no_article(tree, page, entry):
        return _Reading()
    linked, metas = list(_linked_data(tree)), _metas(tree)
    _remove_furniture(tree, entry.title, source.cut_at)
    body = _selected(tree, source.body) or _main_text(tree)
    if len(body) < _THIN:
        articles = [_text_of(data.get("articleBody")) for data in linked]
        body = max([*articles, body], key=len)  # of equal ones that with its paragraphs
    return _Reading(
        title=_meta(metas, "og:title") or _first_text(tree, "//h1") or _first_text(tree, "//title"),
        body=body,
        lead=_lead(tree, page.html),
        description=_meta(metas, "og:description") or _meta(metas, "description"),
        published=next((str(data["datePublished"]) for data in linked if data.get("datePublished")), "")
        or _meta(metas, "article:published_time")
        or _meta(metas, "datepublished"),
    )


def _state(body: str, usual_length: int | None) -> BodyState:
    if not body:
        return "missing"
    return "thin" if usual_length and len(body) * _THIN_SHARE < usual_length else "full"


# --- pages that are no report --------------------------------------------------------------------------------------

_CHALLENGE = re.compile(
    r"just a moment|attention required|ddos-guard|access denied|verif(y|ying) you are human|captcha", re.I
)
_CONSENT = re.compile(r"before you continue|consent|موافقة على ملفات|ملفات تعريف الارتباط", re.I)
_NOT_FOUND = re.compile(
    r"\b404\b|page (was )?not found|not found\b|no longer (available|exists)|الصفحة (المطلوبة )?غير موجود|"
    r"(لم يتم|تعذر) العثور|الصفحة التي تبحث|عذر[اً]*.{0,20}(غير|لا توجد|لم)|پەڕەکە نەدۆزرایەوە",
    re.I,
)
_SHORT_PAGE = 700  # characters of visible text; a real report with its furniture has more


def _is_no_article(tree: lxml_html.HtmlElement, page: Page, entry: Entry) -> bool:
    source = page.html[:60_000]
    if "cf_chl_opt" in source or "/cdn-cgi/challenge-platform/h/" in source:
        return True
    headings = " ".join(filter(None, (_first_text(tree, "//title"), _first_text(tree, "//h1"))))
    if entry.title and entry.title in headings:
        return False
    hosts = (urlsplit(page.url).hostname or "", urlsplit(entry.link).hostname or "")
    if hosts[0].startswith("consent.") or (urlsplit(page.url).path in ("", "/") and len(urlsplit(entry.link).path) > 1):
        return True  # led to a consent page, or to the front page as sites do with articles they have lost
    suspicious = _CHALLENGE.search(headings) or _CONSENT.search(headings) or _NOT_FOUND.search(headings)
    if not suspicious and not tree.xpath("boolean(//input[@type='password'])"):
        return False
    return len(element_text(tree)) < _SHORT_PAGE


# --- furniture -----------------------------------------------------------------------------------------------------

# After these a page tells other stories: everything up to the end of their container goes.
_ENDS = re.compile(
    r"^\W*(?:[اأآ]هم ال[اأ]خبار|[اأآ]خر ال[اأ]خبار|شريط ال[اأ]خبار|[اأ]خبار [اأ]خرى|ال[اأ]كثر (?:قراءة|مشاهدة|شيوعا)|"
    r"(?:مواضيع|[اأ]خبار|مقالات) (?:ذات صلة|متعلقة|مشابهة|قد تهمك)|ذات صلة|المزيد من ال[اأ]خبار|قد يعجبك [اأ]يضا.?|"
    r"most read|most popular|latest news|related (?:news|articles|stories|posts)|you may also like|more from .{0,30}|"
    r"trending(?: now)?|recommended|زۆرترین (?:بینراو|خوێنراو)|هەواڵی پەیوەندیدار|بابەتی پەیوەندیدار|دوایین هەواڵ)\W*$",
    re.IGNORECASE,
)
# These stand in the middle of a text too, with a link to another story: only the link goes.
_ASIDES = re.compile(
    r"^\W*(?:[إا]قر[أا] [أا]يضا?ً?|[إا]قر[أا] المزيد|شاهد(?: [أا]يضا?ً?)?|تابع(?:ونا|وا)?|"
    r"read (?:also|more)|see also|also read)"
    r"(?:\W*$|\s*[:：|/-])",
    re.IGNORECASE,
)
_MAY_BE = re.compile(  # the first words of both: most texts of a page are none, and this says so at once
    r"\W*(?:[اأآ]هم|[اأآ]خر|شريط|[اأ]خبار|ال[اأ]كثر|مواضيع|مقالات|ذات|المزيد|قد|[إا]قر[أا]|شاهد|تابع|most|latest|related|"
    r"you|more|trending|recommended|read|see|also|زۆرترین|هەواڵی|بابەتی|دوایین)",
    re.IGNORECASE,
)
_INLINE = frozenset(("a", "b", "strong", "span", "em", "i", "u", "font"))
_HEADING_LENGTH = 60
_ASIDE_LENGTH = 250


def _remove_furniture(tree: lxml_html.HtmlElement, title: str, cut_at: tuple[str, ...]) -> None:
    own = {_bare(heading) for heading in cut_at}
    headline = _headline(tree, title)
    above = set() if headline is None else {headline, *headline.iterancestors()}
    for element, text in _headings(tree, own):
        if element in above or element.getparent() is None:
            continue
        whole = _short_text(element)
        if len(whole) <= _HEADING_LENGTH and (_ENDS.match(whole) or _bare(whole) in own):
            _remove_from(_block(element, whole, above), above)
        elif _ASIDES.match(text):
            while element.tag in _INLINE and (parent := element.getparent()) is not None and parent not in above:
                element = parent
            if whole := _short_text(element):
                _remove(_block(element, whole, above))


def _headings(tree: lxml_html.HtmlElement, own: set[str]) -> list[tuple[lxml_html.HtmlElement, str]]:
    """Elements with a text of their own that may be a boundary: a cheap look at every text of the page, once."""
    found = []

    def look(text: str | None) -> str:
        if not text or not 4 <= len(text) <= 2 * _ASIDE_LENGTH or text.isspace():
            return ""
        text = text.strip()
        general = _MAY_BE.match(text) and (_ENDS.match(text) or _ASIDES.match(text))
        return text if general or (own and len(text) <= _HEADING_LENGTH and _bare(text) in own) else ""

    for element in tree.iter(etree.Element):
        if text := look(element.text):
            found.append((element, text))
        if (text := look(element.tail)) and (parent := element.getparent()) is not None:
            found.append((parent, text))
    return found


def _headline(tree: lxml_html.HtmlElement, title: str) -> lxml_html.HtmlElement | None:
    """The element that holds the article's own title: what stands before it or around it is not the end of it."""
    wanted = _bare(title)
    headings = list(tree.iter("h1", "h2", "h3"))
    same = [heading for heading in headings if wanted and _bare("".join(heading.itertext())) == wanted]
    first = next(iter(tree.iter("h1")), None)
    return same[0] if same else first


def _short_text(element: lxml_html.HtmlElement) -> str:
    """The text of an element if it is short enough to be a heading or an aside, else ""."""
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        length += len(piece)
        if length > 3 * _ASIDE_LENGTH:
            return ""
        pieces.append(str(piece))
    text = clean(" ".join(pieces)).replace("\n", " ")
    return text if len(text) <= _ASIDE_LENGTH else ""


def _block(element: lxml_html.HtmlElement, text: str, above: set[Any]) -> lxml_html.HtmlElement:
    """The largest element around a heading that holds nothing else."""
    while (parent := element.getparent()) is not None and parent not in above and _short_text(parent) == text:
        element = parent
    return element


def _remove_from(block: lxml_html.HtmlElement, above: set[Any]) -> None:
    """Remove a heading with all that follows it in its container, but never the article's headline."""
    for follower in list(block.itersiblings()):
        if follower in above:
            break
        _remove(follower)
    _remove(block)


def _remove(element: lxml_html.HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _cut_text(text: str, cut_at: tuple[str, ...]) -> str:
    """The same boundaries in text that lost its elements; a boundary in the first line is no end."""
    own = {_bare(heading) for heading in cut_at}
    kept: list[str] = []
    for line in text.split("\n"):
        if kept and len(line) <= _HEADING_LENGTH and (_ENDS.match(line) or _bare(line) in own):
            break
        if not (len(line) <= _ASIDE_LENGTH and _ASIDES.match(line)):
            kept.append(line)
    return "\n".join(kept)


def _bare(text: str) -> str:
    return re.sub(r"\W+", " ", re.sub("[أإآ]", "ا", text)).strip().lower()


class Furniture:
    """What recurs across the pages of a host: a paragraph that several reports share belongs to none of them.

    It remembers the paragraphs of the latest pages of each host, in memory only: the longest-lived furniture is learned
    again from the first few pages after a start.
    """

    _PAGES = 30  # of a host that are remembered
    _SHARED = 3  # other pages a paragraph must have stood on
    _HOSTS = 500

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, OrderedDict[str, frozenset[int]]] = OrderedDict()

    def without(self, host: str, article_id: str, body: str) -> str:
        """`body` without what recurs; all of it if nothing would be left (a report may be published several times)."""
        lines = body.split("\n")
        pages = self._hosts.setdefault(host, OrderedDict())
        shared = Counter(line for identity, known in pages.items() if identity != article_id for line in known)
        self._remember(host, article_id, frozenset(hash(line) for line in lines))
        kept = [line for line in lines if shared[hash(line)] < self._SHARED]
        return "\n".join(kept) if sum(map(len, kept)) >= _UNCUT else body

    def _remember(self, host: str, article_id: str, lines: frozenset[int]) -> None:
        pages = self._hosts[host]
        pages[article_id] = lines
        pages.move_to_end(article_id)
        self._hosts.move_to_end(host)
        if len(pages) > self._PAGES:
            pages.popitem(last=False)
        if len(self._hosts) > self._HOSTS:
            self._hosts.popitem(last=False)


# --- the text ------------------------------------------------------------------------------------------------------


def _selected(tree: lxml_html.HtmlElement, selector: str) -> str:
    if not selector:
        return ""
    texts = [element_text(element) for element in _compiled(selector)(tree)]
    text = "\n".join(dict.fromkeys(filter(None, texts)))
    return text if len(text) >= _UNCUT else ""


@lru_cache(maxsize=500)
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector)


def _main_text(tree: lxml_html.HtmlElement) -> str:
    elements = int(tree.xpath("count(//*)"))
    found = None
    if elements <= MAX_ELEMENTS:
        found = trafilatura.bare_extraction(tree, fast=True, include_comments=False, with_metadata=False)
    text = clean(getattr(found, "text", None) or "")  # a Document, or None where nothing was found
    return text or _plain_text(tree)


def _plain_text(tree: lxml_html.HtmlElement) -> str:
    """All paragraphs that are not links: for pages that trafilatura makes nothing of."""
    roots = tree.xpath("//article") or tree.xpath("//main") or tree.xpath("//body") or [tree]
    lines: list[str] = []
    for root in roots[:1]:
        for element in list(root.iter("nav", "header", "footer", "aside", "form", "select", "button")):
            if element is not root and not any(True for _ in element.iter("h1")):
                _remove(element)
        for element in list(root.iter("a")):
            if len(element_text(element)) > 20:
                _remove(element)
        lines = [line for line in element_text(root).split("\n") if len(line) > 30]
    return "\n".join(lines)[:MAX_BODY]


_INCOMPLETE = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|read more|continue reading|المزيد|التفاصيل|للمزيد)\W*$", re.IGNORECASE
)


def _fed_text(entry: Entry) -> str:
    """The text of the feed, if it is long and does not end as excerpts do."""
    text = max(entry.content, entry.summary, key=len)
    return text if len(text) >= _FULL_TEXT and not _INCOMPLETE.search(text) else ""


_LEAD_CLASSES = (
    "article__announce-text", "article-lead", "lead", "standfirst", "article-intro", "intro-text", "article__lead",
    "post-excerpt", "article-summary", "subtitle", "article-subtitle",
)  # fmt: skip
_LEAD_HINT = re.compile(rf"class=[\"'][^\"'>]*(?<![\w-])(?:{'|'.join(_LEAD_CLASSES)})(?![\w-])")
_LEADS = CSSSelector(", ".join(f".{name}" for name in _LEAD_CLASSES))


def _lead(tree: lxml_html.HtmlElement, html: str) -> str:
    if not _LEAD_HINT.search(html):
        return ""  # spares a walk over the whole page
    return next((text for text in map(element_text, _LEADS(tree)) if 40 <= len(text) <= 2_000), "")


# --- metadata ------------------------------------------------------------------------------------------------------


def _metas(tree: lxml_html.HtmlElement) -> dict[str, str]:
    """The contents of the page's meta elements by lower-case name, the first of each that says anything."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = element.get("content", "").strip()
        for attribute in ("property", "name", "itemprop"):
            if content and (name := element.get(attribute)):
                found.setdefault(name.lower(), content)
    return found


def _meta(metas: dict[str, str], name: str) -> str:
    return one_line(metas.get(name, ""))  # plain: it is often escaped twice


def _first_text(tree: lxml_html.HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return clean(" ".join(map(str, found[0].itertext()))).replace("\n", " ") if found else ""


def _linked_data(tree: lxml_html.HtmlElement) -> Iterator[dict[str, Any]]:
    """Every object of the page's JSON-LD, graphs and lists opened."""
    for script in tree.xpath("//script[@type='application/ld+json']")[:20]:
        try:
            stack = [json.loads(script.text or "", strict=False)]
        except (ValueError, RecursionError):
            continue
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(reversed(value[:100]))
            elif isinstance(value, dict):
                yield value
                stack.extend(value[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in value)


def _text_of(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


_EARLIEST = datetime(2003, 1, 1, tzinfo=UTC)


def _believed(text: str, first_seen: datetime) -> datetime | None:
    """The ISO time of a page's metadata; naive ones are Baghdad's. Hijri years and the future are not believed."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo("Asia/Baghdad"))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment <= first_seen + timedelta(hours=2) else None
