"""Killed and injured, in words and digits, singular, dual and plural."""

import pytest

from pipelines.tolls import Toll, toll


@pytest.mark.parametrize(
    ("text", "killed", "injured"),
    [
        ("أربعة قتلى و12 جريحا", 4, 12),
        ("فأصيب أربعة أشخاص ولم يقتل أحد", None, 4),
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
