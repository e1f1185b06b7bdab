"""Markup → plain text: what feeds and pages put into titles, summaries and bodies, made fit to judge and to send."""

from __future__ import annotations

import html
import re
from itertools import islice

from lxml import etree
from lxml import html as lxml_html

MAX_HTML = 3_000_000  # characters of a page that are read at all
MAX_TAGS = 100_000  # of a page, opening and closing; the largest real page seen has 20,000
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
_BLOCK_NAMES = """
    address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header
    hr li main nav ol p pre section table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_SILENT = frozenset(("script", "style", "template", "noscript", "svg", "iframe", "object", "head", "title"))
_UNFIT = re.compile(  # control characters but tab and line feed, surrogates, non-characters
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[\s]*")


def page_tree(page: str) -> lxml_html.HtmlElement | None:
    """A page as a tree, without comments and read up to its limits; None if there is no tree to be made of it."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(bounded(page).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    return tree if isinstance(tree, lxml_html.HtmlElement) else None


def bounded(markup: str) -> str:
    """`markup` up to its limits: a tree takes half a kilobyte per element, which a page of bare tags is made of."""
    markup = _HUGE_TAG.sub(_without_attributes, markup[:MAX_HTML])
    if markup.count("<") <= MAX_TAGS:
        return markup
    tags = (found.start() for found in re.finditer("<", markup))
    return markup[: next(islice(tags, MAX_TAGS, None))]


_HUGE_TAG = re.compile(r"<([a-zA-Z]++)[^<>]{10000,}+")
_MANY = 1_000  # attributes of one element, or words in them: libxml2 compares each with all others


def _without_attributes(tag: re.Match[str]) -> str:
    inside = tag.group()
    return f"<{tag.group(1)}" if inside.count("=") > _MANY or len(inside.split(None, _MANY)) > _MANY else inside


def plain(markup: str) -> str:
    """The readable text of an HTML fragment; paragraphs become lines. Entities may be escaped twice, as feeds do."""
    text = markup
    for _ in range(2):
        if _TAG.search(text):
            text = _strip_tags(text)
        if "&" not in text:
            break
        text = html.unescape(text)
    return clean(text)


def clean(text: str) -> str:
    """`text` without characters that no text should hold, its white space made single."""
    text = _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x85", "\n"))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def one_line(markup: str) -> str:
    """As `plain`, on one line: for titles and names."""
    return plain(markup).replace("\n", " ")


def element_text(element: etree._Element) -> str:
    """The readable text of a parsed element, block by block; scripts and the like left out."""
    pieces: list[str] = []
    # A stack of our own: pages nest deeper than Python's recursion allows.
    stack: list[tuple[etree._Element, bool]] = [(element, False)]
    while stack:
        node, done = stack.pop()
        name = node.tag if isinstance(node.tag, str) else None
        if done:
            if name in _BLOCKS:
                pieces.append("\n")
            if node is not element and node.tail:
                pieces.append(node.tail)
            continue
        stack.append((node, True))
        if name is None or name in _SILENT:
            continue
        if name in _BLOCKS:
            pieces.append("\n")
        if node.text:
            pieces.append(node.text)
        stack.extend((child, False) for child in reversed(node))
    return clean("".join(pieces))


def _strip_tags(markup: str) -> str:
    try:
        root = lxml_html.fragment_fromstring(bounded(_UNFIT.sub("", markup)), create_parent="div")
    except (etree.LxmlError, ValueError):
        return _TAG.sub(" ", markup)
    return element_text(root) or _TAG.sub(" ", markup)
