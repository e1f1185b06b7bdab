"""`rasid explain` and `rasid evaluate`: a text judged before your eyes, and many judged against their labels.

See cli.py for their options. Neither needs the crawler.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import requests

from crawler import config as configs
from crawler import display
from crawler.agent import user_agent
from crawler.config import Configuration
from crawler.errors import CrawlerError
from crawler.timing import utc_now
from pipelines.encoding import decode
from pipelines.evaluation import evaluate as measure
from pipelines.evaluation import load_cases
from pipelines.explaining import explain as account_for
from pipelines.extraction import read_page
from pipelines.grouping import IRAQ
from pipelines.judging import article_id
from pipelines.lexicon import Lexicon
from pipelines.models import Article, Entry, Page, Source, Watch

_TITLE = 120


def explain(what: str, config: Path | None, published: datetime | None, language: str, title: str, json: bool) -> None:
    """`rasid explain`"""
    configuration = configs.load(config, secrets=False)
    moment = published.replace(tzinfo=IRAQ) if published else utc_now()
    article = _read(what, moment, language, title, configuration)
    _show(article, configuration.lexicon, configuration.watch, json)


def _read(what: str, published: datetime, language: str, title: str, configuration: Configuration) -> Article:
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


def _show(article: Article, lexicon: Lexicon, watch: Watch, json: bool) -> None:
    """Print the text with its marks, the verdict and the reasons."""
    explanation = account_for(article, lexicon, watch)
    if json:
        for finding in explanation.findings:
            display.json_line(**display.finding_fields(article, finding))
        return
    display.print_article(article)
    for text in explanation.texts:
        display.print_marked(text)
    display.heading("Why")
    for reason in explanation.reasons:
        display.line(f"· {display.isolate(reason)}", 2)
    display.heading("Verdict")
    if not explanation.findings:
        display.line("no alert: nothing of the watch", 2)
    for finding in explanation.findings:
        display.print_finding(finding, lexicon)


def evaluate(path: Path, config: Path | None, json: bool) -> None:
    """`rasid evaluate`: the figures on labelled cases, and for people each case that is wrong."""
    configuration = configs.load(config, secrets=False)
    cases = load_cases(path)
    evaluation = measure(cases, configuration.lexicon, configuration.watch)
    if json:
        for result in evaluation.results:
            display.json_line(**result.json())
        display.json_line(**evaluation.summary)
        return
    display.print_figures(path.name, evaluation.summary)
    wrong = [
        (case, result)
        for case, result in zip(cases, evaluation.results, strict=True)
        if case.relevant != "borderline" and (case.relevant == "yes") != result.relevant
    ]
    for case, result in wrong:
        said = "alerts" if result.relevant else "is in the digest only" if result.digest else "stays silent"
        display.line(f"wrong: {case.id} {said} ({display.isolate(case.title)})", 2, "red")


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
