"""Which lines of a body are the report, and which are furniture of the page.

Related-news boxes, tickers, tag clouds, "most read", captions, share buttons and comment forms are the first cause of
false alerts: a football report with a line "Saraya al-Salam in Basra …" below it. What is seen on real pages is in the
tests. The rule is careful with short bodies: the first line that can be a sentence always belongs to the report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pipelines.text import fold

Role = Literal["prose", "header", "furniture"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, `text[start:end]`: prose to judge, a header (kicker, dateline, date) or furniture."""

    start: int
    end: int
    role: Role


def read_lines(text: str, cut_at: tuple[str, ...] = ()) -> tuple[Line, ...]:
    """The lines of a body with their roles. `cut_at` are headings of this source after which all is furniture."""
    spans = [(match.start(), match.end()) for match in re.finditer(r"[^\r\n]+", text) if match.group().strip()]
    folded = [fold(text[start:end]) for start, end in spans]
    cuts = tuple(fold(heading) for heading in cut_at)
    punctuated = sum(
        _ends_sentence(text[start:end]) and len(line) > 60 for (start, end), line in zip(spans, folded, strict=True)
    )
    roles: list[Role] = []
    seen_prose = 0
    box = 0  # 1: headlines of a "read also" box, ends at prose; 2: to the end of the page
    for (start, end), line in zip(spans, folded, strict=True):
        raw = text[start:end].strip()
        heading = _heading(line, cuts)
        if heading:
            # Above the report such a heading leads a ticker; below it, everything up to the end is other stories.
            if not seen_prose and heading == 2 and _promote_header(folded, roles):
                seen_prose = 1
            box = max(box, heading if seen_prose else 1)
            roles.append("furniture")
        elif box == 2 or _is_furniture(line, raw) or (box == 1 and (_BULLET.match(raw) or not _is_prose(line, raw))):
            roles.append("furniture")
        elif _is_date(line) or _is_byline(line):
            roles.append("header")
        elif _is_prose(line, raw) or (not seen_prose and len(line) > 70):
            box = 0
            seen_prose += 1
            roles.append("prose")
        else:
            roles.append("header" if not seen_prose else "prose")
    _demote_tail(text, spans, folded, roles, punctuated)
    _promote_only(folded, roles)
    return tuple(Line(start, end, role) for (start, end), role in zip(spans, roles, strict=True))


_BULLET = re.compile(r"^\s*[•▪◾■●○*·‣⁃»›>\-–—]\s*")
_TO_THE_END = re.compile(
    r"(?:اخبار ذات صله|ذات صله|مواضيع ذات صله|موضوعات ذات صله|مواضيع متعلقه|اخبار متعلقه|مقالات ذات صله|اهم الاخبار"
    r"|اخر الاخبار|احدث الاخبار|الاكثر قراءه|الاكثر مشاهده|الاكثر تداولا|شريط الاخبار|اخبار اخري|مزيد من الاخبار"
    r"|المزيد من الاخبار|قد يعجبك|قد يهمك|قد تهمك|اخترنا لك|من نفس القسم|اخبار المحافظات|تابعونا علي"
    r"|تابعنا|التعليقات|اترك تعليقا|اضف تعليق"
    r"|related (?:news|posts|articles|stories|topics|content|links|coverage)|related$|most (?:read|viewed"
    r"|popular|shared|watched)|previous article|next article"
    r"|you may (?:also )?like|you might also like|more (?:from|news|stories|on this)|latest (?:news"
    r"|stories|headlines)|trending|top stories|editors picks"
    r"|recommended (?:for you|stories|articles)|leave a (?:comment|reply)|post a comment|comments"
    r"|about the author|sign up|subscribe|popular (?:posts|news)|also read this|what to read next"
    r"|اخبار مرتبط|مطالب مرتبط|پربازديدترين|پربحث ترين|اخرين اخبار|ثبت ديدكاه|نظر شما|ارسال نظر"
    r"|ههوالي پهيوهنديدار|بابهته پهيوهنديدارهكان|زورترين خوينراو|دوايين ههوال)"
)
_READ_ALSO = re.compile(
    r"(?:اقرا ايضا|اقرا المزيد|اقرا/ي ايضا|اقرا/ي|اقرا كذلك|اقراوا ايضا|طالع ايضا|شاهد ايضا|شاهد|للمزيد"
    r"|المزيد|انظر ايضا|ايضا"
    r"|read more|read also|also read|read|see also|watch|recommended videos|more:|don t miss|dont miss"
    r"|بيشتر بخوانيد|همچنين بخوانيد|بخوانيد|زياتر بخوينهوه|ههروهها بخوينهوه)(?= *:|$)"
)
_TAGS = re.compile(
    r"(?:كلمات (?:دلاليه|مفتاحيه)|الكلمات (?:الدلاليه|المفتاحيه)|وسوم|الوسوم|تاغات|tags?|keywords?|topics"
    r"|categories|filed under|هشتك|برچسب|كليدواژه|تاك)(?= *:| *$)"
)
_CHROME = re.compile(
    r"(?:تابعنا|تابعونا|نص مترجم|حقوق (?:النشر|الطبع)|جميع الحقوق"
    r"|\(?getty\)?|\+ الخط|\+ ?a ?a|وحده الدراسات|\d+ مشاهده"
    r"|share (?:it|this|on)|follow us|click here|this website uses cookies|we assume you|your (?:name"
    r"|email)|fill in your details|required fields"
    r"|photo(?: credit)?\b|file photo|image(?: credit)?\b|\(?last modified|news code|story code"
    r"|publish date|code:|advertisement|the post .* appeared first"
    r"|more (?:to come|details will follow)|with (?:afp|reuters|ap|agencies)$|/ ?(?:reuters|afp)$|tt$"
    r"|all rights reserved|powered by|creating new perspectives|international latest news"
    r"|انتهاي پيام|كد خبر|به اشتراك|تاريخ انتشار|تمامي حقوق)"
)
_BUTTON = re.compile(r"(?:شارك|مشاركه|اشترك|انشر|المصدر *:)(?!\w)(?:\W+\w+){0,5}\W*$")  # more words are a sentence
_CAPTION = re.compile(
    r"(?:\((?:reuters|afp|ap|getty|epa|aa) photo\)|photo: |\bphoto by\b|/reuters|iranian television$"
    r"|صوره ارشيفيه|تصوير:|عدسه)"
)
_DATE = re.compile(
    r"(?:\b\d{1,2}[-/.: ]\d{1,2}[-/. ]\d{2,4}\b|\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\b\d{1,2}:\d{2}\b"
    r"|(?:كانون|شباط|اذار|نيسان|ايار|حزيران|تموز|اب|ايلول|تشرين|يناير|فبراير|مارس|ابريل|مايو|يونيو|يوليو"
    r"|اغسطس|سبتمبر|اكتوبر|نوفمبر|ديسمبر) .{0,10}\d{4}"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}|\b\d{1,2} (?:jan|feb"
    r"|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{4}"
    r"|(?:فروردين|ارديبهشت|خرداد|تير|مرداد|شهريور|مهر|ابان|اذر|دي|بهمن|اسفند) 1[34]\d\d)"
)
_BYLINE = re.compile(r"^(?:by |كتب *:|كتبت *:|بقلم|اعداد *:|تحرير *:|ترجمه|وكالات$|متابعات|خاص$|source *:|من:)")


