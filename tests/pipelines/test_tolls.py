"""Killed and injured, in words and digits, singular, dual and plural."""

import ast
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from pipelines import dating, furniture, genres, placing, scenes, ties
from pipelines.text import fold
from pipelines.tolls import Toll, fates, people, toll, words


@pytest.mark.parametrize(
    ("text", "killed", "injured"),
    [
        ("أربعة قتلى و12 جريحا", 4, 12),
        ("سقوط قتيلين ومثلهما جرحى", 2, 2),
        ("تصاعدت بعد مقتل متظاهر قرب حقل غرب القرنة 2", 1, None),
        ("مسيرات تنديد باغتيال أمين عام الحزب", None, None),
        ("هذه مدينة الشهيدين", None, None),
        ("أحيا الآلاف الذكرى الثانية لمقتل قائد الفيلق", None, None),
        ("حكم بالإعدام على مدان بقتل ثلاثة أشخاص", None, None),
        ("أربعينية أحد المنتسبين الذي توفي بحادث سير", None, None),
        ("ثلاثة ضباط قتلوا في هجوم مسلح", 3, None),
        ("توفي مرافقه متأثرا بإصابته", 1, None),
        ("لا يزال ستة يتلقون العلاج", None, 6),
        ("أودت رصاصة بحياة طفلة لم تتجاوز التاسعة وأصابت والدتها", 1, 1),
        ("حدث ذلك أمام المكتب بأمر القائد", None, None),
        ("a failed attempt was reported on the life of the commander", None, None),
        ("a man convicted of killing two journalists", None, None),
        ("he died in a car accident", None, None),
        ("police killed a man at the gates of the West Qurna 2 oilfield", 1, None),
        ("ارتفاع حصيلة الضحايا من قتيلين إلى أربعة", 4, None),
        ("احد عشر جريحا في عراك", None, 11),
        ("سبع اصابات وحالتي وفاة", 2, 7),
        ("وفاة أحد المصابين متأثرا بجراحه", 1, None),
        ("قُتل المسؤول وزوجته فيما يرقد طفلاهما في العناية المركزة", 2, 2),
        ("مقتل وإصابة عشرة أشخاص", None, None),
        ("وصل خمسة أشخاص بين قتيل وجريح", None, None),
        ("مقتل ضابط برتبة عقيد وثلاثة من مرافقيه", 4, None),
        ("قتل، مساء اليوم، ثلاثة أشخاص", 3, None),
        ("إصابة 3 أشخاص واعتقال خمسة", None, 3),
        ("مقتل شخص وثلاثة آخرون أصيبوا بجروح", 1, 3),
        ("أُصِيبَ شُرطِيّانِ بِجُروحٍ وَقُتِلَ مُسَلَّحٌ", 1, 2),
        ("مقتــل شرطيين وإصــابة ثلاثة", 2, 3),
        ("أردوا رجلا في الثامنة والثلاثين من عمره بثلاث رصاصات", 1, None),
        ("قتل ضابط في هجوم شنه ثلاثة مسلحين", 1, None),
        ("زيارة وفد ضم 3 ضباط إلى موقع القصف", None, None),
        ("نجا من محاولة قتل ثلاثة حراس", None, None),
        ("a policeman and two civilians were killed", 3, None),
        ("the death toll rose from two to four", 4, None),
        ("Two killed, five wounded in clash", 2, 5),
        ("A 24-year-old protester was shot dead", 1, None),
        ("Three people were killed or wounded", None, None),
        ("four rockets killed two soldiers", 2, None),
        ("one of the wounded died", 1, None),
        ("Clashes have killed at least two people", 2, None),
        ("two brothers were arrested over the killing of a guard", 1, None),
        ("یکی از فرماندهان میدانی جنبش و محافظش بامداد پنجشنبه در شمال بصره به شهادت رسیدند", 2, None),
        ("هیچ زیانێکی گیانی لێ نەکەوتەوە", 0, 0),
        ("سێ پۆلیسیش بریندار بوون", None, 3),
        ("هەشتی دیکەش بریندارن", None, 8),
        ("لقي خمسة من حراس الميناء وعناصر الحركة مصرعهم", 5, None),
        ("فلقي حتفه هو وسائقه", 2, None),
        ("مقتل معلمة وطفلتها برصاص مسلحين", 2, None),
        ("اغتيال الضابط وإصابة شقيقه", 1, 1),
        ("بلغ عدد قتلى المحتجين 9", 9, None),
        ("قال شهود إن طالبا قضى برصاص الحراس", 1, None),
        ("وهناك قتل شاب ثان", 2, None),
        ("ما أسفر عن إصابة سائقه وطفل كان في الشارع", None, 2),
        ("A bodyguard has died of his wounds. Another guard was wounded", 1, 1),
        ("به کشته شدن دو نفر و زخمی شدن هفت نفر انجامید", 2, 7),
        ("إصابة ثلاثة نقلوا إلى مستشفى الزهراء", None, 3),
        ("مقتل ثلاثة في كمين", 3, None),
        ("إصابة أربع سيارات بأضرار", None, None),
        ("وكان شرطيان قد جرحا في الحادث", None, 2),
        ("أصيب الحارس وجرح جرحا بليغا", None, 1),
        ("ولم تسجل سوى أضرار مادية", None, 0),
        ("دون أن يسفر الانفجار عن إصابات", None, 0),
        ("the killing of a teacher and her small daughter", 2, None),
        ("A shopkeeper and his young son were shot dead", 2, None),
        ("A second man died at the hospital gate", 2, None),
        ("Four people are being treated in Kut", None, 4),
        ("The guards were not hurt", None, 0),
        ("یکی از محافظان دفتر زخمی شد", None, 1),
        ("سێ کەس لە شەڕی نێوان دوو گرووپی چەکدار لە بەسرە کوژران", 3, None),
        ("دوو کەس گیانیان لەدەستدا", 2, None),
        ("هیچ کەسێک بریندار نەبوو", None, 0),
        ("فأصيب أربعة أشخاص ولم يقتل أحد", 0, 4),
        ("وأصيب خمسة أشخاص ولم تسجل وفيات", 0, 5),
        ("إن شرطيا قُتل وأصيب اثنان من المسلحين مساء الأربعاء", 1, 2),
        ("إن أحد أفراد حمايته أصيب بساقه", None, 1),
        ("إن أحد المنتسبين تعرض للضرب وأصيب بكسر في يده", None, 1),
        ("قال إن مسلحا قتل ثلاثة حراس", 3, None),
        ("تفجير أودى بحياة شخصين", 2, None),
        ("هجوم أودى بحياة ثلاثة من عناصره", 3, None),
        ("جريمة أودت بحياة ضابط", 1, None),
        ("munitions fell on a house, killing a woman and seriously wounding her son", 1, 1),
        ("He was travelling with his son, who was hit in the arm", None, 1),
        ("His father, aged 70, and a guard were injured by fragments", None, 2),
        ("Seven other people were being treated in hospital", None, 7),
        ("Gunmen assassinated the director of the office in the town", 1, None),
        ("Gunmen tried to kill the director of the office", None, None),
        ("ژنێک گیانی لەدەستدا و کوڕەکەی بە سەختی بریندار بوو", 1, 1),
        ("دوو پاسەوانی بەرپرسەکە بریندار بوون", None, 2),
        ("چەکداران دوو کەسیان کوشت", 2, None),
        ("تەقەیان لە ئۆتۆمبێلی ئەندامێکی گرووپەکە کرد لە بەسرە و کوشتیان", 1, None),
        ("ئەندامێکی گرووپەکە شەوی شەممە لەبەردەم مزگەوتێک بە تەقەی دوو چەکداری ماتۆڕسوار کوژرا", 1, None),
        ("الهجوم لم يوقع ضحايا لكنه أصاب جدران البيت", 0, 0),
        ("ولم تقع إصابات", None, 0),
        ("لقيت امرأة حتفها وأصيب ابنها إصابة بليغة", 1, 1),
        ("وأصيب المصوران بكدمات", None, 2),
        ("فأصيب سبعة منهم وفارق أحدهم الحياة", 1, 7),
        ("No one was hurt in the attack.", None, 0),
        ("Two gunmen on a motorcycle assassinated a member of the movement", 1, None),
        ("A grenade left a hole in the water tank", None, None),
        ("killing the guard and leaving three people dead", 3, None),
        ("شش تن از رزمندگان به شهادت رسیدند و ۱۴ نفر زخمی شدند", 6, 14),
        ("ژنێک کوژرا و کوڕەکەی بە سەختی بریندار بوو", 1, 1),
        ("خمسة قتلى وقرابة عشرين جريحا", 5, 20),
        ("قتيلان وثلاثة جرحى", 2, 3),
        ("شخصان قُتلا وثلاثة من أفراد الشرطة أصيبوا", 2, 3),
        ("مقتل أحد عناصر السرايا وجرح آخر", 1, 1),
        ("فقُتل هو ومرافقه", 2, None),
        ("قُتل شخص ثم قُتل آخر قرب المكان", 2, None),
        ("لقي القيادي حيدر الكعبي حتفه وأصيب سائقه", 1, 1),
        ("أصيب شرطي بكدمات", None, 1),
        ("مقتل متظاهرين اثنين وإصابة 11 آخرين", 2, 11),
        ("هاجموا المقر وقتلوا حارسين", 2, None),
        ("اغتال مسلحون مجهولون فجر اليوم قياديا أمام منزله", 1, None),
        ("نجا القيادي من محاولة اغتيال قيادي آخر", None, None),
        ("أسفر عن مقتل شرطيين وإصابة ثلاثة مسلحين", 2, 3),
        ("قتل على إثرها أربعة أشخاص", 4, None),
        ("إصابة خمسة بينهم ضابط", None, 5),
        ("يوقع 10 ضحايا", None, None),
        ("من دون وقوع إصابات", None, 0),
        ("Four militiamen were killed", 4, None),
        ("kill four militiamen", 4, None),
        ("a day on which four men died", 4, None),
        ("Four or more people were killed", 4, None),
        ("two people dead and five wounded", 2, 5),
        ("one person died and another was wounded", 1, 1),
        ("five people died and others were hurt", 5, None),
        ("A policeman was bruised", None, 1),
        ("Nobody was injured", None, 0),
        ("چهار نفر جان خود را از دست دادند", 4, None),
        ("دو کشته و سه زخمی", 2, 3),
        ("دوو کەس بریندار بوون", None, 2),
        ("کەسێک کوژراوە و یەکێکی دیکە بریندارە", 1, 1),
        ("انتشار مسلح في شارع 14 تموز", None, None),
        ("in 2022 militias fought", None, None),
        ("", None, None),
    ],
)
def test_a_sentence_gives_its_toll(text: str, killed: int | None, injured: int | None) -> None:
    assert toll(text) == Toll(killed, injured)


