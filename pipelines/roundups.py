"""Pages of several reports in one: roundups, whose items begin with their place, and live pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.passages import Reading, Sentence

_MANY = 2  # paragraphs of different governorates that make a page one of several reports
_SIGNED = re.compile(r"[\W\d]*(?:محافظه |مدينه )?(?:ال)?")  # "WASIT – …", "واسط: …": a sign must follow
_SIGN = re.compile(r"\s*(?:governorate|province)?\s*(?:[-–—:،,]|$)", re.IGNORECASE)
_IN = re.compile(r"[\W\d]*(?:[وف]?(?:اما )?في |اما |in )(?:محافظه |مدينه |the )?(?:ال)?")  # «أما في واسط …»
_CLOCK = re.compile(r"\W*(?:[01]?\d|2[0-3])[:.][0-5]\d(?!\d)")


def items_of(reading: Reading, lexicon: Lexicon) -> dict[int, str]:
    """The paragraphs that are reports of their own, each with its governorate; empty where the page is one report."""
    body = (sentence for sentence in reading.sentences if sentence.field != "title")
    items: dict[int, str] = {}
    for number, sentences in groupby(body, key=lambda sentence: sentence.paragraph):
        governorate = _place_of(list(sentences), lexicon)
        if governorate:
            items[number] = governorate
    return items if len(set(items.values())) >= _MANY else {}


def _place_of(paragraph: Sequence[Sentence], lexicon: Lexicon) -> str:
    """The governorate a paragraph begins with, or, if it begins with the time, the first it names; "" for none."""
    live = bool(_CLOCK.match(paragraph[0].text))
    for sentence in paragraph if live else paragraph[:1]:
        for mention in sentence.mentions:
            governorate = lexicon.entity(mention.entity).governorate
            if mention.kind not in ("governorate", "place") or mention.strength < SUPPORT or not governorate:
                continue
            left = sentence.before(mention)
            signed = _SIGNED.fullmatch(left) and _SIGN.match(sentence.text, mention.end)
            return governorate if live or signed or _IN.fullmatch(left) else ""
    return ""
