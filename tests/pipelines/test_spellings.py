"""How a text is spelled decides nothing: vowel signs, tatweel, Persian letters, invisible signs change no verdict."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.evaluation import Case, load_cases
from pipelines.findings import judge
from pipelines.lexicon import load_lexicon
from pipelines.models import Watch
from pipelines.text import fold, plain
from tests.pipelines.reports import report

LEXICON = load_lexicon()
LETTER = re.compile("[\u0621-\u064a]")
BINDING = "بتثجحخسشصضطظعغفقكلمنهي"  # letters that take a tatweel behind them
VOWELS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"


def vocalised(text: str, chance: random.Random) -> str:
    return "".join(c + (chance.choice(VOWELS) if LETTER.match(c) and chance.random() < 0.7 else "") for c in text)


def stretched(text: str, chance: random.Random) -> str:
    pairs = zip(text, [*text[1:], " "], strict=True)
    return "".join(c + ("ـ" * (c in BINDING and bool(LETTER.match(n)) and chance.random() < 0.1)) for c, n in pairs)


def persian(text: str, chance: random.Random) -> str:
    return text.replace("ي", "ی").replace("ك", "ک")


def invisible(text: str, chance: random.Random) -> str:
    return "".join(c + ("\u200f" if chance.random() < 0.05 else "") for c in text)


def told(case: Case) -> list[tuple[object, ...]]:
    found = judge(case.article(), LEXICON, Watch())
    return [(f.verdict, f.score, f.groups, f.governorates, f.event_type, f.killed, f.injured) for f in found]


@pytest.mark.parametrize("spelling", [vocalised, stretched, persian, invisible], ids=lambda spelling: spelling.__name__)
def test_a_spelling_changes_no_verdict(spelling: Callable[[str, random.Random], str]) -> None:
    chance = random.Random(7)
    cases = [c for c in load_cases(Path(__file__).parents[1] / "data" / "modelled_later.jsonl") if c.lang == "ar"]
    changed = []
    for case in cases[::3]:
        spelt = replace(case, title=spelling(case.title, chance), body=spelling(case.body, chance))
        assert fold(spelt.body) == fold(case.body)
        if told(spelt) != told(case):
            changed.append(case.id)
    assert changed == []


def test_ordinary_letters_keep_what_tells_something() -> None:
    assert plain("مُسَلَّحٌ مـن «العصائــب» فی الکوت") == "مسلح من «العصائب» في الكوت"
    assert plain("أُصيبَ إثرَ هجومٍ – على مَقرّةٍ: 'AAH'") == "أصيب إثر هجوم – على مقرة: 'AAH'"
    assert plain("ﺳﺮﺍﻳﺎ\u200f ﺍﻟﺴﻼﻡ") == "سرايا السلام"


def test_a_passage_is_shown_as_the_outlet_wrote_it() -> None:
    body = "اشتبكَ مسلّحون من سـرايا السـلام مع عناصرَ من عصائبِ أهلِ الحقّ وسطَ البصرةِ مساءَ السبت، وسقطَ قتيلان."
    (finding,) = judge(report(body), LEXICON, Watch())
    (passage,) = finding.passages
    assert passage.text == body
    assert "سـرايا السـلام" in {passage.text[start:end] for start, end in passage.marks}
