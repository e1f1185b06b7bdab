"""`rasid explain` and `rasid evaluate`: a text judged before your eyes, and many judged against their labels."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import requests

from crawler import display
from crawler.config import Configuration
from crawler.errors import CrawlerError
from crawler.network import user_agent
from pipelines.encoding import decode
from pipelines.extraction import read_page
from pipelines.lexicon import Lexicon
from pipelines.models import Article, Entry, Page, Source, Watch
from pipelines.pipeline import article_id, judge_article

_TITLE = 120


def read(what: str, published: datetime, language: str, title: str, configuration: Configuration) -> Article:
    """The article behind a file name, an address or "-" (standard input). Raises CrawlerError if it cannot be read."""
    if what.startswith(("http://", "https://")):
        text, url = _download(what, configuration.settings.contact), what
    elif what == "-":
        text, url = sys.stdin.read(), "https://stdin.example/"
    else:
        try:
            text, url = decode(Path(what).read_bytes()), f"https://file.example/{Path(what).name}"
        except OSError as error:
            raise CrawlerError(f"{what}: cannot be read ({error.strerror})") from error
    source = Source(id="explained", name="explained", language=language or _language(text), family="explained")
    identity = article_id(url)
    if "<html" in text[:2000].lower() or what.startswith("http"):
        entry = Entry(link=url, title=title, published=published)
        return read_page(entry, Page(url, text), source, identity, published)
    first, _, rest = text.strip().partition("\n")
    heading = title or (first if len(first) <= _TITLE else "")
    return Article(
        id=identity,
        source=source,
        url=url,
        title=heading,
        body=text if title else (rest if heading else text),
        published=published,
        first_seen=published,
        language=source.language,
    )


def show(article: Article, lexicon: Lexicon, watch: Watch, json: bool) -> None:
    """Print the verdict with its reasons."""
    findings = judge_article(article, lexicon, watch).findings
    if json:
        for finding in findings:
            display.json_line(**display.finding_fields(article, finding))
        return
    display.print_article(article)
    if not findings:
        display.line("nothing of the watch: no alert", 2)
    for finding in findings:
        display.print_finding(finding, lexicon)


def evaluate(cases: Path, lexicon: Lexicon, watch: Watch, json: bool) -> None:
    """Judge labelled cases and print figures."""
    raise CrawlerError("not there yet")


def _download(url: str, contact: str) -> str:
    try:
        answer = requests.get(url, headers={"User-Agent": user_agent(contact)}, timeout=20)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise CrawlerError(f"{url}: cannot be had ({type(error).__name__})") from error
    return decode(answer.content, answer.headers.get("Content-Type", ""))


def _language(text: str) -> str:
    arabic = sum("\u0600" <= character <= "\u06ff" for character in text)
    if arabic * 2 < sum(character.isalpha() for character in text):
        return "en"
    return "ckb" if any(character in text for character in "ەێۆڕڵ") else "ar"
