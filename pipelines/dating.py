"""When it happened: "last night", "Thursday", "ليلة أمس", "13 كانون الثاني 2024" against the day of publication.

Days are calendar days in Iraq (Asia/Baghdad, UTC+3 without summer time). A weekday without a date is the last one on or
before the day of publication; a day and month without a year is the last such day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.text import fold

BAGHDAD = ZoneInfo("Asia/Baghdad")
OLD_AFTER = timedelta(days=45)  # what happened longer ago than this is history, not news


@dataclass(frozen=True, slots=True)
class When:
    """A day a text points to. `precision` as in ACLED: 1 the day, 2 within the week, 3 the month or worse."""

    day: date
    precision: int
    words: str


def day_in_iraq(moment: datetime) -> date:
    """The calendar day in Iraq of an aware moment."""
    return moment.astimezone(BAGHDAD).date()


def when(text: str, published: date) -> tuple[When, ...]:
    """All days the text points to, in reading order; days after tomorrow are left out, they are plans."""
    folded = fold(text)
    found: list[tuple[int, When]] = []
    for match in _FULL.finditer(folded):
        day = _full(match)
        if day:
            found.append((match.start(), When(day, 1, match.group())))
    taken = [match.span() for match in _FULL.finditer(folded)]
    for match in _DAY_MONTH.finditer(folded):
        if _inside(match.start(), taken):
            continue
        day, precision = _day_month(match, published)
        if day:
            found.append((match.start(), When(day, precision, match.group())))
            taken.append(match.span())
    for match in _YEAR.finditer(folded):
        if not _inside(match.start(), taken) and int(match.group(1)) < published.year:
            found.append((match.start(), When(date(int(match.group(1)), 12, 31), 3, match.group())))
    for pattern, days, precision in _RELATIVE:
        for match in pattern.finditer(folded):
            if not _inside(match.start(), taken):
                found.append((match.start(), When(published - timedelta(days=days), precision, match.group())))
                taken.append(match.span())
    for match in _WEEKDAY.finditer(folded):
        if _inside(match.start(), taken) or _FUTURE.match(folded, match.end()) or _NEXT.search(folded[: match.start()]):
            continue
        index = _WEEKDAYS[match.group("day")]
        back = (published.weekday() - index) % 7
        if re.match(r" (?:الفائت|الماضي|المنصرم|كذشته)", folded[match.end() :]) and back == 0:
            back = 7
        found.append((match.start(), When(published - timedelta(days=back), 1, match.group())))
    latest = published + timedelta(days=1)
    return tuple(item for _, item in sorted(found, key=lambda pair: pair[0]) if item.day <= latest)


def out_of_season(text: str, published: date) -> str:
    """Words that tie what is told to a time of the year far from the day of publication; "" if there are none.

    An undated older report inside a new one is betrayed by them: "on the eve of the anniversary of the October
    protests" does not happen in January.
    """
    folded = fold(text)
    for pattern, month, day, before, after in _SEASONS:
        match = pattern.search(folded)
        if match:
            near = min(
                (
                    published - date(year, month, day)
                    for year in (published.year - 1, published.year, published.year + 1)
                ),
                key=lambda gap: abs(gap.days),
            )
            if not -before <= near.days <= after:
                return match.group()
    return ""


def _inside(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)


_MONTH_NAMES = {
    1: "كانون الثاني|كانون ثاني|يناير|جانفي|january|jan|ژانويه|كانووني دووهم|كانووني دووهمي",
    2: "شباط|فبراير|february|feb|فوريه|شوبات",
    3: "اذار|مارس|march|mar|ئازار",
    4: "نيسان|ابريل|april|apr|اوريل|نيسان",
    5: "ايار|مايو|may|ئايار|مه",
    6: "حزيران|يونيو|june|jun|ژوئن|حوزهيران",
    7: "تموز|يوليو|july|jul|ژوئيه|تهممووز",
    8: "اب|اغسطس|august|aug|اوت|ئاب",
    9: "ايلول|سبتمبر|september|sept|sep|سپتامبر|ئهيلوول",
    10: "تشرين الاول|تشرين اول|اكتوبر|october|oct|تشريني يهكهم|تشريني يهكهمي",
    11: "تشرين الثاني|تشرين ثاني|نوفمبر|november|nov|نوامبر|تشريني دووهم|تشريني دووهمي",
    12: "كانون الاول|كانون اول|ديسمبر|december|dec|دسامبر|كانووني يهكهم|كانووني يهكهمي",
}
_MONTHS = {name: month for month, names in _MONTH_NAMES.items() for name in names.split("|")}
_MONTH = "(?:" + "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)) + ")"
_FULL = re.compile(
    r"(?<![\d])(?P<y1>20\d\d)[-/. ](?P<m1>\d{1,2})[-/. ](?P<d1>\d{1,2})(?!\d)"
    r"|(?<![\d])(?P<d2>\d{1,2})[-/. ](?P<m2>\d{1,2})[-/. ](?P<y2>20\d\d)(?!\d)"
)
_DAY_MONTH = re.compile(
    rf"(?<!\w)(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of| من| شهر|\\من|ي)?[ /\\]*(?P<m1>{_MONTH})(?:[/ ]+{_MONTH})?"
    rf"|(?P<m2>{_MONTH})\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)|(?<!\w)(?:في |خلال |مطلع |اواخر |نهايه "
    rf"|in |early |late |since )?(?P<m3>{_MONTH})(?= \(|[ /,]+(?:{_MONTH} )?(?:عام |سنه )?20\d\d"
    rf"| (?:الماضي|الفائت|المنصرم|كذشته)(?!\w))|(?<=last )(?P<m4>{_MONTH})"
    rf"|[وف]?(?:في|خلال|مطلع|اواخر|منتصف|in|early|late|mid) (?P<m5>{_MONTH})(?! \d| \())"
    rf"(?: \({_MONTH}\))?(?:[ ,/]+(?:عام |سنه |الجاري )?(?P<y>20\d\d))?(?!\w)"
)
_YEAR = re.compile(
    r"(?<![\d.,:/+-])(?<!\d )((?:19[5-9]|20[0-4])\d)(?![\d/%-]|[.,:]\d)(?! (?:دينار|دولار|شخص|متر|people|men|dinars))"
)
_RELATIVE = (
    (re.compile(r"(?<!\w)(?:ليله امس الاول|قبل يومين|two (?:days|nights) ago|دو روز پيش|پريروز)(?!\w)"), 2, 1),
    (re.compile(
        r"(?<!\w)(?:ليله امس|ليل امس|مساء امس|الليله الماضيه|الليله الفائته|يوم امس|امس|البارحه|الامس"
        r"|last night|yesterday|شب كذشته|ديشب|ديروز|دوينيشهو|شهوي رابردوو|دويني)(?!\w)"), 1, 1),
    (re.compile(
        r"(?<!\w)(?<!مثل هذا )(?:اليوم|صباح اليوم|فجر اليوم|مساء اليوم|today|tonight|this morning|this evening"
        r"|(?:had|has|have) just|للتو|قبل قليل"
        r"|overnight"
        r"|امروز|بامداد امروز|ئهمرو|ئهم بهياني)(?!\w)"), 0, 1),
    (re.compile(r"(?<!\w)(?:قبل اسبوعين|قبل اسابيع|two weeks ago|weeks ago|دو هفته پيش)(?!\w)"), 14, 2),
    (re.compile(
        r"(?<!\w)(?:قبل اسبوع|الاسبوع الماضي|الاسبوع الفائت|last week|a week ago|week ago|هفته كذشته"
        r"|ههفتهي رابردوو)(?!\w)"), 7, 2),
    (re.compile(
        r"(?<!\w)(?:قبل ايام|الايام الماضيه|الايام الاخيره|days ago|in recent days|this week"
        r"|هذا الاسبوع)(?!\w)"), 3, 2),
    (re.compile(r"(?<!\w)(?:الشهر الماضي|قبل شهر|last month|a month ago)(?!\w)"), 30, 3),
    (re.compile(r"(?<!\w)(?:قبل (?:(?:\w+ )?اشهر|شهرين)|months ago|الاشهر الماضيه)(?!\w)"), 90, 3),
    (re.compile(
        r"(?<!\w)(?:العام الماضي|السنه الماضيه|العام الفائت|قبل (?:سنه|عام|عامين|سنتين|(?:\w+ )?(?:سنوات|اعوام))"
        r"|last year|years ago|a year ago|two years ago|(?:a|one|two|three) years? (?:has|have) passed"
        r"|مرور (?:عام|سنه|عامين|سنتين|(?:\w+ )?(?:سنوات|اعوام))|في مثل هذه الايام"
        r"|عام علي|سنه علي|سال كذشته|پارسال|سالي رابردوو)(?!\w)"), 365, 3),
)  # fmt: skip
_WEEKDAYS = {
    name: index
    for index, names in enumerate(
        (
            "الاثنين|الاتنين|monday|دوشنبه|دووشهممه",
            "الثلاثاء|tuesday|سه شنبه|سهشنبه|سيشهممه|سي شهممه",
            "الاربعاء|wednesday|چهارشنبه|چوارشهممه",
            "الخميس|thursday|پنجشنبه|پنج شنبه|پينجشهممه",
            "الجمعه|friday|جمعه|ههيني",
            "السبت|saturday|شنبه|شهممه",
            "الاحد|sunday|يكشنبه|يهكشهممه",
        )
    )
    for name in names.split("|")
}
_WEEKDAY = re.compile(r"(?<!\w)[وفل]?(?P<day>" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + r")(?:ي)?(?!\w)")
_FUTURE = re.compile(r" (?:المقبل|القادم|المقبله|next|protest|التالي|ئاينده|اينده)")
_NEXT = re.compile(r"(?:next|on the eve of|before|until|by|حتي|قبل|مقررا?|عشيه) (?:\w+ )?$")
_SEASONS = (
    (re.compile(
        r"anniversary of the october|(?:october|tishreen) (?:protest|movement|uprising"
        r"|revolution)s? anniversary"), 10, 10, 25, 35),
    (
        re.compile(r"ذكري (?:\w+ )?(?:(?:احتجاجات |ثوره |انتفاضه |تظاهرات |حراك )?تشرين|اكتوبر)"),
        10, 10, 25, 35,
    ),
    (re.compile(r"since the end of august|منذ (?:نهايه|اواخر) (?:اغسطس|اب)(?!\w)"), 9, 5, 10, 75),
)  # fmt: skip


def _full(match: re.Match[str]) -> date | None:
    year = match.group("y1") or match.group("y2")
    month = match.group("m1") or match.group("m2")
    day = match.group("d1") or match.group("d2")
    return _date(int(year), int(month), int(day))


def _day_month(match: re.Match[str], published: date) -> tuple[date | None, int]:
    name = match.group("m1") or match.group("m2") or match.group("m3") or match.group("m4") or match.group("m5")
    month = _MONTHS[name]
    written = match.group("d1") or match.group("d2")
    year = int(match.group("y")) if match.group("y") else published.year
    if written is None:
        # Only a month: its last day, so that a month still running is not taken for history.
        last = (date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)
        if not match.group("y") and last > published + timedelta(days=31):
            last = _date(year - 1, month, 28) or last
        return min(last, max(published, last.replace(day=1))) if last >= published else last, 3
    day = _date(year, month, int(written))
    if day and not match.group("y") and day > published + timedelta(days=1):
        day = _date(year - 1, month, int(written))
    return day, 1


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
