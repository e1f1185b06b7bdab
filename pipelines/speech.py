"""Who speaks in a sentence, and whether what it tells is a deed or only what somebody says of one.

"Khazali ordered the offices shut" is an act of his group; "Khazali condemned the attack", "a source said that fighters
of the group …" and "the movement asked the government to …" are none, or another's.
"""

from __future__ import annotations

import re
from itertools import pairwise

from pipelines.lexicon import SUPPORT
from pipelines.models import EventType, Mention
from pipelines.scenes import STRONG, VIOLENT, Scene

CONTRAST = re.compile(
    r"(?:[،,;؛]\s*)?\b(?:فيما|بينما|في حين|في المقابل|بالمقابل|while|whereas|but|meanwhile)\b|[;؛]"
)  # parts two halves


def only_says(scene: Scene) -> bool:
    """Whether the group or its leader is the speaker and the action is what he speaks about."""
    if "denial" in scene.flags:
        if any(a.event_type in VIOLENT and a.weight >= STRONG for a in scene.actions):
            return False  # it denies a deed it is blamed for: tagged as a denial, not dropped
        if speaks(scene):
            return True  # it denies an order or a withdrawal
    if "own" in scene.flags or (_orders(scene) and not _judges(scene)):
        return False
    return speaks(scene) and not _told_beside(scene)


_GOES_ON = re.compile(
    r"[،,;؛]\s?(?:و(?!فق|ذلك|هو|هي|قد|لا|فقا)\w|كما|فيما|بينما|معرب|مؤكد|مبين|مشير|داعي|مضيف"
    r"|saying|adding|while|and |but )"
)


def _orders(scene: Scene) -> bool:
    """Whether the one who speaks gives an order: it stands with him, not in what the sentence goes on to."""
    text = scene.sentence.text
    cuts = [0, *(match.start() for match in _GOES_ON.finditer(text)), len(text)]
    speakers = [m.start for m in scene.sentence.of("person", "group", "body", "movement")]
    appeal = _APPEALS.search(text)
    orders = [
        action.mention.start
        for action in scene.actions
        if action.event_type is EventType.ORDER_OR_STATEMENT
        and action.mention.entity != "action.truce"  # for others
        and not (appeal and action.mention.start >= appeal.start())
    ]
    return any(
        any(start <= at < end for at in speakers) and any(start <= at < end for at in orders)
        for start, end in pairwise(cuts)
    )


_STATE_EN = "government|prime minister|parliament|state|authorities|army|police|judiciary|ministry|minister|governor"
_STATE_AR = "ال?حكومة|رئيس (?:ال)?وزراء|مجلس ال|البرلمان|القضاء|الدولة|القوات الأمنية|القائد العام|وزارة|وزير"
_APPEALS = re.compile(  # what the state is asked to do is no order of one's own
    rf"\b(?:urg|call|ask|demand|press|want|tell|told)\w* (?:on |upon |from |that )?(?:the |iraq s |iraqi )?(?:\w+ )?"
    rf"(?:{_STATE_EN}|security forces)"
    r"|(?:دعا|دعت|يدعو|تدعو|طالب|طالبت|يطالب|تطالب|ناشد|ناشدت|حث|حثت) (?:\S+ ){0,8}?"
    rf"(?:{_STATE_AR})",
    re.IGNORECASE,
)
_JUDGES = re.compile(
    r"welcom|criticis|criticiz|condemn|denounc|prais|reject|congratulat|argu|support|expect|رحب|استنكر|يستنكر|أدان|(?<!\w)دان|ادان|يدين|تدين|ندد"
    r"|انتقد|ينتقد|أشاد|اشاد|يشيد|بارك|هنأ|محكوم|محکوم|انتقاد|ڕەخنە|مەحکوم|شەرمەزار|ئیدانە|سەرکۆنە",
    re.IGNORECASE,
)


def _judges(scene: Scene) -> bool:
    """Whether the speaker only approves or blames: "Asaib welcomed the decree" is no order of its own."""
    verbs = [m for m in scene.sentence.of("marker") if m.entity == "marker.speech"]
    return bool(verbs) and all(_JUDGES.search(m.form) for m in verbs)


def _told_beside(scene: Scene) -> bool:
    """Whether one half of the sentence tells the deed, and only the other what somebody said of it."""
    cuts = [0, *(match.start() for match in CONTRAST.finditer(scene.sentence.text)), len(scene.sentence.text)]
    speech = [m.start for m in scene.sentence.of("marker") if m.entity == "marker.speech"]
    groups = [m.start for m in scene.sentence.of("group")]
    deeds = [a.mention.start for a in scene.actions if a.weight >= STRONG]

    def within(places: list[int], start: int, end: int) -> bool:
        return any(start <= at < end for at in places)

    return len(cuts) > 2 and any(
        within(groups, *half) and within(deeds, *half) and not within(speech, *half) for half in pairwise(cuts)
    )