def _heading(line: str, cuts: tuple[str, ...]) -> int:
    stripped = line.lstrip(" *•▪:")
    if any(stripped.startswith(cut) for cut in cuts):
        return 2
    if _READ_ALSO.match(stripped):
        return 1
    found = _TO_THE_END.match(stripped)
    if found and (
        len(stripped) <= found.end() + 25 or "|" in stripped or stripped[found.end() :].lstrip().startswith((":", "/"))
    ):
        return 2
    return 0


def _is_furniture(line: str, raw: str) -> bool:
    if _TAGS.match(line) or (_CHROME.match(line.lstrip("(/[ ")) and len(line) < 160):
        return True
    if _BUTTON.match(line.lstrip("(/[ ")) and not _BULLET.match(raw):
        return True
    if len(line) < 220 and _CAPTION.search(line):
        return True
    separators = raw.count(" | ") + raw.count(" · ") + raw.count(" • ")
    return separators >= 2 and not _ends_sentence(raw)


def _is_date(line: str) -> bool:
    if len(line.split()) > _DATED:
        line = _CLOCK.sub("", line)  # an item of a breaking report: "the raid came at 3:40 …"
    return (
        len(line) < 90
        and bool(_DATE.search(line))
        and not re.search(r"[.!?؟]$", line.rstrip())
        and len(line.split()) <= 14
    )


_DATED = 6  # words a line with a date and the time has that is no more than that
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")


def _is_byline(line: str) -> bool:
    return len(line) < 80 and bool(_BYLINE.match(line))


def _ends_sentence(raw: str) -> bool:
    return raw.rstrip(" \"'”’»)]").endswith((".", "!", "?", "؟", "۔", "…"))


def _is_prose(line: str, raw: str) -> bool:
    return len(line) >= 160 or (len(line) > 40 and _ends_sentence(raw))


def _demote_tail(
    text: str, spans: list[tuple[int, int]], folded: list[str], roles: list[Role], punctuated: int
) -> None:
    """Headlines of other stories glued behind the report: short lines without a full stop where prose has one."""
    if not punctuated:
        return
    for index in range(len(roles) - 1, 0, -1):
        if roles[index] == "furniture":
            continue
        raw = text[slice(*spans[index])].strip()
        if (
            roles[index] == "prose"
            and not _ends_sentence(raw)
            and len(folded[index]) < 150
            and "prose" in roles[:index]
            and not _GOES_ON.match(folded[index])
        ):
            roles[index] = "furniture"
        else:
            return


_GOES_ON = re.compile(r"و(?!ا)\w{2,} (?:\S+ ){8,}")  # «وقال …»: headlines seldom begin with "and", cut reports often do


def _promote_header(folded: list[str], roles: list[Role]) -> bool:
    """A breaking item is one line without a full stop: the last header before the first box, if it can be one."""
    for index in range(len(roles) - 1, -1, -1):
        if roles[index] == "header" and len(folded[index].split()) >= 5 and not _is_date(folded[index]):
            roles[index] = "prose"
            return True
    return False


def _promote_only(folded: list[str], roles: list[Role]) -> None:
    """A body of short lines only is those lines: a breaking item, or an outlet that writes no full stops."""
    if "prose" in roles:
        return
    candidates = [index for index, role in enumerate(roles) if role == "header" and not _is_date(folded[index])]
    long = [index for index in candidates if len(folded[index].split()) >= 4]
    for index in long or sorted(candidates, key=lambda index: -len(folded[index]))[:1]:
        roles[index] = "prose"
