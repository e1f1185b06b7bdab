"""Known names are found in every spelling, and words that only look like them are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lexicon import load_lexicon
from pipelines.mentions import find_mentions

LEXICON = load_lexicon()
NAMES = ("group", "body", "governorate", "place")


def entities(text: str, language: str = "ar", kinds: tuple[str, ...] = NAMES) -> list[str]:
    return [m.entity for m in find_mentions(text, LEXICON, language) if m.kind in kinds]


SAS = ["سرايا السلام", "قوات سرايا السلام", "ميليشيا سرايا السلام", "سر ايا السلام", "سريا السلام", "سراج السلام"]
AAH = ["عصائب أهل الحق", "عصائب اهل الحق", "حركة عصائب أهل الحق", 'عصائب "أهل الحق"', "عصائب اهلالحق", "عصائب اہل الحق"]


@pytest.mark.parametrize("proclitic", ["", "و", "ف", "ب", "ل", "ك", "ول", "وب", "فب", 'بـ"', "لـ«", "#", "و - "])
@pytest.mark.parametrize("name", SAS + AAH)
def test_an_arabic_name_is_found_behind_every_proclitic(name: str, proclitic: str) -> None:
    group = "saraya_al_salam" if name in SAS else "asaib_ahl_al_haq"
    assert group in entities(f"قال مصدر {proclitic}{name} أمس")


@pytest.mark.parametrize("word", ["العصائب", "والعصائب", "بالعصائب", "للعصائب", "وللعصائب", "فالعصائب", "كالعصائب"])
def test_a_name_with_article_is_found_behind_every_proclitic(word: str) -> None:
    assert entities(f"اشتباك {word} في واسط") == ["asaib_ahl_al_haq", "wasit"]


@pytest.mark.parametrize(
    "name",
    ["Asa'ib Ahl al-Haq", "Asa’ib Ahl Al-Haq", "Asaib Ahl al Haq", "Asaïb Ahl al-Haq", "Aṣaʾib ʾAhl al-Haqq",
     "Asaeb Ahl al-Haq",
     "Asayib Ahl al-Haq", "Asaib Ahl Al Huq", "Assaib Ahl al-Haq", "Asaib Ahl-ul-Haq", "League of the Righteous"],
)  # fmt: skip
def test_latin_spellings_of_asaib(name: str) -> None:
    assert entities(f"The {name}’s men", "en") == ["asaib_ahl_al_haq"]


@pytest.mark.parametrize(
    "name",
    ["Saraya al-Salam", "Saraya Al Salam", "Saraya as-Salam", "Saraya al-Salaam", "Saraya Salam", "Saraya alSalam",
     "Sarāyā al-Salām", "Seraya al-Salam", "Sarayat al-Salam", "al-Salam Brigades"],
)  # fmt: skip
def test_latin_spellings_of_saraya(name: str) -> None:
    assert entities(f"of {name}, said", "en") == ["saraya_al_salam"]


def test_persian_and_sorani_names() -> None:
    assert entities("فعالیت سرایا السلام در بصره و واسط", "fa") == ["saraya_al_salam", "basra", "wasit"]
    assert entities("چەکدارانی سەرایا سەلام لە بەسرەدا", "ckb") == ["saraya_al_salam", "basra"]
    assert entities("لە عەسائیبی ئەهلی حەقەوە", "ckb") == ["asaib_ahl_al_haq"]


def test_the_sorani_word_for_said_is_not_kut() -> None:
    assert "wasit.kut" not in entities("سەرچاوەیەک گوتی کە", "ckb")
    assert "wasit.kut" in entities("لە کوت، لە پارێزگای واست", "ckb")


@pytest.mark.parametrize(
    "text",
    [
        "أعلنت سرايا القدس مسؤوليتها", "سرايا أولياء الدم تتبنى", "«سرايا الخراساني»", "السرايا الحكومية في بيروت",
        "العصائب الحمراء في إدلب", "عصابات داعش", "دخل بواسطة سلم", "في أواسط العام", "غض بصره عنه", "مخططهم بالسكوت",
        "منظمة الفاو تحذر", "كتلة الأحرار النيابية", "كوت ديفوار", "خام البصرة الخفيف", "شارع البصرة", "بصرى الشام",
        "الحسن البصري", "سرايا - قال رئيس الوزراء", "Basrah Heavy crude", "Saraya al-Quds", "Saraya Awliya al-Dam",
        "Peace Brigades International", "FAO said", "aah, that hurts", "الكويت", "وسيط", "دار السلام",
        "قال المصدر لبغداد اليوم", "Baghdad Today reported",
    ],
)  # fmt: skip
def test_collisions_stay_silent(text: str) -> None:
    language = "en" if text.isascii() else "ar"
    found = [m for m in find_mentions(text, LEXICON, language) if m.kind in NAMES and m.strength >= 0.5]
    assert [m.entity for m in found] == []


def test_a_place_inside_basra_called_kut_is_not_wasit() -> None:
    assert entities("كوت الزين في أبي الخصيب") == ["basra.abu_al_khasib"]
    assert entities("سيطرة الكوت في قضاء الزبير") == ["basra.al_zubair"]


def test_the_longest_name_wins() -> None:
    assert entities("مدينة الصدر", kinds=("person", "governorate")) == ["baghdad"]
    assert entities("قضاء أبي الخصيب") == ["basra.abu_al_khasib"]


def test_capitals_where_they_tell_a_name_from_a_word() -> None:
    assert entities("The AAH office", "en") == ["asaib_ahl_al_haq"]
    assert entities("ААН office", "en") == ["asaib_ahl_al_haq"]  # Cyrillic look-alikes
    assert entities("a saraya in the desert", "en") == []


def test_a_verb_in_a_name_is_no_action() -> None:
    assert entities("Popular Mobilization Forces", "en", ("action",)) == []


def test_spans_are_those_of_the_original() -> None:
    text = "هجوم لـ«سَرَايا السّلام» في البصـرة"
    found = [m for m in find_mentions(text, LEXICON) if m.kind in NAMES]
    assert [text[m.start : m.end] for m in found] == ["سَرَايا السّلام", "بصـرة"]
    assert all(m.form == text[m.start : m.end] for m in found)


@given(
    st.text(alphabet="سرايا السلام عصائب أهل الحق البصرة واسط .،ـ\u064e\u200c*'\"\nabAH", max_size=200),
    st.sampled_from(["ar", "en", "fa", "ckb"]),
)
def test_any_text_gives_mentions_within_it(text: str, language: str) -> None:
    for mention in find_mentions(text, LEXICON, language):
        assert 0 <= mention.start < mention.end <= len(text)
        assert 0 < mention.strength <= 1


def test_a_sorani_name_with_suffixes_without_end_is_looked_at_once() -> None:
    # Without a bound on the suffixes this would not end in a lifetime.
    assert find_mentions("سەرایا سەلام" + "یان" * 60 + "ب", LEXICON, "ckb") is not None
