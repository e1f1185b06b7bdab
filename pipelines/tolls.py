"""How many were killed and injured, as one sentence says it: digits, number words, Arabic duals and singulars."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.text import fold


@dataclass(frozen=True, slots=True)
class Toll:
    """The numbers a sentence gives; None where it gives none."""

    killed: int | None = None
    injured: int | None = None


def toll(text: str) -> Toll:
    """The highest numbers of killed and injured a sentence gives."""
    folded = " " + fold(text) + " "
    return Toll(_count(folded, _KILLED), _count(folded, _INJURED))


def victims(text: str) -> int | None:
    """The highest number of victims ("10 ضحايا", "10 casualties"): dead and injured together, where no more is said."""
    return _count(" " + fold(text) + " ", _VICTIMS)


_NUMBERS: dict[str, int] = {}
for _value, _words in {
    1: "one|a|an|واحد|واحده|احد|احدي|يك|يهك|single",
    2: "two|both|a couple of|a pair of|اثنان|اثنين|اثنتان|اثنتين|دو|دوو",
    3: "three|ثلاثه|ثلاث|سه|سي",
    4: "four|اربعه|اربع|چهار|چوار",
    5: "five|خمسه|خمس|پنج|پينج",
    6: "six|سته|ست|شش|شهش",
    7: "seven|سبعه|سبع|هفت|حهوت",
    8: "eight|ثمانيه|ثماني|ثمان|هشت|ههشت",
    9: "nine|تسعه|تسع|نه|نو",
    10: "ten|عشره|عشر|ده",
    11: "eleven|احد عشر|احدي عشره|يازده|يازده",
    12: "twelve|a dozen|اثني عشر|اثنا عشر|اثنتا عشره|دوازده|دوازده",
    13: "thirteen|ثلاثه عشر",
    14: "fourteen|اربعه عشر",
    15: "fifteen|خمسه عشر",
    16: "sixteen|سته عشر",
    17: "seventeen|سبعه عشر",
    18: "eighteen|ثمانيه عشر",
    19: "nineteen|تسعه عشر",
    20: "twenty|عشرون|عشرين|بيست|بيست",
    30: "thirty|ثلاثون|ثلاثين|سي نفر",
    40: "forty|اربعون|اربعين",
    50: "fifty|خمسون|خمسين",
}.items():
    for _word in _words.split("|"):
        _NUMBERS[_word] = _value

_N = r"(?P<n>\d{1,4}|" + "|".join(sorted(map(re.escape, _NUMBERS), key=len, reverse=True)) + r")"
_ABOUT = (
    r"(?:at least |no fewer than |more than |over |some |about |around |nearly |up to |نحو |قرابه |حوالي "
    r"|اكثر من |ما لا يقل عن |ما لايقل عن |علي الاقل |بحدود |دست كم |حداقل |لانيكهم |نزيكهي )?"
)
_PEOPLE_AR = (
    r"(?:اشخاص|شخصا|شخص|مسلحين|مسلحون|عناصر|عنصرا|مقاتلين|مقاتلون|مدنيين|مدنيون|افراد|منتسبين|رجال|شبان"
    r"|متظاهرين|محتجين|ضباط|جنود|مواطنين|شرطيين|نفر|اخرين|اخرون|حراس|من \w+(?: \w+)?)"
)
_PEOPLE_EN = r"(?:(?!(?:and|or|died|killed|dead|wounded|injured|hurt|in|after|when|while) )\w+ ){0,8}?"
_DEAD_AR = r"(?:قتلي|قتيلا|قتيل|شهداء|قتلوا|قضوا|قتلا|لقوا (?:حتفهم|مصرعهم)|لقيا (?:حتفهما|مصرعهما))"
_HURT_AR = r"(?:جرحي|جريحا|جريح|مصابين|مصابا|مصابون|اصابات|اصابه|اصيبوا|جرحوا|اصيبا|جرحا)"
_SINGLE_AR = (
    r"(?:ال)?(?:شرطي|ضابط|شخص|شاب|شابا|مدني|عنصر|عنصرا|مسلح|مواطن|منتسب|مقاتل|جندي|رجل|امراه|طفل|متظاهر|ناشط|قيادي"
    r"|القيادي|قائد|مرافقه|عامل|عامله|موظفه|طالب|طالبه|سيده|فتاه|ناشطه|متظاهره|صحفيه|طبيب|طبيبه|مهندس|معلم"
    r"|معلمه|مقاول|تاجر|طفله|شابه|مواطنه|زوجه|محام|احد|سائق|سائقه|حارس|حارسه|نجله|ابنه|شقيقه|زوجته|والده|موظف|صحفي|محتج|اخر|عميد|عقيد"
    r"|رائد|نقيب|ملازم|لواء|مدير|امر|مسؤول|المسؤول|الناشط|المواطن|الشاب|عضو|زعيم|شيخ|الشيخ)(?:ا(?!\w))?"
)
_DUAL_AR = (
    r"(?:شرطيان|شرطيين|ضابطان|ضابطين|شخصان|شخصين|شابان|شابين|مدنيان|مدنيين اثنين|عنصران|عنصرين|مسلحان"
    r"|مسلحين اثنين|مواطنان|مواطنين اثنين|منتسبان|منتسبين اثنين|مقاتلان|مقاتلين اثنين|جنديان|جنديين|رجلان"
    r"|رجلين|متظاهران|متظاهرين اثنين|ناشطان|ناشطين اثنين|قياديان|قياديين|حارسان|حارسين|اثنان|اثنين|اخران"
    r"|اخرين|شقيقان|شقيقين|طفلان|طفلين|امراتان|امراتين|سيدتان|سيدتين|فتاتان|فتاتين|قائدان|قائدين|عضوان|عضوين|فردان"
    r"|فردين|سائقان|سائقين|صحفيان|صحفيين اثنين|طالبان|طالبين|موظفان|موظفين اثنين|محتجان|محتجين اثنين|الاثنان)"
)
_KILL_V = (
    r"(?:قتل|قتلت|مقتل|بمقتل|سقط|سقوط|مصرع|بمصرع|استشهد|استشهاد|توفي|وفاه|اغتيال|اغتيل|قتلوا|يقتلون|اغتالوا"
    r"|يغتالون|اردوا|قضي|سقط قتيلا)"
)
_HURT_V = r"(?:اصيب|اصيبت|اصابه|باصابه|واصابه|اصاب|اصابت|اصابوا|جرح|وجرح|بجرح|جرحت|جرحوا)"
_DEAD_EN = (
    r"(?:dead|killed|died|dies|lost their lives|lose their lives|slain|lifeless|were shot dead|are dead"
    r"|murdered|martyred|assassinated|fatalities|deaths|victims died|to death|gunned down|shot dead)"
)
_HURT_EN = r"(?:wounded|injured|hurt|bruised|injuries|sustain(?:ed|ing) (?:bruises|injuries|wounds))"


_NONE = 1000  # the number of a pattern that says that nobody was


class _Table:
    """Patterns of one script, tried only where one of their words is there at all: most sentences tell of no victims.

    A pattern is (regular expression, number): 0 takes the number named `n`; a negative one adds to what the sentence
    has. Each looks ahead only, so that "a day on which four men died" is read from "a" and from "four".
    """

    def __init__(self, words: str, *sources: tuple[str, int]) -> None:
        self.words = re.compile(words)
        self.patterns = tuple((re.compile(f"(?={source})"), number) for source, number in sources)


_WITHOUT = r"(?<!\w)[وف]?(?:(?:ب?دون|بلا|ب?عدم|لا|ما من|بلا اي|لم \w+)) (?:\w+ ){0,4}?"  # "من دون أي …", "لم تقع …"
_DIED = r"خسائر (?:بشريه|بالارواح|في الارواح)|قتلي|وفيات|ضحايا"
_HARMED = rf"{_DIED}|اصابات|اصابه احد|جرحي|مصابين"
_NEG_EN = r"(?:no|not|without|nor any|caused no|any)"
# What is counted besides people, so that "the killing of two days ago" and "five houses" are no toll.
_UNITS_AR = (
    r"(?! (?:و?(?:نصف|ربع) )?(?:ايام|يوما|يوم|ساعات|ساعه|اشهر|شهرا|سنوات|سنه|اعوام|عاما|اسابيع|اسبوعا|دقائق"
    r"|دقيقه|مرات|منازل"
    r"|منزلا|مبان|مباني|مبني|سيارات|سياره|عجلات|عجله|مركبات|مركبه|محال|رووس|كيلومترات|كيلومترا|امتار|مترا|الاف"
    r"|الف|مليون|مليارات"
    r"|نقاط|مقرات|مقار|صواريخ|قذائف|طائرات|مسيرات|محافظات|مدن|قضاء|دول|و?{hurt})(?!\w))"
)
_KIN_AR = (
    r"(?:زوج(?:ته|ها|ه)|ابن(?:ه|ها|ته|تها|هما)|طفل(?:ه|ها|ته|تها)|ولد(?:ه|ها)|نجل(?:ه|ها)|شقيق(?:ه|ها|ته)"
    r"|والد(?:ه|ته|تها)|مرافقه|سائقه"
    r"|حارسه|اخيه|اخاه|امه|شخص اخر|رفيقه|صديقه|زميله|ابن (?:عمه|اخيه|خاله))"
)

_KILLED_AR = (
    (rf"[ (]{_ABOUT}{_N} (?:{_PEOPLE_AR} )?(?:قد )?{_DEAD_AR}(?!\w)", 0),
    (rf"[ وفب]{_KILL_V} (?:(?!و?{_HURT_V} )\w+ )?{_ABOUT}{_N} (?:{_PEOPLE_AR}|{_DEAD_AR}|من)", 0),
    (rf"[ وفب]{_KILL_V} (?:علي اثرها|خلالها|فيها|جراءها|علي اثره) {_ABOUT}{_N}(?!\w)", 0),
    (rf"[ وفب]{_KILL_V} {_ABOUT}{_N}(?=\W*$|[،,.]| بينهم| من بينهم| و(?:اصابه|جرح))", 0),
    (rf"[ وفب]{_KILL_V} {_ABOUT}{_N}(?= \w){_UNITS_AR.replace('{hurt}', _HURT_V)}", 0),
    (rf"[ وف]لقي {_ABOUT}{_N} (?:\S+ ){{1,9}}?(?:مصرعهم|حتفهم)(?!\w)", 0),
    (r"(?<!محاوله)(?<!من)[ وف](?:اغتال|اغتالت|اغتالوا|يغتال|يغتالون|اغتيل|اغتيلت) ", 1),
    (r"(?<!\w)(?:الذي|التي) (?:قتل|قتلت|قضي|قضت|استشهد|اغتيل|لقي حتفه) ", 1),
    (rf"(?:{_PEOPLE_AR[:-1]}|مسلحا)) {_N} {_KILL_V}", 0),
    (rf"[ و](?:حصيله|عدد) (?:القتلي|الضحايا|ضحايا|قتلي)[^.]{{0,40}}? {_N} ", 0),
    (r"[ وفب](?:قتيلان|قتيلين|شهيدان|شهيدين)(?!\w)", 2),
    (rf"[ وفب]{_KILL_V} (?:(?!و?{_HURT_V} )\w+ )?{_DUAL_AR}(?!\w)", 2),
    (rf"(?<!\w){_DUAL_AR} (?:قتلا|لقيا|قضيا|سقطا|مصرعهما|حتفهما)", 2),
    (r"[ وف](?:قتل|سقط|قضي) الاثنان", 2),
    (r"(?<!\w)[وف]?(?:قتل|قتلت|مصرعه|حتفه|اغتيل|قضي|استشهد|حياته) (?:هو|هي) و", 2),
    (
        rf"(?<!محاوله)(?<!نجاه)(?<! من)[ وفب](?:{_KILL_V}|قتلهم|قتله|يقتل|يقتلون|اودي بحياه|اودت ب(?:حياه)?|بقتل) ?"
        rf"(?:(?!و?{_HURT_V} |نجاه )\w+ ){{1,5}}?و{_KIN_AR}(?!\w)(?! {_HURT_V})", 2),
    (r"[ وفب](?:قتيل|قتل|قتلت|مقتل|سقوط|سقط) (?:\w+ )?(?:ثان|ثاني|ثانيه)(?!\w)(?! خلال| في غضون)", 2),
    (r"[ وفب](?:قتل اخر)(?!\w)", -1),
    (
        rf"(?<!محاوله)(?<!نجاه)(?<! من)(?<!لم)[ وفب](?:قتل|قتلت|مقتل|بمقتل|يقتل|قتلوا|يقتلون|سقوط"
        rf"|بسقوط|استشهد|استشهدت|استشهاد|قضت|قضي|اغتيال|مصرع|اغتيل|لقي|لقيت|توفي"
        rf"|توفيت) (?:\w+ ){{0,1}}?{_SINGLE_AR}(?!\w)(?! و?{_N} )", 1),
    (r"[ وف]توفي (?:\w+ ){0,6}?متاثر", 1),
    (r"[ وف](?:توفي|قتل|قضي) (?:\w+ ){1,2}?(?:علي الفور|في الحال|في مكانه)(?!\w)", 1),
    (rf"[ وف]اود[يت]\w? (?:\w+ )?بحياه {_SINGLE_AR} (?:\w+ )?و\w+(?!\w)(?! {_N})", 2),
    (rf"[ وف]اود[يت]\w? \w+ بحياه (?:{_SINGLE_AR}|\w+ه)(?!\w)", 1),
    (r"(?<!\w)مضرجا? بدم\w+", 1),
    (r"(?:العثور علي|عثر\w* (?:\w+ ){0,4}علي) جثه ", 1),
    (r"عثر علي\w* (?:ميتا|مقتولا|قتيلا|جثه هامده)", 1),
    (r"جثتين? ", 2),
    (r"(?:تنهي|ينهي|انهت|انهي|انهوا) حياه ", 1),
    (r"[ وف]لقيت? \w+(?: \w+){0,9}? (?:حتفها?|مصرعها?)(?!\w)", 1),
    (r"[ وف](?:ارتقي|ارتقت|سقط|سقطت|قضي|قضت) (?:\w+ )?(?:شهيدا|شهيده|قتيلا|قتيله)(?!\w)", 1),
    (
        r"(?<!لم)[ وف](?:يقتل|فقتل|قتل علي الفور|فارق الحياه|ارد(?:وه|ي) قتيلا|انتهت بقتيل|سقوط قتيل|سقط قتيل"
        r"|سقط فيها قتيل|قتيل واحد|قتيل و)", 1),
    (r"[ وف](?:فارق|فارقت) (?:\w+ )?الحياه", 1),
    (r"(?<!\w)[وف]?لم يقتل (?:\w+ )?احد(?!\w)", _NONE),
    (r"(?<!\w)[بفول]?(?:مقتله|مقتلها|استشهاده|استشهادها|مصرعه|مصرعها)(?!\w)(?! علي يد)", 1),
    (r"(?<!\w)\w+ا? (?:ثان|ثانيا|ثاني) (?:توفي|قتل|قضي|فارق)", 2),
    (rf"(?<!\w)(?:خلفت?|اوقعت?|اسقطت?|مخلفا|موقعا) (?:\w+ )?قتيلا(?!\w)(?! {_N} )", 1),
    (rf"(?<!\w)(?:بجثه|جثه) {_SINGLE_AR}(?!\w)", 1),
    (
        r"(?<!\w)(?:الاخوين|الشقيقين|الشابين|الصديقين|الشهيدين|اللذين|اللذان) (?:\w+ ){0,8}?"
        r"(?:قضيا|قتلا|استشهدا|سقطا)(?!\w)", 2),
    (
        rf"(?<!\w){_SINGLE_AR} (?:قتلت?|قضت?|قضي|سقطت?|استشهدت?|توفيت?) (?:و|علي|في|خلال|اثر|اثناء|قرب|امام"
        rf"|داخل|برصاص|بنيران"
        r"|متاثر|مساء|فجر|صباح)", 1),
    (rf"[ وف]اود[يت]\w? ب(?:حياه )?{_DUAL_AR}(?!\w)", 2),
    (rf"[ وف]اود[يت]\w? ب(?:حياه )?{_ABOUT}{_N}(?!\w)", 0),
    (rf"[ وف]اود[يت]\w? ب(?:حياه )?{_SINGLE_AR}(?!\w)", 1),
    (rf"{_WITHOUT}(?:{_DIED})(?!\w)", _NONE),
    (rf"(?<!\w)(?:ان )?{_SINGLE_AR} (?:\w+ )?(?:لقي (?:حتفه|مصرعه)|فارق الحياه|قتل علي الفور)", 1),
)  # fmt: skip
_KILLED_EN = (
    (r"(?<!\w)(?:body|corpse) of (?!water)(?:\w+ ){1,9}?(?:was |were |is )?(?:found|discovered|recovered)", 1),
    (r"(?<!\w)found (?:shot )?dead", 1),
    (
        rf"(?<!\w)(?<!no ){_ABOUT}{_N}(?: or more)? {_PEOPLE_EN}(?:were |was |are |is |have been |had been |have |had "
        rf"|been |reported )?{_DEAD_EN}(?!\w)"
        r"(?! (?:an?|the|him|her|his|its|their|one|two|three|at least|several|members?)\b)", 0),
    (
        rf"(?<!\w)(?:killing|killed|kills|kill|killing of|deaths? of|claimed the lives of|cost"
        rf"|murdered) {_ABOUT}{_N}(?! (?:wounded|injured|hurt|day|hour|week|month|year|night"
        rf"|more than))(?! (?:\w+ )?(?:wounded|injured|hurt))", 0),
    (rf"(?<!\w)(?:leav\w+|left) {_ABOUT}{_N} (?:\w+ ){{0,3}}?(?:dead|killed|lifeless)(?!\w)", 0),
    (rf"(?<!\w)(?:(?:number|count|toll) of (?:the )?(?:dead|killed|deaths)|death toll)"
        rf" (?:\w+ ){{0,2}}?{_ABOUT}{_N}(?!\w)", 0),
    (rf"(?<!\w){_N} of (?:the dead|the fallen|the killed|those killed)", 0),
    (r"(?<!\w)both (?:men |of them )?(?:died|were killed)", 2),
    (
        r"(?<!\w)(?:an?|one|the) \w+(?: \w+)? and (?:his|her|an?|one|the) \w+(?: \w+)? (?:were |have been "
        r"|are )?(?:shot dead"
        r"|killed|assassinated|gunned down|dead|slain|murdered)", 2),
    (
        r"(?<!\w)(?:murder|killing|deaths?|assassination|slaying|shooting dead) of (?:an?|the|his"
        r"|her) \w+(?: \w+){0,2} and "
        r"(?:his|her|an?|the|their) \w+", 2),
    (
        r"(?<!\w)(?:was|were|is|been) (?:shot dead|killed|assassinated|murdered|gunned down"
        r"|slain)(?! by (?:the )?two)", 1),
    (r"(?<!\w)(?:assassinated|murdered|gunned down|shot dead) the (?!\w*[^s]s )\w+ ", 1),
    (
        r"(?<!\w)and (?:his|her|the) (?:driver|bodyguard|guard|brother|son|companion|cousin|man)(?: \w+){0,4}? were "
        r"(?:slain|killed|shot dead|gunned down)", 2),
    (rf"(?<!\w)(?:bodies|corpses) of {_ABOUT}{_N}(?!\w)", 0),
    (r"(?<!\w)a second (?:\w+ ){0,2}?(?:was (?:killed|shot dead)|died|dead)", 2),
    (rf"(?<!\w)(?:{_NEG_EN}) (?:one )?(?:deaths|fatalities|casualties|one was killed)(?!\w)", _NONE),
    (r"(?<!\w)(?:lost|loses|losing) (?:his|her) life", 1),
    (r"(?<!\w)(?:died|dies|succumbed|succumbs) (?:of|from|to) (?:his|her) (?:wounds|injuries)", 1),
    (rf"(?<!\w){_N} ?x? kia(?!\w)", 0),  # of security firms
    (r"(?<!\w)[a-z]\w+ and (?:his|her|an?|one) (?:\w+ )?\w+ (?:died|were killed|lost their lives|were shot dead)", 2),
)  # fmt: skip
_KILLED_FA = (
    (rf"(?<!\w)(?:شهادت )?{_ABOUT}{_N} (?:شهيد|رزمنده|(?:تن|نفر) (?:\w+ ){{0,5}}?به شهادت)(?!\w)", 0),
    (rf"(?<!\w){_ABOUT}{_N} (?:نفر |تن )?(?:\w+ ){{0,4}}?(?:كشته|قتل|جان خود را|جان باخت)", 0),
    (rf"(?:كشته ها را|كشتهها را|شمار كشته ?ها|شمار كشته ?شدكان|كشته شدن|قتل|جان باختن) {_ABOUT}{_N} (?:تن|نفر)", 0),
    (r"(?<!\w)يكي از \w+(?: \w+){0,8}? (?:كشته شد|جان باخت|ترور شد|به قتل رسيد|به شهادت رسيد)", 1),
    (r"(?<!\w)(?:او|وي) (?:\w+ ){0,4}?(?:كشته شد|جان باخت|به شهادت رسيد)", 1),
    (rf"(?<!\w)(?:اجساد|پيكرهاي|پيكر) {_N}(?!\w)", 0),
)  # fmt: skip
_KILLED_KU = (
    (
        r"(?<!\w)(?:\w{3,}(?:يك|يهك|يكي|يهكي)|ژنيك) (?:\w+ ){0,14}?(?:كوژرا(?:وه)?(?!\w)"
        r"|كياني ?(?:لهدهست ?دا|له دهست ?دا))", 1),
    (r"(?<!كهسيان )(?<!\w)كوشتيان(?!\w)", 1),
    (
        rf"(?<!تهقهي )(?<!دهستي )(?<!\w){_N} (?:كهس|چهكدار|ئهندام|كوژراو) ?(?:\w+ ){{0,9}}?(?:كوژرا"
        rf"|كيانيان ?(?:لهدهست|له دهست))",
        0),
    (rf"(?<!\w){_N} (?:كهسيان|\w+يان) كوشت(?!\w)", 0),
    (rf"(?<!\w){_N} كوژراو(?!\w*يك)", 0),
    (r"(?<!\w)\w+(?:يك|يهك) و \w+(?:يك|يهك) (?:\w+ ){0,3}?(?:كوژران|كيانيان)", 2),
    (rf"(?<!\w){_N} (?:\w+ )?\w+ شههيد (?:بوون|بون|كران)", 0),
)  # fmt: skip
_KILLED = (
    _Table(
        r"قتل|قتي|قتول|غتال|مصرع|حتف|شهد|شهيد|شهاد|شهداء|ضحاي|جث|قضي|قضت|قضوا|سقط|سقوط|وفي|وفا|اود|فارق|اغت|حيا[هت]|ارد|ميتا|بدم"
        r"|خسائر|كشت|جان|ترور|پيكر|اجساد|رزمنده|كوژ|كيان|شههيد|كوشت",
        *_KILLED_AR, *_KILLED_FA, *_KILLED_KU,
    ),
    _Table(
        r"dead|die|kill|death|li[fv]e|slain|murder|martyr|assassinat|fatalit|casualt|gunned|shot|bod|corpse|toll|fallen|kia",
        *_KILLED_EN,
    ),
)  # fmt: skip

_INJURED_AR = (
    (rf"[ (و]{_ABOUT}{_N} (?:{_PEOPLE_AR} )?(?:قد )?{_HURT_AR}(?!\w)", 0),
    (rf"[ وفب]{_HURT_V} (?:\w+ )?{_ABOUT}{_N} (?:{_PEOPLE_AR}|{_HURT_AR}|من|بجروح)", 0),
    (rf"[ وفب]{_HURT_V} {_ABOUT}{_N}(?=\W*$|[،,.]| بينهم| من بينهم| اخرين| اخرون)", 0),
    (rf"[ وفب]{_HURT_V} {_ABOUT}{_N}(?= \w){_UNITS_AR.replace('{hurt}', _KILL_V)}", 0),
    (r"[ وفب](?:جريحا واحدا|جريحا اخر)(?!\w)", 1),
    (r"[ وفب](?:جريحان|جريحين|مصابان|مصابين اثنين)(?!\w)", 2),
    (rf"[ وفب]{_HURT_V} (?:\w+ ){{0,1}}?{_DUAL_AR}(?!\w)", 2),
    (rf"[ وفب](?:اصيب|اصيبت|اصاب|اصابوا|جرح|جرحوا|باصابه|واصابه|اصابه|جرحت) (?:\w+ ){{0,2}}?{_SINGLE_AR}(?!\w)", 1),
    (rf"(?<!\w){_SINGLE_AR} (?:\w+ ){{0,3}}?و?(?:اصيب|اصيبت|جرح|جرحت) (?:ب|في |خلال |اثر |اثناء )", 1),
    (r" و(?:جريح|مصاب)(?!\w)", 1),
    (rf"(?<!\w)[وفب]?{_HURT_V} {_DUAL_AR} و{_SINGLE_AR}(?!\w)", 3),
    (rf"(?<!\w)[وفب]?{_HURT_V} (?:{_KIN_AR}|{_SINGLE_AR}) (?:ب\w+ )?و(?:{_DUAL_AR}|اثنين|اثنتين)(?!\w)", 3),
    (
        rf"(?<!\w)[وفب]?{_HURT_V} (?:{_KIN_AR}|{_SINGLE_AR}) و(?:احد (?!ع)|شخص|مواطن|طفل|امراه|رجل|شاب"
        rf"|{_KIN_AR})(?!\w)", 2),
    (rf"(?<!\w){_KIN_AR} (?:\S+ ){{0,6}}?(?:اصيب|اصيبت|جرح|جرحت) ", 1),
    (r"(?<!\w)[وف]?(?:جرح|اصيب) (?:هو|هي) ", 1),
    (rf"(?<!\w)[وف]?نقل {_ABOUT}{_N} (?:{_PEOPLE_AR} )?(?:\w+ )?الي (?:ال)?مستشفي", 0),
    (rf"(?<!\w){_ABOUT}{_N} (?:\w+ ){{0,2}}?(?:يتلقون|يرقدون|يعالجون|لا يزالون|ما زالوا)(?!\w)", 0),
    (r"[ وفب](?:جريح واحد|جريح اخر|اصيب اخر)(?!\w)", 1),
    (rf"{_WITHOUT}(?:{_HARMED})(?! (?:بالرصاص|خطره|بليغه))(?!\w)", _NONE),
    (r"(?:احدا?|ايا|حارس|الحارس|عناصر|منتسب)\w* (?:\w+ ){0,3}?لم يصب(?!\w)|(?:ان|لم) (?:يصاب|يصب) احد", _NONE),
    (
        r"(?:الاضرار|اضرارا?|خسائر|الخسائر) (?:كانت )?(?:ماديه فقط|اقتصرت علي|انحصرت)|اقتصرت الاضرار"
        r"|(?:سوي|الا) (?:خسائر|اضرارا?|الخسائر) (?:ال)?ماديه", _NONE),
    (r"[ وف](?:اصيبا(?!\w)|جرحا(?!\w)(?! \w+ا(?!\w)))", 2),  # not «جرحا بليغا», a deep wound
    (r"[ وف]اصيب ال\w+(?:ان|ين) ب(?:كدمات|جروح|حروق|رضوض|كسور|شظايا|رصاص)", 2),
    (r"[ وف](?:اصيب|اصيبت) (?:ال)?(?!\w*(?:ون|ين)(?!\w))\w+ ب(?:كدمات|جروح|حروق|رضوض|كسور|شظايا|رصاص)\w*", 1),
    (rf"[ وفب](?:اصيب|اصيبت|جرح|جرحت|اصابه|اصابت) {_KIN_AR}(?!\w)", 1),
    (r"(?<!\w)ف?اصيب ب(?:كدمات|جروح|حروق|رضوض|كسور|شظايا|رصاص)\w*", 1),
)  # fmt: skip
_INJURED_EN = (
    (
        rf"(?<!\w)(?<!no ){_ABOUT}{_N}(?: or more)? {_PEOPLE_EN}"
        rf"(?:\S+(?<=,) (?:\w+ ){{1,4}}(?:among them|included), )?"
        r"(?:were |was |are |is |have been |had been |have |had |been |reported )?"
        rf"(?:slightly |critically |seriously |badly |lightly )?{_HURT_EN}(?!\w)", 0),
    (
        rf"(?<!\w)(?:wounding|injuring|wounded|injured|hurt|hurting|injures|injure"
        rf"|wounds|wound) {_ABOUT}{_N}(?!\w)(?! (?:day|hour|month|year|week))", 0),
    (r"(?<!\w)(?:a|the|one) (?:\w+ ){1,3}?(?:was|sustain\w+|suffered) (?:\w+ )?(?:bruis\w+|injur\w+|wound\w+|hurt)", 1),
    (
        r"(?<!\w)(?:his|her|whose) \w+(?: was)?(?: badly| seriously| critically| slightly| lightly| gravely)? "
        r"(?:wounded|injured|hurt)(?!\w)", 1),
    (r"(?<!\w)another (?:\w+ )?(?:was |were )?(?:wounded|injured|hurt)", 1),
    (
        r"(?<!\w)(?:wounding|injuring|hurting) (?:his|her|their|the) "
        r"(?:son|daughter|wife|husband|brother|sister|father|mother|driver|guard|bodyguard|companion|child)(?!\w)", 1),
    (
        r"(?<!\w)(?:was|been) (?:hit|shot|struck|grazed) in (?:the|his|her|one) (?:\w+ )?"
        r"(?:arm|leg|shoulder|thigh|foot|hand|knee)s?(?!\w)", 1),
    (
        r"(?<!\w)(?:his|her|an?|one) \w+\W+(?:aged \d+\W+)?and (?:his|her|an?|one) \w+ were (?:\w+ )?"
        r"(?:wounded|injured|hurt)", 2),
    (
        rf"(?<!\w){_ABOUT}{_N} (?:other )?(?:\w+ )?(?:were |was |are |is )?(?:being |been )?"
        r"(?:(?:treated (?:in|at)|taken to|rushed to) (?:the |a )?(?:\w+ )?(?:hospital|clinic)|hospitali[sz]ed)", 0),
    (rf"(?<!\w){_N} ?x? wia(?!\w)", 0),
    (rf"(?<!\w){_ABOUT}{_N} (?:others? )?(?:\w+ )?(?:were |was )?(?:treated for|in hospital)(?!\w)", 0),
    (r"(?<!\w)(?:wounding|injuring) (?:the other|another|a second)(?!\w)", 1),
    (rf"(?<!\w){_ABOUT}{_N} (?:\w+ ){{0,3}}?with (?:gunshot|bullet|shrapnel|burn|stab|knife) (?:wounds|injuries)", 0),
    (rf"(?<!\w){_ABOUT}{_N} (?:\w+ ){{0,2}}?(?:required|needed|received|sought) (?:\w+ )?treatment", 0),
    (rf"(?<!\w){_ABOUT}{_N} (?:\w+ )?(?:are|were|is|was) being treated(?! (?:as|like))(?!\w)", 0),
    (
        r"(?<!\w)(?:nobody|no one|none|no person) (?:\w+ ){0,2}?(?:injured|hurt|wounded|hit)|caused no casualties"
        r"|no casualties|no injuries"
        r"|without (?:casualties|injuries)|any injuries|(?:damage|losses) (?:was|were) only material"
        r"|only material (?:damage|losses)|no \w+ (?:was|were) (?:hurt|injured|harmed|wounded)"
        r"|(?:was|were) not (?:hurt|injured|harmed|wounded)", _NONE),
    (rf"(?<!\w)(?:number|count|toll) of (?:the )?(?:wounded|injured) (?:\w+ ){{0,2}}?{_ABOUT}{_N}(?!\w)", 0),
)  # fmt: skip
_INJURED_FA = (
    (rf"(?<!\w){_ABOUT}{_N} (?:نفر |تن )?(?:(?!و )\w+ ){{0,2}}?(?:زخمي|مجروح)", 0),
    (rf"(?:زخمي|مجروح) (?:شدن|كردن) {_ABOUT}{_N}(?!\w)", 0),
    (r"(?<!\w)(?:پسرش|دخترش|همسرش|برادرش|پدرش|مادرش|فرزندش) (?:\w+ ){0,4}?(?:زخمي|مجروح)", 1),
    (r"(?<!\w)يكي از \w+(?: \w+){0,5}? (?:زخمي|مجروح)", 1),
)  # fmt: skip
_INJURED_KU = (
    (r"(?<!\w)(?:كورهكهي|كورهكه|كچهكهي|ژنهكهي|براكهي|هاوسهرهكهي) (?:\w+ ){0,6}?بريندار(?! نه)", 1),
    (r"(?<!هيچ )(?<!\w)(?:\w+(?:يك|يكي|يهك|يهكي)) (?:\w+ ){0,4}?بريندار(?! نه)", 1),
    (r"(?<!\w)كهسي (?:دووهم|سييهم|چوارهم) (?:\w+ ){0,4}?بريندار(?! نه)", 1),
    (r"(?<!\w)(?:يهكيكي ديكه|كهسيكي ديكه|ئهفسهريكي \w+) بريندار(?! نه)", 1),
    (rf"(?<!\w){_N} (?:كهس|چهكدار|پوليس|خوپيشاندهر) ?(?:\w+ ){{0,4}}?بريندار(?! نه)", 0),
    (rf"(?<!\w){_N} (?:\w+ ){{1,4}}?بريندار (?:بوون|كران)", 0),
    (rf"(?<!\w){_N}ي? ديكه\w* بريندار", 0),
    (r"(?<!\w)هيچ كهس\w* (?:\w+ ){0,2}?بريندار نه", _NONE),
)  # fmt: skip
_INJURED = (
    _Table(
        r"صيب|صاب|يصب|جرح|جري|مستشف|خسائر|ضرار|يتلق|يرقد|يعالج|لا يزال|ما زال|قتلي|وفيات|ضحايا|زخمي|مجروح|بريندار",
        *_INJURED_AR, *_INJURED_FA, *_INJURED_KU,
    ),
    _Table(r"wound|injur|hurt|bruis|hit|shot|struck|graz|treat|hospital|casualt|harm|damage|losses|wia", *_INJURED_EN),
)  # fmt: skip
_VICTIMS = (
    _Table("ضحايا|ضحيه", (rf"[ (]{_ABOUT}{_N} (?:{_PEOPLE_AR} )?(?:ضحايا|ضحيه)(?!\w)", 0)),
    _Table("casualties|victims", (rf"(?<!\w){_ABOUT}{_N} (?:casualties|victims)(?!\w)", 0)),
)


def _count(folded: str, tables: tuple[_Table, ...]) -> int | None:
    best: int | None = None
    more = 0
    for pattern, number in (item for table in tables if table.words.search(folded) for item in table.patterns):
        for match in pattern.finditer(folded):
            if number == _NONE:
                best = best or 0
                continue
            if number < 0:
                more += -number
                continue
            value = number
            if number == 0:
                value = int(match["n"]) if match["n"].isdigit() else _NUMBERS[match["n"]]
                if 1900 <= value <= 2100:
                    continue
            best = max(best or 0, value)
    if more:
        return (best or 0) + more
    return best
