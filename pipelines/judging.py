"""The first half of an article's way, from its page to the findings in it: pure and slow, for the worker process.

It needs no store. pipeline.py goes on from here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pipelines.acts import join_acts
from pipelines.copies import signature
from pipelines.extraction import Furniture, read_page
from pipelines.findings import judge
from pipelines.lexicon import Lexicon
from pipelines.models import Article, Entry, Finding, Page, Source, Watch
from pipelines.text import fold


@dataclass(frozen=True, slots=True)
class Judged:
    """An article with what was found in it, ready to be recorded."""

    article: Article
    findings: tuple[Finding, ...]
    content_hash: str  # of all text that was judged, and of nothing else
    signature: bytes  # of the text, to know copies; empty without findings
    search: str  # folded text of the search column


def article_id(canonical_url: str) -> str:
    """The id of a report: the same under every address it has."""
    return "art_" + hashlib.sha256(canonical_url.encode()).hexdigest()[:20]


def judge_page(
    entry: Entry,
    page: Page | None,
    source: Source,
    identity: str,
    first_seen: datetime,
    usual_length: int | None,
    lexicon: Lexicon,
    watch: Watch,
    furniture: Furniture | None = None,
) -> Judged:
    """Read a page (None: it could not be had) and judge the report; `furniture` knows what recurs across its host."""
    article = read_page(entry, page, source, identity, first_seen, usual_length, furniture)
    return judge_article(article, lexicon, watch)


def judge_article(article: Article, lexicon: Lexicon, watch: Watch) -> Judged:
    """Judge a report that has been read."""
    findings = join_acts(judge(article, lexicon, watch))
    texts = (article.title, article.summary, article.lead, article.description, article.body)
    return Judged(
        article=article,
        findings=findings,
        content_hash=hashlib.sha256("\x00".join(texts).encode("utf-8", "replace")).hexdigest(),
        signature=signature(article.body or article.summary or article.title) if findings else b"",
        search=fold(f"{article.title}\n{article.body or article.summary}"),
    )
