"""Dates as Iraqi sites write them, read strictly: a date that is not surely right is no date.

feedparser and email.utils guess, and guess wrong on shapes these sites use: `17-05-2024, 14:22` becomes 2017, `AST` the
Atlantic, `+03` three minutes. So: RFC 822 and ISO 8601 by their grammar, then the Iraqi forms (Levantine and Egyptian
month names, both at once, Arabic-Indic digits, ص/م, day-month-year, "today", Kurdish), then dateparser, then nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

BAGHDAD = ZoneInfo("Asia/Baghdad")
_EARLIEST = datetime(2003, 1, 1, tzinfo=UTC)  # no site watched here is older; Hijri years and 1970 fall out
_AHEAD = timedelta(hours=2)  # clocks of sites run fast, or know summer time that Iraq does not keep
_LONGEST = 120  # characters; dates are short, and a caption is none


def parse_date(text: str, now: datetime, *, day_first: bool = True) -> datetime | None:
    """The moment `text` names, in UTC, or None if it names none that can be believed at `now`.

    A time without a zone is Baghdad's (+03, no summer time); a date without a time is midnight there. Only moments
    from 2003 until two hours after `now` are believed. `day_first` settles 03/04/2026.
    """
    text = _tidy(text)
    if not text or len(text) > _LONGEST:
        return None
    _, _, gregorian = text.rpartition("الموافق")  # "Hijri date, corresponding to …"
    try:
        for read in (_rfc822, _iso, _numeric, _named_month, _relative, _epoch, _by_dateparser):
            moment = read(gregorian.strip(), now, day_first)
            if moment is not None:
                return _believed(moment, now)
    except _NoSuchMomentError:  # the form is known and the value impossible: a looser reader would only guess
        pass
    return None


class _NoSuchMomentError(ValueError):
    pass


def _believed(moment: datetime, now: datetime) -> datetime | None:
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if _EARLIEST <= moment <= now + _AHEAD else None


# --- the parts of a date -----------------------------------------------------------------------------------------

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹،", "01234567890123456789,")
_INVISIBLE = re.compile("[\u0640\u064b-\u065f\u200b-\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")

_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?(?![a-z])|صباحا|مساءا?|ظهرا|عصرا|ليلا|ص(?!\w)|م(?!\w)|پ\.ن|د\.ن|ب\.ظ)?"
)
_ZONE = r"(?P<zone>z|[a-z]{2,5}(?:\s?[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{1,2}(?::?\d{2})?|بتوقيت بغداد)?"
_BETWEEN = r"[\st|,\-–—@م]*(?:الساعه|at|في|و)?[\s:]*"  # between date and time
_CLOCK = rf"(?:{_BETWEEN}{_TIME}\s*\(?{_ZONE}\)?)?"
_AFTER = r"[\s.|)م]*$"  # a trailing م stands for ميلادي, "AD"
_FLAGS = re.IGNORECASE

_WEEKDAYS = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|السبت|الاحد|الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعه|"
    r"شەممە|یەکشەممە|دووشەممە|سێشەممە|چوارشەممە|پێنجشەممە|هەینی|يوم|الجمعة)"
)
_BEFORE = rf"^[\s(]*(?:{_WEEKDAYS}[\s,.\-–]*)*"

# RFC 822 zones, and those of the region. AST is Arabia here: no site watched lies on the Atlantic.
_ZONES = {
    **dict.fromkeys(("z", "ut", "utc", "gmt", "wet"), 0.0),
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
    **{"bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "trt": 3, "ast": 3, "irst": 3.5, "gst": 4},
}

_MONTHS_OF = {  # folded: alef without hamza or madda, final yeh as ي
    1: "كانون الثاني|كانون ثاني|يناير|جانفي|january|jan|کانوونی دووەم|کانونی دووەم",
    2: "شباط|فبراير|فيفري|february|feb|شوبات",
    3: "اذار|مارس|march|mar|ئازار|ئادار|ازار",
    4: "نيسان|ابريل|افريل|april|apr|نیسان",
    5: "ايار|مايو|ماي|may|ئایار|مایس|مايس",
    6: "حزيران|يونيو|يونيه|جوان|june|jun|حوزەیران",
    7: "تموز|يوليو|يوليه|جويليه|july|jul|تەممووز|تەموز|تەمموز",
    8: "اب|اغسطس|اوت|august|aug|ئاب",
    9: "ايلول|سبتمبر|september|sept|sep|ئەیلوول|ئەیلول",
    10: "تشرين الاول|تشرين اول|اكتوبر|october|oct|تشرینی یەکەم",
    11: "تشرين الثاني|تشرين ثاني|نوفمبر|november|nov|تشرینی دووەم",
    12: "كانون الاول|كانون اول|ديسمبر|december|dec|کانوونی یەکەم|کانونی یەکەم",
}
_MONTHS = {name: month for month, names in _MONTHS_OF.items() for name in names.split("|")}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_MONTH_NAME = rf"(?P<month>{_MONTH})(?![a-z\u0621-\u06d3])\.?(?:\s*[/(\\-]\s*(?:{_MONTH})\)?)?"  # both names of a month

_RFC822 = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})[ -](?P<month>[a-z]{{3,9}})\.?[ -](?P<year>\d{{4}}|\d{{2}}){_CLOCK}{_AFTER}", _FLAGS
)
_ISO = re.compile(rf"{_BEFORE}(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_CLOCK}{_AFTER}", _FLAGS)
_COMPACT = re.compile(
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})t(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>z)?$",
    _FLAGS,
)
_TIME_FIRST = re.compile(rf"{_BEFORE}{_TIME}{_BETWEEN}(?P<rest>\d.*)$", _FLAGS)
_NUMERIC = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})\s?([-/.])\s?(?P<month>\d{{1,2}})\s?\2\s?(?P<year>\d{{4}}){_CLOCK}{_AFTER}", _FLAGS
)
_DAY_MONTH = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,/-]*(?:of\s|من\s|ی\s)?{_MONTH_NAME}[\s,/-]*(?P<year>\d{{4}}){_CLOCK}{_AFTER}",
    _FLAGS,
)
_MONTH_DAY = re.compile(
    rf"{_BEFORE}{_MONTH_NAME}[\s,/-]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s,/-]+(?P<year>\d{{4}}){_CLOCK}{_AFTER}",
    _FLAGS,
)
_DAY_WORDS = {
    "اليوم": 0,
    "today": 0,
    "ئەمڕۆ": 0,
    "امروز": 0,
    "امس": 1,
    "البارحه": 1,
    "yesterday": 1,
    "دوێنێ": 1,
    "دیروز": 1,
}
_DAY_WORD = re.compile(rf"^(?P<word>{'|'.join(_DAY_WORDS)}){_CLOCK}{_AFTER}", _FLAGS)
_UNITS = {
    **dict.fromkeys(("ثانيه", "ثوان", "ثواني", "second", "seconds", "sec", "چرکە"), timedelta(seconds=1)),
    **dict.fromkeys(
        ("دقيقه", "دقائق", "دقايق", "minute", "minutes", "min", "mins", "خولەک", "دەقە"), timedelta(minutes=1)
    ),
    "دقيقتين": timedelta(minutes=2),
    **dict.fromkeys(("ساعه", "ساعات", "hour", "hours", "hr", "hrs", "کاتژمێر", "سەعات"), timedelta(hours=1)),
    "ساعتين": timedelta(hours=2),
    **dict.fromkeys(("يوم", "ايام", "يوما", "day", "days", "ڕۆژ", "رۆژ"), timedelta(days=1)),
    "يومين": timedelta(days=2),
    **dict.fromkeys(("اسبوع", "اسابيع", "week", "weeks", "هەفتە"), timedelta(weeks=1)),
    "اسبوعين": timedelta(weeks=2),
}
_AGO = re.compile(
    r"^(?:(?P<before>منذ|قبل|پێش)\s*)?(?P<number>\d{1,3}|an?)?\s*(?P<unit>"
    + "|".join(sorted(_UNITS, key=len, reverse=True))
    + r")\s*(?P<after>ago|مضت|لەمەوپێش|لەمەوبەر|پێش ئێستا)?[\s.]*$",
    _FLAGS,
)


def _tidy(text: str) -> str:
    text = _INVISIBLE.sub("", text.translate(_DIGITS))
    for variant, letter in (("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ٱ", "ا"), ("ى", "ي"), ("ة", "ه"), ("ً", "")):
        text = text.replace(variant, letter)
    return _SPACES.sub(" ", text).strip().lower()


# --- the forms, strictest first ----------------------------------------------------------------------------------


def _rfc822(text: str, now: datetime, day_first: bool) -> datetime | None:
    found = _RFC822.match(text)
    if not found or (month := _MONTHS.get(found["month"])) is None:
        return None
    year = int(found["year"])
    return _moment(found, year + 2000 if year < 100 else year, month, int(found["day"]))


def _iso(text: str, now: datetime, day_first: bool) -> datetime | None:
    found = _ISO.match(text) or _COMPACT.match(text)
    return _moment(found, int(found["year"]), int(found["month"]), int(found["day"])) if found else None


def _numeric(text: str, now: datetime, day_first: bool) -> datetime | None:
    found = _NUMERIC.match(text)
    if not found:
        early = _TIME_FIRST.match(text)  # "14:22 17-05-2024": the other way round
        found = _NUMERIC.match(f"{early['rest']} {text[early.start('hour') : early.end('half')]}") if early else None
        if early and not found:
            return _iso(f"{early['rest']} {text[early.start('hour') : early.end('minute')]}", now, day_first)
    if not found:
        return None
    day, month = int(found["day"]), int(found["month"])
    if month > 12 or (not day_first and day <= 12):
        day, month = month, day
    return _moment(found, int(found["year"]), month, day)


def _named_month(text: str, now: datetime, day_first: bool) -> datetime | None:
    found = _DAY_MONTH.match(text) or _MONTH_DAY.match(text)
    return _moment(found, int(found["year"]), _MONTHS[found["month"]], int(found["day"])) if found else None


def _relative(text: str, now: datetime, day_first: bool) -> datetime | None:
    if found := _DAY_WORD.match(text):
        day = now.astimezone(BAGHDAD) - timedelta(days=_DAY_WORDS[found["word"]])
        return _moment(found, day.year, day.month, day.day)
    found = _AGO.match(text)
    if not found or not (found["before"] or found["after"]):
        return None
    number = found["number"]
    return now - _UNITS[found["unit"]] * (int(number) if number and number.isdigit() else 1)


def _epoch(text: str, now: datetime, day_first: bool) -> datetime | None:
    if not re.fullmatch(r"\d{10}|\d{13}", text):
        return None
    return datetime.fromtimestamp(int(text[:10]), UTC)


def _by_dateparser(text: str, now: datetime, day_first: bool) -> datetime | None:
    """What the forms above do not know, if dateparser finds a day, a month and a year in it.

    Asked last because it drops words that it does not know: it reads a time zone out of a name.
    """
    if not re.search(r"(?<!\d)20\d\d(?!\d)", text) or len(re.findall(r"\d+", text)) < 2 or re.search(r"\d{5,}", text):
        return None  # a headline with a number in it: dateparser takes milliseconds to say no
    return _dateparser(day_first)(text, now)


@lru_cache(maxsize=2)
def _dateparser(day_first: bool) -> Callable[[str, datetime], datetime | None]:
    from dateparser.date import DateDataParser  # costs half a second, and most feeds never need it

    def read(text: str, now: datetime) -> datetime | None:
        parser = DateDataParser(
            languages=["ar", "en", "fa"],
            settings={
                "STRICT_PARSING": True,
                "DATE_ORDER": "DMY" if day_first else "MDY",
                "RELATIVE_BASE": now.astimezone(BAGHDAD).replace(tzinfo=None),
                "PARSERS": ["absolute-time"],
            },
        )
        try:
            found = parser.get_date_data(text).date_obj
        except (ValueError, OverflowError, TypeError, RecursionError):
            return None
        if not isinstance(found, datetime):
            return None
        return found if found.tzinfo else found.replace(tzinfo=BAGHDAD)

    return read


def _moment(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    """Raises _NoSuchMomentError for 25:61, the 31st of April or an unknown zone."""
    parts = found.groupdict()
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if hour == 0 or hour > 12:
            half = ""  # "14:05 م": the clock has 24 hours already
        elif half[0] in "aصپ":
            hour %= 12
        elif half[0] in "pمظعدبل":
            late_night = half == "ليلا" and hour in (12, 1, 2, 3, 4)
            hour = hour % 12 + (0 if late_night else 12)
    zone = _zone(parts.get("zone") or "")
    if zone is None:
        raise _NoSuchMomentError(found.string)
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    except ValueError as error:
        raise _NoSuchMomentError(found.string) from error


def _zone(name: str) -> tzinfo | None:
    """None for a zone that is not known: a time that may be hours off is not believed."""
    if not name or name == "بتوقيت بغداد":
        return BAGHDAD
    word, sign, offset = re.fullmatch(r"([a-z]*)\s?([+-]?)([\d:]*)", name).groups()  # type: ignore[union-attr]
    if word and word not in _ZONES:
        return None
    hours = timedelta(hours=_ZONES[word] if word else 0)
    if offset:
        digits = offset.replace(":", "")
        shift = timedelta(hours=int(digits[:-2] if len(digits) > 2 else digits))
        shift += timedelta(minutes=int(digits[-2:])) if len(digits) > 2 else timedelta()
        hours += -shift if sign == "-" else shift
    return timezone(hours) if abs(hours) <= timedelta(hours=14) else None
