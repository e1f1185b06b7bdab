"""Where a sentence lies: the governorates it names as the place, and those it names as something else.

People come from a place, roads lead to one, offices are held for one, outlets are called after one: that is not where
it happened.
"""

from __future__ import annotations

import re

from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.models import Mention
from pipelines.passages import Sentence
from pipelines.text import fold

# People and forces that come from a place, offices held for it, roads to it: the place is not where it happened.
_COMERS_AR = (
    "فرق|فرقا|قوات|قوه|تعزيزات|مقاتلين|مقاتلون|متظاهرين|متظاهرون|محتجين|زائرين|زوار|نواب|نائب|شيوخ|عشائر"
    "|وفد|وفود|وفدا|عناصر"
    "|منتسبين|مشاركين|مواكب|شباب|شخصيات|لجنه|طلبه|انصار|المتظاهرون|المتظاهرين|القادمين|قادمين|القادمه|قادمه|القادم|قادم"
)
_ORIGIN_AR = re.compile(
    rf"(?:(?:{_COMERS_AR}) (?:\w+ ){{0,3}}?من|باتجاه|صوب|نحو|الي جهه|ابناء|من اهالي|ابن|مواليد|جبهه|جبهات"
    rf"|من ريف|من قري|مهاجر\w* من|مسقط راس"
    rf"|ينحدر\w* من|اصلا من"
    r"|عدا|ما عدا|ماعدا|باستثناء|سوي|(?:معارك |عمليات |معركه |حرب )?تحرير|به جز|جكه له|بيجكه له"
    r"|(?:مرشح|النائب|نائب|ممثل)\w* عن|(?:كم|كيلومتر\w*) (?:جنوب|شمال|شرق|غرب)\w*|(?:طريق|الطريق)"
    r"(?:(?: \w+){0,3} بين)?|خط"
    r"|(?:جثمان|جثامين|جثه|جثته|جثث|رفات)\w{0,3} (?:\w+ ){0,6}?الي"
    r"|(?:في|علي) طريق\w{2,3} الي|(?:المؤديه|مؤديه|الموديه|الرابط|المتجه|متجها|متوجها) الي"
    r"|(?:حدادا علي|تضامنا مع)(?: (?:ارواح|ضحايا|اهالي|اهل|ابناء|ذوي|شهداء))*|(?:ل|ذوي )?ضحايا(?! ب)|ل?شهداء|دماء|فاجعه"
    r"|(?:يشغل|شغل|يتولي|تولي) (?:\w+ ){0,6}?(?:في|ب)"
    r"|(?<!\w)محافظ|مجلس محافظه (?:\w+ )?من|(?:قدم|قدموا|وصل|وصلوا|جاء|جاءوا|ارسلت|وصول \w+) من)"
    r" ?(?:محافظه|محافظات|محافظتي|مدينه|مدن|العاصمه|جنوب|شمال|شرقي|غربي|جنوبي|شمالي)? ?[بلو]?(?:ال)?$"
)
_COMERS_EN = (
    "delegations?|visitors|pilgrims|families|protesters|demonstrators|troops|forces?|reinforcements"
    "|officials|fighters from|crews"
    "|supporters|lawmakers?|mps?|deput(?:y|ies)|candidates?|tribesmen|buses"
)
_ORIGIN_EN = re.compile(
    r"(?:(?:bod(?:y|ies)|remains|coffins?) (?:\w+ ){0,6}?to"
    r"|(?:solidarity with|mourning for|condolences to|victims of)(?: the)?(?: people of)?"
    r"|except(?: for| in)?|excluding|with the exception of|other than|apart from|towards?|native of|born in|hails? from"
    rf"|(?:{_COMERS_EN})(?: \w+)? (?:from|for)|representing"
    rf"|(?:road|highway|bridge) (?:to|between|linking|from)"
    r"|(?:kilometers|kilometres|km|miles) (?:to the )?(?:south|north|east|west)\w* of|governor post of|from \w+ to"
    r"|(?:on (?:his|her|their|its|the) way|en route|heading|headed|bound|destined) (?:to|for)"
    r"|(?:those|them|were|are) from|(?:came|arrived|arriving|coming|travelled|traveled|bused in) from"
    r"|(?:reporting|reported|said|mentioned|told \w+|speaking|writes|wrote"
    r"|news agency) from) (?:the )?(?:city of |province of )?$"
)
_DIRECTION = re.compile(
    r"(?:(?:south|north|east|west|southeast|southwest|northeast|northwest|outside"
    r"|near) of (?:the capital )?|(?:شمال|جنوب|شرق|غرب|شمالي|جنوبي|شرقي|غربي)(?: (?:شرقي|غربي|شرق"
    r"|غرب))? (?:العاصمه )?)$"
)
_WINDOW = 40


