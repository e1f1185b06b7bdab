"""What is no feed, read as one: listing pages and sitemaps; and how to find the feed of a site."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector

from crawler.dates import parse_date
from crawler.feeds import MAX_ENTRIES, MAX_TITLE, NotAFeed, ParsedFeed, kind_of_page
from crawler.urls import canonical, resolve, site
from pipelines.encoding import decode, decode_bytes
from pipelines.markup import element_text, one_line, page_tree
from pipelines.models import Entry, FeedKind

_MOST_LINKS = 3 * MAX_ENTRIES  # that are looked at: picture, headline and "more" of each report
_CARD_TEXT = 600  # characters: what is larger than this around a link is no longer its card
_CARD_LEVELS, _CARD_LINKS = 6, 12  # likewise: levels around the link, and links in it
_MAX_UNPACKED = 20 * 1024 * 1024  # bytes
_MIN_TITLE = 12  # characters; "المزيد" and "1 2 3" are no headlines


def parse_listing(
    body: bytes, url: str, link_selector: str, now: datetime, *, content_type: str = "", language: str = "ar"
) -> ParsedFeed:
    """The links of a page that `link_selector` (CSS) chooses, as entries, in the order of the page.

    Several links to one report are one entry; its title is the longest of their texts, its date is read from what
    stands around them. Links away from the site are left out. Raises NotAFeed if the page is empty or a challenge, or
    if the selector finds nothing (the site may have been rebuilt).
    """
    if not body.strip():
        raise NotAFeed("empty", "the answer was empty; the address may be wrong")
    text = decode(body, content_type, language)
    reason, what = kind_of_page(text)
    if reason in ("challenge", "consent", "login"):
        raise NotAFeed(reason, what)
    tree = page_tree(text)
    found: dict[str, Entry] = {}
    dropped = 0
    own_site, own_address = site(url), canonical(url)
    chosen = CSSSelector(link_selector)(tree) if tree is not None else []
    anchors = (anchor for element in chosen for anchor in ([element] if element.tag == "a" else element.iter("a")))
    for anchor in islice(anchors, _MOST_LINKS):
        link = resolve(anchor.get("href", ""), url)
        report = canonical(link)
        if not link or site(link) != own_site or report == own_address:
            dropped += 1
            continue
        entry = Entry(link=link, title=_title(anchor), published=_date_near(anchor, now))
        found[report] = _merged(found.get(report), entry)
    entries = [entry for entry in found.values() if len(entry.title) >= _MIN_TITLE]
    if not entries:
        raise NotAFeed(
            "html", f"the selector {link_selector!r} finds no link to an article; the site may have been rebuilt"
        )
    problems = []
    if len(entries) > MAX_ENTRIES:
        problems.append(f"{len(entries) - MAX_ENTRIES} links left out, the first {MAX_ENTRIES} taken")
    if not any(entry.published for entry in entries):
        problems.append("no link has a date that can be believed; the time of first sight is used")
    return ParsedFeed(
        entries=tuple(entries[:MAX_ENTRIES]),
        format="listing",
        title=_page_title(tree),
        problems=tuple(problems),
        dropped=dropped,
    )


def parse_sitemap(body: bytes, url: str, now: datetime) -> ParsedFeed:
    """The pages of a sitemap (sitemaps.org, with Google's news extension), newest first; of an index, its sitemaps.

    Without a news title an entry has none, and its page gives it. `lastmod` counts as a date only where there is no
    `news:publication_date`. Raises NotAFeed if it is no sitemap.
    """
    if not body.strip():
        raise NotAFeed("empty", "the answer was empty; the address may be wrong")
    text, encoding = decode_bytes(_unpacked(body))
    if re.search(r"<!ENTITY", text[:65_536], re.IGNORECASE):
        raise NotAFeed("hostile", "the document declares XML entities, which can be used to attack its reader; refused")
    root = _xml(text)
    name = etree.QName(root).localname.lower() if root is not None else ""
    if root is None or name not in ("urlset", "sitemapindex"):
        if "<html" in text[:2_000].lower():
            raise NotAFeed(*kind_of_page(text))
        raise NotAFeed("unknown", f"no sitemap: its first element is <{name}>" if name else "no sitemap: not XML")
    complete = f"{name}>" in text[-200:].lower()
    dated = []
    dropped = 0
    for element in root:
        fields = dict(_fields(element))
        link = resolve(fields.get("loc", ""), url)
        if not link:
            dropped += 1
            continue
        when = parse_date(fields.get("publication_date") or fields.get("lastmod", ""), now)
        title = one_line(fields.get("title", ""))[:MAX_TITLE]
        dated.append(Entry(link=link, guid=link, title=title, published=when))
    dated.sort(key=lambda entry: -entry.published.timestamp() if entry.published else 0.0)
    problems = [] if complete else ["degraded: the document is cut short, its whole entries were taken"]
    if dropped:
        problems.append(f"{dropped} entries dropped: their link is no page that can be fetched")
    if len(dated) > MAX_ENTRIES:
        problems.append(f"{len(dated) - MAX_ENTRIES} entries left out, the newest {MAX_ENTRIES} taken")
    index = name == "sitemapindex"
    return ParsedFeed(
        entries=() if index else tuple(dated[:MAX_ENTRIES]),
        format="sitemapindex" if index else "sitemap",
        problems=tuple(problems),
        complete=complete,
        encoding=encoding,
        nested=tuple(entry.link for entry in dated[:MAX_ENTRIES]) if index else (),
        dropped=dropped,
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that a site may have: `declared` by the page itself, or only usual for its kind of site."""

    url: str
    kind: FeedKind
    title: str = ""
    declared: bool = False


def discover(html: bytes | str, url: str) -> tuple[Candidate, ...]:
    """The feeds a page names or its publishing system usually has, best first; each must still be tried.

    Feeds that the page declares come first, then the habits of its system, then sitemaps, then the page as a listing.
    """
    text = html if isinstance(html, str) else decode(html)
    tree = page_tree(text)
    found: dict[str, Candidate] = {}

    def add(link: str, kind: FeedKind, title: str = "", declared: bool = False) -> None:
        absolute = resolve(link, url)
        if absolute and absolute not in found:
            found[absolute] = Candidate(absolute, kind, title, declared)

    if tree is not None:
        for element in tree.iter("link"):
            kind = element.get("type", "").split(";")[0].strip().lower()
            if "alternate" in element.get("rel", "").lower().split() and kind in _FEED_TYPES:
                title = one_line(element.get("title", ""))
                if not re.search(r"comments|تعليقات", title + element.get("href", ""), re.IGNORECASE):
                    add(element.get("href", ""), "feed", title, declared=True)
        for anchor in tree.iter("a"):
            if re.search(r"(?:^|[/._-])(?:rss|feed|atom)(?:[/._?-]|$)", anchor.get("href", ""), re.IGNORECASE):
                add(anchor.get("href", ""), "feed", one_line(element_text(anchor)), declared=True)
    for path in _usual_paths(text, url):
        add(urljoin(url, path), "feed")
    for path in ("/news-sitemap.xml", "/sitemap_news.xml", "/googlenews.xml", "/sitemap.xml"):
        add(urljoin(url, path), "sitemap")
    return tuple(found.values())


_FEED_TYPES = frozenset(
    ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "text/xml")
)
_SYSTEMS = (  # by what a page of the system holds: the paths its feeds usually have
    (r"wp-content|wp-json|wordpress", ("/feed/", "/?feed=rss2")),
    (r"dle_root|dle-content|engine/classes|do=search", ("/rss.xml", "/index.php?mod=rss")),
    (r"drupal", ("/rss.xml", "/rss", "/feed")),
    (r"/media/system/js|joomla|/media/k2", ("/index.php?format=feed&type=rss", "/?format=feed&type=rss")),
    (r"xoops", ("/backend.php",)),
)


