"""Articles made to be missed or to raise a false alarm: a corpus for each kind, judged as any other report.

The numbers are those of the list of faults: 61 look-alike letters, 62 ornaments, 63 stuffing, 64 namesakes, 65 what was
not done, or not now.
"""

from __future__ import annotations

import pytest

from pipelines.findings import judge
from pipelines.lexicon import load_lexicon
from pipelines.models import Watch
from tests.pipelines.reports import report

LEXICON = load_lexicon()
CLASH = "اشتبك مسلحون من {saraya} مع عناصر من {asaib} وسط {basra}، مساء السبت، وسقط قتيلان."
PLAIN = {"saraya": "سرايا السلام", "asaib": "عصائب أهل الحق", "basra": "البصرة"}

LOOK_ALIKES = {
    "presentation forms": {"saraya": "ﺳﺮﺍﻳﺎ ﺍﻟﺴﻼﻡ", "basra": "ﺍﻟﺒﺼﺮﺓ"},
    "persian letters": {"saraya": "سرایا السلام", "asaib": "عصائب اهل الحق"},
    "alef wasla": {"saraya": "سرايا ٱلسلام", "asaib": "عصائب أهل ٱلحق", "basra": "ٱلبصرة"},
    "hamza and ta marbuta": {"asaib": "عصايب اهل الحق", "basra": "البصره"},
}
ORNAMENTS = {
    "tatweel": {"saraya": "ســرايــا الســلام", "asaib": "عصــائب أهــل الحــق", "basra": "البصـــرة"},
    "vowel signs": {"saraya": "سَرَايَا السَّلَامِ", "asaib": "عَصَائِبِ أَهْلِ الحَقِّ", "basra": "البَصْرَةِ"},
    "zero width": {
        "saraya": "سر\u200bايا الس\u200dلام",
        "asaib": "عص\u2060ائب أهل الح\ufeffق",
        "basra": "الب\u200cصرة",
    },
    "bidi signs": {"saraya": "\u202bسرايا\u202c \u2067السلام\u2069", "basra": "\u200fالبصرة\u200f"},
    "soft hyphen": {"saraya": "سرا\u00adيا السلام", "basra": "البص\u00adرة"},
}
STUFFING = {
    "tag cloud": "وسوم: سرايا السلام، عصائب أهل الحق، البصرة، واسط، اشتباك، قتلى، الكوت، بغداد، مظاهرات",
    "names alone": "سرايا السلام البصرة عصائب أهل الحق واسط " * 40,
    "related news": (
        "أعلنت وزارة التجارة، اليوم، توزيع مفردات البطاقة التموينية في عموم المحافظات.\n\nاقرأ أيضاً\n"
        "اشتباك بين سرايا السلام والعصائب في البصرة"
    ),
    "weather": "توقعت هيئة الأنواء الجوية طقساً صحواً في البصرة. وفي بغداد التقى زعيم التيار بقادة سرايا السلام.",
}
NAMESAKES = {
    "a street of Baghdad": "اشتبك مسلحون من سرايا السلام مع قوة أمنية في شارع البصرة في بغداد مساء السبت.",
    "a mediator": "قال وسيط إن اشتباكاً وقع بين سرايا السلام وقوة أمنية في بغداد.",
    "in the middle of": "اشتبك مسلحون من سرايا السلام مع قوة أمنية وسط بغداد.",
    "a hotel": "قُتل شخص بإطلاق نار أمام فندق السرايا وسط البصرة.",
    "peace": "نظمت منظمات مدنية في البصرة مسيرة من أجل السلام وهاجم مجهولون سيارة قربها.",
    "gangs": "ألقت الشرطة القبض على عصابة في البصرة بعد تبادل إطلاق نار.",
}
NOT_DONE = {
    "denied": "نفت قيادة شرطة البصرة وقوع أي اشتباك بين سرايا السلام وعصائب أهل الحق في المحافظة.",
    "an anniversary": "أحيت سرايا السلام في البصرة الذكرى السنوية لاشتباكات عام 2008.",
    "history": "وكانت البصرة قد شهدت عام 2008 اشتباكات خاضها مقاتلون من عصائب أهل الحق ضد القوات البريطانية.",
}


def verdicts(body: str) -> set[str]:
    return {finding.verdict for finding in judge(report(body), LEXICON, Watch())}


@pytest.mark.parametrize("names", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_61_look_alike_letters_hide_no_name_and_are_shown_as_written(names: dict[str, str]) -> None:
    body = CLASH.format(**{**PLAIN, **names})
    (finding,) = judge(report(body), LEXICON, Watch())
    assert finding.verdict == "alert"
    assert finding.governorates == ("basra",)
    assert finding.passages[0].text in body


@pytest.mark.parametrize("names", ORNAMENTS.values(), ids=ORNAMENTS.keys())
def test_62_ornaments_hide_no_name_and_the_marks_lie_on_the_original(names: dict[str, str]) -> None:
    body = CLASH.format(**{**PLAIN, **names})
    (finding,) = judge(report(body), LEXICON, Watch())
    assert finding.verdict == "alert"
    assert set(finding.groups) == {"saraya_al_salam", "asaib_ahl_al_haq"}
    marked = "".join(finding.passages[0].text[start:end] for start, end in finding.passages[0].marks)
    core = names["saraya"].strip("\u202b\u202c\u2067\u2069")
    assert core.split()[0][-2:] in marked


@pytest.mark.parametrize("body", STUFFING.values(), ids=STUFFING.keys())
def test_63_names_that_no_deed_binds_alert_nobody(body: str) -> None:
    assert "alert" not in verdicts(body)


@pytest.mark.parametrize("body", NAMESAKES.values(), ids=NAMESAKES.keys())
def test_64_namesakes_alert_nobody(body: str) -> None:
    assert "alert" not in verdicts(body)


@pytest.mark.parametrize("body", NOT_DONE.values(), ids=NOT_DONE.keys())
def test_65_what_was_not_done_or_not_now_is_no_news_of_a_clash(body: str) -> None:
    for finding in judge(report(body), LEXICON, Watch()):
        assert finding.verdict != "alert" or "denial" in finding.tags
