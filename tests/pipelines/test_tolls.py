"""Killed and injured, in words and digits, singular, dual and plural."""

import ast
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from pipelines import dating, furniture, genres, placing, scenes, ties, tolls
from pipelines.text import fold
from pipelines.tolls import Toll, toll

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(
    ("text", "killed", "injured"),
    [
        ("أربعة قتلى و12 جريحا", 4, 12),
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
        ("Two gunmen on a motorcycle assassinated a member of the movement", None, None),
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


def test_the_words_a_table_is_tried_for_miss_no_toll(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [json.loads(line) for line in (DATA / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    sentences = [part for case in cases for part in re.split(r"[.\n]", case["title"] + "\n" + case["body"])]
    quick = [toll(sentence) for sentence in sentences]
    for table in (*tolls._KILLED, *tolls._INJURED):
        monkeypatch.setattr(table, "words", re.compile(""))
    assert [toll(sentence) for sentence in sentences] == quick


@pytest.mark.parametrize(
    "module", [dating, furniture, genres, placing, scenes, ties, tolls], ids=lambda module: module.__name__
)
def test_patterns_for_folded_text_are_folded_themselves(module: ModuleType) -> None:
    """Folding makes one letter of ك, ک and گ, and of ه and ة, so that a pattern that keeps one never finds anything."""
    nodes = list(ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in prose]
    words = {word for text in strings if isinstance(text, str) for word in re.findall(r"[\u0620-\u06ff]+", text)}
    raw = {"محافظة"} if module is placing else set()  # what joins two places is read in the text itself
    assert {word for word in words if fold(word) != word} == raw