def _usual_paths(text: str, url: str) -> Iterator[str]:
    for marks, paths in _SYSTEMS:
        if re.search(marks, text[:200_000], re.IGNORECASE):
            yield from paths
    section = urlsplit(url).path.rstrip("/")
    if section:
        yield from (f"{section}/feed/", f"{section}/rss.xml")
    yield from ("/rss.xml", "/feed/", "/rss", "/feed.xml", "/atom.xml", "/rss.php")


# --- a page ----------------------------------------------------------------------------------------------------------


def _page_title(tree: lxml_html.HtmlElement | None) -> str:
    title = tree.find(".//title") if tree is not None else None
    return one_line(title.text or "") if title is not None else ""


def _title(anchor: lxml_html.HtmlElement) -> str:
    headings = [element_text(heading) for level in ("h1", "h2", "h3", "h4", "h5") for heading in anchor.iter(level)]
    text = max(headings, key=len, default="") or element_text(anchor).split("\n")[0]
    pictures = [image.get("alt", "") for image in anchor.iter("img")]
    return one_line(text or anchor.get("title", "") or max(pictures, key=len, default=""))[:MAX_TITLE]


def _merged(known: Entry | None, entry: Entry) -> Entry:
    if known is None:
        return entry
    title = max(known.title, entry.title, key=len)
    return Entry(link=known.link, title=title, published=known.published or entry.published)


def _date_near(anchor: lxml_html.HtmlElement, now: datetime) -> datetime | None:
    """The date shown in the link's card: the largest element around it that holds no other report's link."""
    card = anchor
    for parent in islice(anchor.iterancestors(), _CARD_LEVELS):
        if parent.tag in ("body", "html") or _holds_more_than(parent, _address(anchor)):
            break
        card = parent
    for element in card.iter("time"):
        if moment := parse_date(element.get("datetime", ""), now) or parse_date(element_text(element), now):
            return moment
    pieces = (str(piece).strip() for piece in card.itertext())  # one by one: a line holds the date and "read more"
    return next((moment for piece in pieces if len(piece) >= 3 and (moment := parse_date(piece, now))), None)


def _holds_more_than(element: lxml_html.HtmlElement, address: str) -> bool:
    """Whether an element is more than the card of one link; looks at no more of it than it must."""
    for number, link in enumerate(element.iter("a")):
        if number > _CARD_LINKS or (_address(link) not in ("", address) and len(_title(link)) >= _MIN_TITLE):
            return True
    length = 0
    for piece in element.itertext():
        length += len(piece.strip())
        if length > _CARD_TEXT:
            return True
    return False


def _address(anchor: lxml_html.HtmlElement) -> str:
    return re.split(r"[?#]", anchor.get("href", ""), maxsplit=1)[0]


# --- a sitemap -------------------------------------------------------------------------------------------------------


def _unpacked(body: bytes) -> bytes:
    """Sitemaps are often gzip files (`sitemap.xml.gz`), which HTTP does not unpack; a bomb is cut at the limit."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _MAX_UNPACKED)
    except zlib.error as error:
        raise NotAFeed("unknown", f"a gzip file that cannot be unpacked ({error})") from error


def _xml(text: str) -> etree._Element | None:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff"))
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _fields(element: etree._Element) -> Iterator[tuple[str, str]]:
    for node in element.iter(etree.Element):
        name = etree.QName(node).localname.lower()
        if name in ("loc", "lastmod", "publication_date", "title") and node.text:
            if name == "loc" and "image" in (etree.QName(node).namespace or ""):
                continue  # the extension for pictures has a `loc` of its own
            yield name, node.text.strip()