def is_direction(sentence: Sentence, mention: Mention) -> bool:
    """Whether a place only says in which direction another lies: "southeast of Baghdad"."""
    before = fold(sentence.text[max(0, mention.start - _WINDOW) : mention.start])
    return bool(_DIRECTION.search(before + " ") or _DIRECTION.search(before))


_TODAY = re.compile(r"\s+اليوم\s*[)\]\"»”]")


def _is_outlet(sentence: Sentence, mention: Mention) -> bool:
    """Whether a place is the name of an outlet: «(بغداد اليوم)», "Baghdad Today", in brackets or quotation marks."""
    marked = sentence.text[: mention.start].rstrip().endswith(("(", "[", '"', "«", "“"))
    return marked and bool(_TODAY.match(sentence.text, mention.end))


def only_aside(sentence: Sentence, lexicon: Lexicon, known: frozenset[str]) -> bool:
    """Whether a sentence names places only as a direction from the capital or as where somebody comes from.

    In a report whose title or dateline says where it lies (`known`) it then lies there.
    """
    places = [m for m in sentence.of("governorate", "place") if m.strength >= SUPPORT]

    last: Mention | None = None
    for mention in places:
        entity = lexicon.entity(mention.entity)
        before = fold(sentence.text[max(0, mention.start - _WINDOW) : mention.start])
        same = (
            last and mention.start - last.end <= _SAME and lexicon.entity(last.entity).governorate == entity.governorate
        )
        comes = entity.governorate not in known and bool(same or _FROM.search(before))
        if not (is_direction(sentence, mention) if entity.capital else comes):
            return False
        last = mention
    return bool(places)


def governorates_of(sentence: Sentence, lexicon: Lexicon, origins: bool = False) -> frozenset[str]:
    """The governorates a sentence names as the place; those people come from or roads lead to only with `origins`."""
    headed = _headed(sentence, lexicon)
    if headed:
        return frozenset({headed})
    firm: list[tuple[str, int]] = []  # governorate, and how near it is to where it happened
    origin = held = brought = False
    level = _THERE
    behind = -1
    last = ""
    for mention in sentence.of("governorate", "place"):
        entity = lexicon.entity(mention.entity)
        if mention.strength < SUPPORT or _is_outlet(sentence, mention):
            continue
        before = fold(sentence.text[max(0, mention.start - _WINDOW) : mention.start])
        between = sentence.text[behind : mention.start] if behind >= 0 else ""
        # "from Suwaira district of Wasit": the same place once more
        same = behind >= 0 and entity.governorate == last and len(between) <= _SAME and not _BREAK.search(between)
        chained = behind >= 0 and (same or bool(_CHAIN.fullmatch(between)))
        road = bool(_ROAD.match(sentence.text, mention.end))
        comes = _ORIGIN_AR.search(before) or _ORIGIN_EN.search(before + " ")
        blocked = bool(_BLOCKED.search(before))
        origin = origin if chained else road or bool(comes and not blocked)
        behind, last = mention.end, entity.governorate
        if not origin or origins:
            office = bool(_HOLDS_OFFICE.search(before))
            after = _is_brought(sentence, mention)
            held, brought = held or office, brought or after
            beside = office or is_direction(sentence, mention) or bool(_FROM.search(before)) or bool(comes and blocked)
            if not (same and level > _THERE):
                level = _AFTER if after else _BESIDE if beside else _THERE
            firm.append((entity.governorate, level))
    nearest = min((level for _, level in firm), default=_THERE)
    if nearest > _THERE and (held or brought) and sentence.of("abroad"):
        return frozenset()  # "the head of the office in Basra met … in Tehran", "Basra buries its dead of Aleppo"
    return frozenset(governorate for governorate, level in firm if level == nearest)