def speaks(scene: Scene) -> bool:
    """Whether the group or its leader is the one who speaks."""
    speakers = [m for m in scene.sentence.of("person", "group", "body") if m.strength >= SUPPORT]
    verbs = [m for m in scene.sentence.of("marker") if m.entity == "marker.speech"]
    # "قال الخزعلي" in Arabic, but "خزعلی گفت", "خەزعەلی گوتی" and "Khazali said".
    arabic = bool(re.search("[\u0600-\u06ff]", scene.sentence.text)) and not _SPEAKER_FIRST.search(scene.sentence.text)
    if any(_STATED_BY.search(scene.sentence.before(speaker)) for speaker in speakers):
        return True
    for speaker in speakers:
        for verb in verbs:
            between = speaker.start - verb.end if arabic else verb.start - speaker.end
            if arabic and _SUBJECT_BEFORE.search(scene.sentence.text[: verb.start]) and speaker.start > verb.end:
                continue  # "a source had accused the Saraya": he who speaks stands before the verb
            if arabic and _subject_before(scene, verb) and speaker.start > verb.end:
                continue  # a headline: "a family accuses the group"
            if arabic and _THAT.search(scene.sentence.text[verb.end : max(verb.end, speaker.start)]):
                continue  # "the sources said that fighters of …": somebody else speaks
            if not arabic and _SOURCE_FIRST.match(scene.sentence.text) and verb.start > speaker.end + _NEXT_TO:
                continue  # "The officials identified them as members of …, and said …"
            if not arabic and _SOURCE.search(scene.sentence.text[speaker.end : max(speaker.end, verb.start)]):
                continue  # "… Asaib Ahl al-Haq and others, witnesses said"
            judges = bool(_JUDGES.search(verb.form))  # what stands between is what he judges
            reach = 45 if arabic else 120 if judges else 60
            if 0 <= between <= reach and (judges or not _others_between(scene, speaker.start, verb.start)):
                return True
            follows = verb.start >= speaker.end
            if arabic and follows and _THEN_SAYS.fullmatch(scene.sentence.text, speaker.end, verb.start):
                return True
    return False


def _subject_before(scene: Scene, verb: Mention) -> bool:
    """Whether somebody stands before the verb in his clause of a headline: headlines put the subject first."""
    before = re.split(r"[:،,.…\-–—|«»\"]", scene.sentence.text[: verb.start])[-1]
    return scene.sentence.field == "title" and bool(re.search(r"\w{3}", before))


_STATED_BY = re.compile(r"\b(?:statements?|messages?|condolences|calls) .*\b(?:came|issued|sent) (?:from|by)\b[^.;]*$")
_SPEAKER_FIRST = re.compile("[گچپژیەۆێڕڵ]")
_SOURCE = re.compile(
    r"\b(?:witness\w*|sources?|officials?|police|officers?|medics?|residents?|activists?|reports?|media|doctors?|mp|lawmaker"
    r"|captain|colonel|major|general|governor|agency|he|she|they|it|who)\b"
    r"|\b(?:an?|one|another|his|her|their) \w+(?: \w+){0,3}\s*$"
    r"|,\s(?:the|two|three|four|several|some|local)\s\w+(?: \w+){0,2}\s*$"
    r"|سەرچاوە|شایەت|پۆلیس|پەرلەمانتار|منبع|منابع|شاهد|پلیس|نماینده",
    re.IGNORECASE,
)


_NEXT_TO = 4  # characters between a name and the verb right behind it
_SOURCE_FIRST = re.compile(
    r"\W*(?:the|a|an|two|three|several|local|security|police|iraqi)?\s*(?:\w+\s){0,2}?(?:officials?|officers?|sources?|police|residents?"
    r"|witness(?:es)?|doctors?|relatives?|famil(?:y|ies)|lawmakers?|colonel|lieutenant|captain|medics?|neighbou?rs?)\b",
    re.IGNORECASE,
)
_THEN_SAYS = re.compile(r"[\s»\"”)]*(?:قد |لقد )?")  # "الخزعلي قال", but not "عواد، مطالبين بكشف"
_SUBJECT_BEFORE = re.compile(r"(?:^|\W)و?كان(?:ت|وا)? (?:\S+ ){1,6}قد $")
_THAT = re.compile(r"\s[إأا]ن(?:ه|ها|هم|هما)?\s|مصدر|مصادر|المصادر|شهود|وكالة|موقع")


def _others_between(scene: Scene, one: int, two: int) -> bool:
    low, high = sorted((one, two))
    return any(
        low < m.start < high for m in scene.sentence.of("actor", "action") if m.kind == "actor" or m.start < high
    )