@pytest.mark.parametrize(
    "module",
    [dating, furniture, genres, placing, scenes, ties, words, people, fates],
    ids=lambda module: module.__name__,
)
def test_patterns_for_folded_text_are_folded_themselves(module: ModuleType) -> None:
    """Folding makes one letter of ك, ک and گ, and of ه and ة, so that a pattern that keeps one never finds anything."""
    nodes = list(ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in prose]
    found = {word for text in strings if isinstance(text, str) for word in re.findall(r"[\u0620-\u06ff]+", text)}
    # What joins two places, and what tells Sorani from Arabic, is read in the text itself.
    raw = {placing: {"محافظة"}, words: {"ەێۆڕڵ"}}.get(module, set())
    assert {word for word in found if fold(word) != word} == raw


def test_the_vocabulary_holds_no_role_that_nobody_reads() -> None:
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (words, people, fates))
    file = Path(str(words.__file__)).with_name("words.toml")
    languages = tomllib.loads(file.read_text(encoding="utf-8"))
    roles = {role for language in languages.values() for role in language["words"]}
    assert {role for role in roles if f'"{role}"' not in source} == {"plain", "mixed"}  # they only take a phrase
    places = {place for language in languages.values() for kind in words.KINDS for place in language.get(kind, {})}
    assert places == {*words._PLACES, "harm", "none"}
