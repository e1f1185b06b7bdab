"""How fast the filter is, beside what else could be done on the same texts. Run: python -m tests.benchmarks.filter

Prints, for one stream of synthetic pages of which 2 % hold a labelled report: rasid's whole judging, its parts, a
case-insensitive regex alternation of the same names, flashtext (if installed), and trafilatura's extraction of the same
pages; then how judging grows with the lexicon and with the length of a text. Read the ratios, not the absolutes.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import trafilatura

from pipelines.findings import judge
from pipelines.lexicon import ALONE, Form, Lexicon, load_lexicon
from pipelines.mentions import find_mentions
from pipelines.models import Article, Source, Watch
from pipelines.text import fold

PAGES = 1_000
MATCHING = 0.02
WORDS = [
    "قالت",
    "وزارة",
    "التخطيط",
    "إن",
    "المشروع",
    "الجديد",
    "سيبدأ",
    "خلال",
    "العام",
    "المقبل",
    "في",
    "عدد",
    "من",
    "المدن",
    "وسط",
    "اهتمام",
    "محلي",
    "ودولي",
    "واسع",
    "وأضاف",
    "المدير",
    "أن",
    "الشركة",
    "وقعت",
    "عقدا",
    "مع",
    "الجانب",
    "الآخر",
    "لتطوير",
    "المستشفى",
    "والمدارس",
    "والطرق",
    "الرئيسة",
    "بينما",
    "يرى",
    "خبراء",
    "الاقتصاد",
    "أن",
    "النمو",
    "تباطأ",
    "the",
    "ministry",
    "said",
    "on",
    "Monday",
    "that",
    "prices",
    "rose",
    "for",
    "the",
    "third",
    "month",
    "while",
    "exports",
    "fell",
    "and",
    "officials",
    "met",
    "in",
    "the",
    "capital",
]
SOURCE = Source(id="bench", name="bench")


def main() -> None:
    """Print all figures."""
    lexicon, watch = load_lexicon(), Watch()
    articles, matching = _stream()
    texts = [f"{article.title}\n{article.body}" for article in articles]
    pages = [_page(article) for article in articles]
    names = sorted({_plain(form) for _, (_, forms, _) in lexicon.automaton.items() for form in forms if not form.tail})
    characters = sum(map(len, texts)) / len(texts)
    print(
        f"{len(articles)} pages of {characters:.0f} characters, {len(matching)} of them match;"
        f" {lexicon.form_count} forms"
    )
    extraction = _time("extract (trafilatura, fast)", lambda: [_extract(page) for page in pages[:200]], 200)
    judging = _time(
        "judge, whole stream", lambda: [judge(article, lexicon, watch) for article in articles], len(articles)
    )
    _time(
        "judge, matching reports only", lambda: [judge(article, lexicon, watch) for article in matching], len(matching)
    )
    _time("fold alone", lambda: [fold(text) for text in texts], len(texts))
    _time("fold + match with spans", lambda: [find_mentions(text, lexicon) for text in texts], len(texts))
    alternation = re.compile("|".join(map(re.escape, names[:2000])), re.IGNORECASE)
    _time(
        f"regex alternation of {min(2000, len(names))} names", lambda: [alternation.findall(t) for t in texts[:50]], 50
    )
    _flashtext(names, texts)
    print(f"\njudging costs 1/{extraction / judging:.0f} of extraction (wanted: 1/20 or less)")
    _grow_lexicon(texts)
    _grow_text(lexicon, watch)


def _stream() -> tuple[list[Article], list[Article]]:
    chance = random.Random(7)
    cases = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "dev.jsonl").read_text().splitlines()]
    relevant = [case for case in cases if case["relevant"] == "yes"]
    articles, matching = [], []
    for number in range(PAGES):
        if chance.random() < MATCHING:
            case = chance.choice(relevant)
            article = _article(number, case["title"], case["body"], case["lang"])
            matching.append(article)
        else:
            paragraphs = (" ".join(chance.choices(WORDS, k=60)) + "." for _ in range(8))
            article = _article(number, " ".join(chance.choices(WORDS, k=9)), "\n".join(paragraphs), "ar")
        articles.append(article)
    return articles, matching


def _article(number: int, title: str, body: str, language: str) -> Article:
    now = datetime(2024, 1, 14, 12, tzinfo=UTC)
    return Article(str(number), SOURCE, "https://bench.example/", title, body, now, now, language=language)


def _page(article: Article) -> str:
    # As heavy as the saved news pages of Arabic outlets: about 100 kB with menus, scripts and side columns.
    menu = "".join(
        f'<li class="item item-{n}"><a href="/s/{n}" title="t"><span>{WORDS[n % 60]} {WORDS[n % 50]}</span></a></li>'
        for n in range(250)
    )
    script = "<script>" + "var a=[1,2,3];" * 1_500 + "</script>"
    body = "".join(f"<p>{paragraph}</p>" for paragraph in article.body.split("\n"))
    return (
        f"<html><head><title>{article.title}</title>{script}</head><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>{article.title}</h1>{body}</article><aside><ul>{menu}</ul></aside></body></html>"
    )


def _extract(page: str) -> object:
    return trafilatura.bare_extraction(page, fast=True, include_comments=False)


def _plain(form: Form) -> str:
    return ("ال" if form.article else "") + form.stem


def _flashtext(names: list[str], texts: list[str]) -> None:
    try:
        from flashtext import KeywordProcessor
    except ImportError:
        print("flashtext: not installed")
        return
    processor = KeywordProcessor()
    processor.add_keywords_from_list([name for name in names if name.strip()])
    _time(f"flashtext, {len(names)} names", lambda: [processor.extract_keywords(text) for text in texts[:200]], 200)


def _grow_lexicon(texts: list[str]) -> None:
    base = load_lexicon()
    forms = [
        form for _, (_, known, _) in base.automaton.items() for form in known if form.kind == "group" and not form.tail
    ]
    chance = random.Random(3)
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    print("\nmatching as the lexicon grows (wanted: at most twice from 500 to 5,000 names)")
    entity = {id: base.entities[id] for id in {form.entity for form in forms}}
    for size in (500, 5_000):
        extra = [
            Form(
                forms[0].entity,
                "group",
                "".join(chance.choices(letters, k=chance.randint(5, 14))),
                None,
                "ar",
                ALONE,
                False,
                "",
                True,
            )
            for _ in range(size)
        ]
        grown = Lexicon(entity, extra)
        _time(f"  {size} names", lambda grown=grown: [find_mentions(text, grown) for text in texts[:300]], 300)


def _grow_text(lexicon: Lexicon, watch: Watch) -> None:
    print("\na text of nothing but names, as it grows (what is beyond 300,000 characters is not judged, and said so)")
    for size in (50_000, 100_000, 200_000, 2_500_000):
        stuffed = "سرايا السلام البصرة اشتباك عصائب أهل الحق واسط " * (size // 47)
        article = _article(0, "", stuffed, "ar")
        _time(f"  {len(stuffed.encode()) / 1e6:.1f} MB", lambda article=article: judge(article, lexicon, watch), 1, 1)


def _time(name: str, run: Callable[[], object], items: int, rounds: int = 3) -> float:
    best = min(_once(run) for _ in range(rounds)) / items
    print(f"{name:45s} {best * 1000:10.3f} ms each")
    return best


def _once(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