# Where it happened; only a direction, an office, where somebody is from; where the dead, the wounded, the accused were
# brought afterwards.
_THERE, _BESIDE, _AFTER = 0, 1, 2


def _headed(sentence: Sentence, lexicon: Lexicon) -> str:
    """The governorate a headline begins with: "Amara: three killed, Basra hospitals receive the wounded"."""
    for mention in sentence.of("governorate", "place")[:1]:
        entity = lexicon.entity(mention.entity)
        first = not sentence.text[: mention.start].removeprefix("ال")
        if (
            sentence.field == "title"
            and first
            and mention.strength >= SUPPORT
            and not entity.capital
            and _HEAD.match(sentence.text, mention.end)
        ):
            return entity.governorate
    return ""


_HEAD = re.compile(r"\s*(?::|\.{2,3})\s")

# Where a road to a place is cut, the deed is on that road.
_BLOCKED = re.compile(
    r"\b(?:cut|cuts|cutting|block\w*|clos\w*|shut|barricad\w*|seal\w*)(?: off)?(?: the| a)?(?: \w+)? "
    r"(?:road|highway|bridge)\b(?!.* between)"  # between two towns it may be either
    r"|(?<!\w)[وفي]?ت?ي?(?:قطع\w*|اغلق\w*|اغلاق|غلق|سد) (?:\w+ ){0,3}?(?:ال)?طر(?:يق|ق)(?!\w)(?!.* بين(?!\w))"
)
_ROAD = re.compile(r"[\s-]+(?:road|highway|motorway|expressway)\b", re.IGNORECASE)  # "on the Baghdad road"
_FROM = re.compile(
    r"(?:(?<!كل )(?<!كلا )(?<!\w)من(?: محافظه| مدينه| قضاء| ناحيه| اهالي| سكنه| سكان){0,3}"
    r"|(?<!\w)from(?: the)?(?: city of| province of)?)(?: ال)?$"
)

_FUNERAL_AT = re.compile(
    r"(?<!\w)و?(?:ال)?(?:[تي]?شيع\w*|تشييع|جنازه|جثمان|مواراه|[تي]?دفن\w*|funerals?|buried|burial|coffins?)(?!\w)"
    r"(?:(?!استشهد|قتل|مقتل|سقط|قضي|killed|died|fell)[^،,.;:])*$"
)
_FUNERAL_BY = re.compile(r"\W*(?:[تي]?شيع\w*|[تي]?ودع\w*|buries|buried|mourns|mourned|bids)(?!\w)", re.IGNORECASE)


_IN_WARD = re.compile(r"(?<!\w)[وبل]?(?:مستشفي|مشفي|محكمه(?: \w+){0,2}|جنايات|hospital in|court in)(?: ال)? ?$")
_WARD = re.compile(r"\s(?:\w+\s)?(?:hospital|court)\b", re.IGNORECASE)


def _is_brought(sentence: Sentence, mention: Mention) -> bool:
    """Whether a place is where the dead are buried, the wounded treated, the accused tried: not where it happened."""
    before = sentence.before(mention)
    buried = _FUNERAL_BY.match(sentence.text, mention.end) or _FUNERAL_AT.search(before)
    return bool(buried or _IN_WARD.search(before) or _WARD.match(sentence.text, mention.end))


_HOLDS_OFFICE = re.compile(
    r"(?<!\w)[وفبل]?(?:ال)?(?:مسؤول|مدير|رئيس|ممثل|معاون|معتمد) (?:\w+ ){1,5}?(?:في|ب)"
    r"(?: محافظه| مدينه)?(?: ?ال)?$"
)
_SAME = 25
_BREAK = re.compile(r"[،,;؛:]|\bو\w")
_CHAIN = re.compile(r"[\s،,–—-]*(?:و|and|و محافظة )?\s*(?:ال)?")
