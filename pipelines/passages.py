"""Article → passages: the sentences to judge, each with the mentions in it, and the dateline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.furniture import read_lines
from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.mentions import find_mentions, names_in
from pipelines.models import Article, Language, Mention, PassageField, Watch
from pipelines.text import fold, plain

_DATELINE_WORDS = 8
_LIKE_A_DATELINE = re.compile(r"[-–—/:,(|\d]|^\W*\w+(?:\s\w+)?\W*$")
LONGEST = 300_000  # characters of a body that are judged; no report is as long, and a page that is says nothing


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of one field, as it is judged. Spans of `mentions` count from the start of `text`."""

    field: PassageField
    text: str  # in ordinary letters where it is Arabic: see text.plain
    written: str  # as the outlet wrote it
    paragraph: int  # counted over the whole article; the title is 0
    order: int  # place among all sentences of the article
    mentions: tuple[Mention, ...]
    dateline: int = 0  # its first characters that are a dateline: where it was written, not where it happened

    def of(self, *kinds: str) -> tuple[Mention, ...]:
        """The mentions of these kinds behind the dateline."""
        return tuple(m for m in self.mentions if m.kind in kinds and m.start >= self.dateline)

    def before(self, mention: Mention) -> str:
        """What stands before a mention, folded, with the space that parts them."""
        text = self.text[: mention.start]
        return fold(text) + (" " if text[-1:].isspace() else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as it is judged."""

    language: Language
    sentences: tuple[Sentence, ...]
    headers: tuple[str, ...] = ()  # kickers, datelines and dates that stand in lines of their own
    dateline: tuple[Mention, ...] = ()  # places of the dateline
    furniture: tuple[Mention, ...] = ()  # group names seen only in the furniture of the page
    truncated: bool = False
    fields: tuple[PassageField, ...] = field(default=("title", "body"))


_SAMPLE = 500
_LETTERS = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0600-\u06ff]+")
_KURDISH = (*"ەێۆڵڕڤ", "ه\u200c")
_PERSIAN = tuple("یکپچگژ")


def language_of(text: str, default: Language) -> Language:
    """The language by its letters: Sorani and Persian have some that Arabic has not."""
    sample = text[:_SAMPLE]
    letters = len(sample) - len(_LETTERS.sub("", sample))
    if not letters:
        return default
    if len(sample) - len(_ARABIC.sub("", sample)) < letters / 3:
        return "en"
    if sum(map(sample.count, _KURDISH)) > letters * 0.02:
        return "ckb"
    if sum(map(sample.count, _PERSIAN)) <= letters * 0.02 and default != "fa":
        return "ar"
    words = set(fold(sample).split())
    if default == "fa":
        return "ar" if words & {"في", "الذي", "التي", "هذا", "هذه"} and not words & {"است", "را", "كه"} else "fa"
    return "fa" if words & {"است", "را", "از", "كه", "اين", "شد", "كرد"} else "ar"


def may_matter(article: Article, lexicon: Lexicon, watch: Watch) -> bool:
    """Whether the names in the article could lead to a finding: the cheap question asked of every page first."""
    text = "\n".join((article.title, article.summary, article.lead, article.description, article.body[:LONGEST]))
    language = language_of(text, article.language)
    names = names_in(text, lexicon, language)
    if any(strength >= SUPPORT and lexicon.entity(id).group in watch.groups for id, strength in names):
        return True
    hidden = any(id == "hidden" or lexicon.entity(id).hint for id, _ in names)
    return hidden and any(
        strength >= SUPPORT and lexicon.entity(id).governorate in watch.governorates for id, strength in names
    )


def read(article: Article, lexicon: Lexicon) -> Reading:
    """Split an article into sentences with their mentions; page furniture is left out."""
    body = article.body[:LONGEST]
    language = language_of(f"{article.title}\n{body or article.summary}", article.language)
    sentences: list[Sentence] = []
    headers: list[str] = []
    dateline: list[Mention] = []
    furniture: list[Mention] = []
    paragraph = 0

    def add(name: PassageField, text: str, first: bool = False) -> None:
        for start, end in _sentences(text):
            written = text[start:end]
            piece = plain(written) if language == "ar" else written
            mentions = find_mentions(piece, lexicon, language)
            cut = _dateline(piece, mentions) if first and start == 0 else 0
            dateline.extend(m for m in mentions if m.start < cut and m.kind in ("governorate", "place", "abroad"))
            sentences.append(Sentence(name, piece, written, paragraph, len(sentences), mentions, cut))

    if article.title.strip():
        add("title", " ".join(article.title.split()))
    fields: list[PassageField] = ["title", "body"]
    known = fold(body)
    extra: list[tuple[PassageField, str]] = [("lead", article.lead)]
    if article.body_state != "full" or len(known) < 200:
        extra += [("summary", article.summary), ("description", article.description)]
    for name, text in extra:
        if text.strip() and fold(text)[:60] not in known:
            paragraph += 1
            fields.append(name)
            known += " " + fold(text)
            add(name, text.strip())
    lines = read_lines(body, article.source.cut_at)
    first = True
    for line in lines:
        text = body[line.start : line.end].strip()
        if line.role == "header":
            text = plain(text) if language == "ar" else text
            headers.append(text)
            if _LIKE_A_DATELINE.search(text) and len(text.split()) <= _DATELINE_WORDS:  # else another headline
                found = find_mentions(text, lexicon, language)
                if not any(m.kind in ("group", "action") for m in found):
                    dateline += [m for m in found if m.kind in ("governorate", "place")]
        elif line.role == "furniture":
            furniture += [m for m in find_mentions(text, lexicon, language) if m.kind == "group"]
        else:
            paragraph += 1
            add("body", text, first)
            first = False
    return Reading(
        language,
        tuple(sentences),
        tuple(headers),
        tuple(dateline),
        tuple(furniture),
        len(article.body) > LONGEST,
        tuple(fields),
    )


_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Gen|Maj|Lt|Col|Brig|Capt|Sgt|St|No|Sen|Rep|Gov|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|al|U\.S|U\.N|U\.K|a\.m|p\.m|i\.e|e\.g|vs|Inc|Ltd)"
    r"|\b[A-Z]|^\W*\d{1,2})\.$"  # "1. …" begins an item of a list; "in 2014. …" ends a sentence
)
_STOP = re.compile(r"(?<![(.…])[.!?؟۔…]+[\"'”’»)\]]*(?=\s|$)|(?<=[\u0621-\u064a])\.(?=[\u0621-\u064a])|\n+")
_UNPUNCTUATED = 250  # characters of a text without any mark that are taken for a sentence
_LONG_SENTENCE = 1_200  # characters: keyword stuffing and texts without a full stop are cut, so that "near" stays near


def _sentences(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in _STOP.finditer(text):
        if stop.group().startswith(".") and _ABBREVIATION.search(text[max(start, stop.start() - 6) : stop.start() + 1]):
            continue
        spans.append((start, stop.end()))
        start = stop.end()
    spans.append((start, len(text)))
    cut: list[tuple[int, int]] = []
    for begin, end in spans:
        while begin < end and text[begin].isspace():
            begin += 1
        longest = _LONG_SENTENCE if _is_punctuated(text[begin:end]) else _UNPUNCTUATED
        while end - begin > longest:
            middle = text.rfind(" و", begin + longest // 2, begin + longest)
            middle = middle if middle > begin else text.rfind(" ", begin, begin + longest)
            middle = middle if middle > begin else begin + longest
            cut.append((begin, middle))
            begin = middle
        if begin < end:
            cut.append((begin, end))
    return cut


_MARK = re.compile(r"[،,;؛:()«»\"“”]")


def _is_punctuated(sentence: str) -> bool:
    """Whether a stretch without a full stop has at least other marks: else it is not one sentence but a text."""
    return len(_MARK.findall(sentence)) * _UNPUNCTUATED >= len(sentence) - _UNPUNCTUATED


_TOLD = ("group", "body", "movement", "person", "action")
_DATELINE = re.compile(r"^.{2,75}?(?:\s[-–—|]\s|[—–]\s?|(?<=\w)- |:\s|/(?=\s|\S)|\|\s|\)\s)")


def _dateline(sentence: str, mentions: Sequence[Mention]) -> int:
    """How many characters at the start of the first sentence are a dateline; 0 for none.

    What names a group, a leader or a deed is the report itself: "Fighting between the Saraya (SaS) and …".
    """
    told = min((m.start for m in mentions if m.kind in _TOLD), default=len(sentence))
    found = _DATELINE.match(sentence)
    if not found or len(found.group().split()) > 9 or found.end() > told:
        return 0
    end = found.end()
    again = _DATELINE.match(sentence[end:])  # "بغداد/ شبكة أخبار العراق- حصل", "BASRA/KUT, January 14 — In"
    if again and len(again.group().split()) <= 6 and end + again.end() < min(100, told + 1):
        end += again.end()
    return end
