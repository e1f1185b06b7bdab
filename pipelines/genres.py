"""What kind of text a page is, where that says that it is no report of an event: opinion, sport, a hoax, a film."""

from __future__ import annotations

import re

from pipelines.models import Mention
from pipelines.passages import Reading, Sentence
from pipelines.text import fold

_EXPLAINER = re.compile(
    r"^(?:من هو|من هي|من هم|ما هي|ما هو|ماذا يريد|who is|who are|what is|what are|explainer|factbox"
    r"|profile|opinion)(?!\w)|(?:^|[:،] )(?:(?:قصه|حكايه) (?:تاسيس|نشاه|صعود|ولاده|حياه)|سيره|بروفايل|بورتريه"
    r"|the story of|a profile of) "
)
_RETROSPECT = re.compile(
    r"^(?:حصاد|ابرز (?:ال)?احداث|اهم احداث|احداث العام|جرده|(?:في )?ذكري) |year in review|in review$|the year in"
    r"|best of 20\d\d"
)
_REMEMBERS = re.compile(r"(?<!\w)و?(?:[تي]مر|مرت|[تي]حل|حلت) (?:\w+ ){0,3}?(?:ال)?ذكري ")  # "these days are the … of"
_QUESTION = re.compile(
    r"(?:^|[؛;] )(?:لماذا|هل|كيف|چرا|چكونه|ايا|بوچي|چون|analysis|why|how)(?!\w)"
    r"|(?<!\w)(?:خبير|باحث|محلل|مراقبون|اكاديمي) (?:\w+ ){0,3}?(?:يشرح|يوضح|يقرا|يتوقع|يفسر|يستبعد)"
    r"|\b(?:analysts?|experts?|researchers?) (?:explains?|says?|discuss\w*)"
)
_INTERVIEW = re.compile(r"(?:حوار|مقابله|لقاء خاص|interview|q a)(?!\w)")
_CLAIM = re.compile(
    r"\W*(?:ال)?ادعاء\W*:|\W*claim ?:|\W*(?:الحقيقه|verdict|التصنيف) ?:"
    r"|\W*(?:النتيجه|الخلاصه|التقييم|rating|conclusion) ?:(?: \w+)? ?"
    r"(?:مفبرك|مضلل|ملفق|زايف|زائف|كاذب|ساخر|false|fake|satire)"
)
_CULTURE = re.compile(
    r"(?<!\w)(?:(?:ال)?فيلما?|وثائقي|مسلسل|روايه (?!ل)|مسرحيه|معرضا? (?:ل\w|الكتاب|فني|تشكيلي|الصور)"
    r"|مهرجان (?:\w+ )?(?:للفيلم|السينما|المسرح|افلام))"
    r"|\b(?:film|documentary|novel|tv series|theatre|book fair|exhibition)\b"
)
_SHOWN = re.compile(r"(?<!\w)(?:(?:ال)?فيلما? |معرضا? (?:لل|ال))|\b(?:film|exhibition) ")
_DRILL = re.compile(
    r"(?<!\w)(?:ممارسه افتراضيه|تمرين(?:ا)? (?:افتراضي|وهمي|تعبوي|مشترك)|(?:اخلاء|حريق|هجوم|انفجار) (?:وهمي|افتراضي)"
    r"|محاكاه)(?!\w)|\b(?:drill|simulat\w+|mock|war game)\b"
)
_ACCIDENT = re.compile(
    r"(?<!\w)[وب]?(?:حادث (?:سير|مروري|دهس|غرق)|حوادث السير|تصادم|اصطدام"
    r"|انقلاب (?:حافله|سياره|عجله|شاحنه|مركبه)|غرق|تسمم"
    r"|صعقه|انفجار اطار|تماس كهربايي)(?!\w)"
    r"|(?<!\w)(?:واژكوني|تصادف|وهركهران\w*|سقوط اتوبوس)(?!\w)"
    r"|\b(?:crash\w*|overturn\w*|collision|drown\w*|electrocut\w*|food poisoning|stampede)\b"
)
_OPINION_HEADER = {
    "راي", "مقال", "مقالات", "تحليل", "موسوعه", "دراسه", "قراءه", "opinion", "analysis", "commentary", "editorial",
    "from the free encyclopedia", "encyclopedia", "explainer", "profile", "يادداشت", "وتار", "شيكاري",
}  # fmt: skip
_BYLINE = re.compile(r"بقلم(?!\w)|يكتبها|كتب د(?!\w)")  # columns are signed so; reports name a newsroom or a town
_ENCYCLOPAEDIA = re.compile(r"موسوعه|encyclop|wikipedia|^this article is about|part of the \d{4}")


def genre_of(reading: Reading) -> frozenset[str]:
    """The kinds a page is of; most are of none."""
    genre: set[str] = set()
    leads = [fold(s.text) for s in reading.sentences if s.field != "title"][:1]
    headers = [fold(header).strip(" .:") for header in reading.headers]
    titles = [fold(s.text) for s in reading.sentences if s.field == "title"]
    if any(header in _OPINION_HEADER for header in headers):
        genre.add("opinion")
    if any(_BYLINE.match(header) or _INTERVIEW.match(header) for header in headers):
        genre.add("opinion")
    if any(_CLAIM.match(fold(s.text)) for s in reading.sentences if s.field != "title"):
        genre.add("hoax")  # a fact-check
    if any(_EXPLAINER.search(title) for title in titles):
        genre.add("explainer")
    in_title = {m.entity for s in reading.sentences if s.field == "title" for m in s.mentions}
    genre |= {kind for kind in ("anniversary", "hoax") if f"marker.{kind}" in in_title}
    if any(_CULTURE.search(title) for title in titles) or any(_SHOWN.search(lead) for lead in leads):
        genre.add("culture")
    if any(_DRILL.search(text) for text in [*titles, *leads]):
        genre.add("drill")
    if any(_ACCIDENT.search(title) for title in titles):
        genre.add("accident")
    if any(_QUESTION.search(title) for title in titles):
        genre.add("analysis")
    if any(_RETROSPECT.search(title) for title in titles):
        genre.add("retrospect")
    first = [fold(s.text)[:120] for s in reading.sentences[:3]]
    if any(_REMEMBERS.search(text) for text in first):
        genre.add("retrospect")
    if any(_ENCYCLOPAEDIA.search(text) for text in [*headers, *first]):
        genre.add("encyclopaedia")
    if _is_stuffed(reading):
        genre.add("stuffing")
    for subject in ("sport", "economy"):
        lead = [s for s in reading.sentences if s.field == "title" or s.order <= 3]
        words = {
            fold(m.form) for s in lead for m in s.mentions if m.entity == f"marker.{subject}" and not _in_name(m, s)
        }
        if len(words) >= 2:
            genre.add(subject)
    return frozenset(genre)


def _in_name(mention: Mention, sentence: Sentence) -> bool:
    """Whether a word is part of a group's name: the League of the Righteous plays no football."""
    return any(name.start <= mention.start and mention.end <= name.end for name in sentence.of("group", "body"))


_STUFFED_FROM = 60  # words; a shorter report may well say the same few words again
_FEW = 0.15  # share of different words below which a text is a list of keywords; reports have 0.5 and more


def _is_stuffed(reading: Reading) -> bool:
    """Whether the text is the same few words over and over, as pages written for search engines are."""
    words = [word for s in reading.sentences if s.field != "title" for word in fold(s.text).split()]
    return len(words) >= _STUFFED_FROM and len(set(words)) < _FEW * min(len(words), 400)
