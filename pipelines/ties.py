"""Reports that begin with a deed and say only further down whose people, place or doing it was.

"Two killed in an ambush near Suwaira. … The dead man led a battalion of Asa'ib Ahl al-Haq": no sentence holds both, the
report does. What counts as such a tie is a word of membership, property or command beside the name of the group.
"""

from __future__ import annotations

import re

from pipelines.models import EventType
from pipelines.scenes import FORCE, STRONG, Scene, Story
from pipelines.text import fold

_REPORTED = FORCE | {EventType.SHOW_OF_FORCE, EventType.DEPLOYMENT}
_BEGINNING = 4  # sentences of the body in which a report says what happened
_TIES = re.compile(
    r"(?<!\w)[وفبلك]*(?:ال)?(?:ينتم\w+|ينتسب\w*|منتم\w*|منتسب\w*|تابع\w*|[تي]تبع|عنصر\w*|عناصر\w*|افراد|مقاتل\w*"
    r"|مسلح\w+|قيادي\w*|امر|مسؤول\w*|عضو|اعضاء|محسوب\w*|مرتبط\w*|[تي]دير\w*|[تي]قود\w*|تشكيلات|شعار|شارات|شاره"
    r"|رايات|علم"
    r"|هويه|هويات\w*|باج|باجات|علاقه|صله|وجوه|قاده|قيادات|انهم من|باسم|حمايه|حراس|مملوك\w*"
    r"|[تي]عود|[تي]شغل\w*|متطوع\w*|[تي]عمل\w*|ضلوع"
    r"|الوقوف وراء|هما|نعت\w*|نعي|[تي]نعي|من قبل|علي يد|تبنت)(?!\w)"
    r"|\b(?:members?|fighters?|gunmen|gunman|militiamen|men from|commanders?|belong\w*|affiliat\w*|linked|tied|loyal"
    r"|(?:run|controlled|owned|led) by|unit|brigade|wing|serv(?:e|es|ed|ing)|joined|identif\w+|badge|flags?|banners?"
    r"|cards?|paymasters?|treasurers?|recruiters?|financiers?|named (?:the|them|both)"
    r"|uniforms?|t ?shirts?|insignia|emblems?|logos?|figures?|escorts?|aides?|entourage|representative of"
    r"|part of|calling for|on behalf of|in the name of|backed|associated|work(?:s|ed)? for|salar\w+|logistics"
    r"|guards?|leased|battalion|ran|mourn(?:s|ed)? (?:him|her|them|one of its|its|two of its))\b"
    r"|(?<!\w)(?:عضو|اعضاي|وابسته|متعلق|نيروهاي|فرمانده\w*|دفتر|مسئول|مسؤول|نشان|ارم|برجم)(?!\w)"
    r"|(?<!\w)(?:سهر به|ئهندام\w*|چهكدار\w*|فهرمانده\w*|بهرپرس\w*|مولكي|بارهكا\w*|مهكتهب\w*)"
)


def deeds_of(story: Story, governorate: str) -> list[Scene]:
    """The scenes at the beginning of a report that tell of force or arms in a governorate, whoever did it."""
    body = 0
    deeds: list[Scene] = []
    for scene in story.scenes:
        body += scene.sentence.field != "title"
        told = any(a.event_type in _REPORTED and a.weight >= STRONG for a in scene.actions)
        here = governorate in scene.where and not scene.background and not scene.row and not scene.others
        if body <= _BEGINNING and told and here:
            deeds.append(scene)
    return deeds


_IS_ONE = re.compile(
    r"(?<!\w)و?(?:هو|هي|كان|يشغل|[تي]عمل|عمل|يقوده\w?|يديره\w?) (?:\w+ ){0,2}?(?:امر|قائد|عنصر\w*|منتسب\w*|قيادي\w*"
    r"|عضو\w*|مسؤول\w*|احد)"
    r"|(?<!\w)[وف]?ال(?:مستهدف|قتيل|ضحيه|مجني عليه|مغدور|موقوف|معتقل|راحل|مخطوف)(?!\w)"
    r"|\bthe (?:victim|deceased|slain|dead man|detained man|arrested man)\b"
    r"|(?<!\w)(?:[وف]?(?:هو|هي) )?(?:تابع\w*|مملوك\w*|[تي]شغله\w?|[تي]ديره\w?|[تي]عود(?: \w+)?) (?:الي |ل)"
    r"|\b(?:is|was|are|were) (?:run|owned|used|operated|leased) by\b"
    r"|\b(?:was|is|were|are|led|commanded|headed|ran|serve[ds]?|joined) (?:\w+ ){0,3}?(?:member|fighter|commander"
    r"|battalion|brigade|unit|company|head|official)"
)


def tells_who(scene: Scene) -> bool:
    """Whether a sentence that looks back only says who somebody is: "he led a battalion of the group from 2016"."""
    if _IS_ONE.search(fold(scene.sentence.text)):
        return True
    return (
        "old" in scene.flags and not scene.flags & {"background", "definition", "pluperfect"} and scene.weight < STRONG
    )


_COMMENTS = re.compile(
    r"\b(?:condemn\w*|denounc\w*|offer(?:s|ed|ing)?|stands? ready|ready to|deni\w+|such as|condolences"
    r"|turned to|appeal\w*|thank\w*|welcom\w*|call(?:s|ed) (?:for|on)|urg\w+"
    r"|among them|including|minister|channel|television|tv|radio|headed by|no part in|claim(?:s|ed|ing) to)\b"
    r"|(?<!\w)[وف]?(?:ادان\w*|[تي]دين|استنكر\w*|ندد\w*|نددت|نفت|نفي|[تي]نفي|استعداد\w*|عزت|عزي|تعازي|مثل"
    r"|دعا|دعت|[تي]دعو|طالب\w*|[تي]طالب\w*|رحب\w*"
    r"|بينها|من بينهم|وزير"
    r"|قبل ان [تي]نتقل"
    r"|قناه|فضائيه|تلفزيون|اذاعه|[يا]دع[يت] (?:انه\w* من|\w*نتما\w*)|زعم\w*|عرض|عرضت|ناشد\w*|شكر\w*)(?!\w)"
    r"|محكوم|تكذيب|رد كرد|مهحكوم|رهتكرد|شهرمهزار"
)


def ties(scene: Scene) -> bool:
    """Whether a sentence that names a group says that somebody or something is the group's, and no more than that.

    Who condemns, denies or offers help is no party; nor is who is named as an example ("factions such as …").
    """
    text = fold(scene.sentence.text)
    return bool(_TIES.search(text)) and not _COMMENTS.search(text)
