"""What a finding holds beside who and where: spot, day, toll, kind of event and the leaders named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date

from pipelines.dating import When
from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.models import EventType, Place
from pipelines.scenes import Action, Scene, Story
from pipelines.text import fold
from pipelines.tolls import toll, victims


def around(story: Story, governorate: str, scenes: Sequence[Scene], old: bool) -> list[Scene]:
    """The witnesses with the other sentences of the same scene: they hold spot, day and toll."""
    witnesses = set(map(id, scenes))
    return [
        scene
        for scene in story.scenes
        if id(scene) in witnesses
        or (
            governorate in scene.where
            and scene.background == old
            and not scene.row
            and (not scene.named or governorate in scene.named)
        )
    ]


def places_of(scenes: Sequence[Scene], lexicon: Lexicon, governorate: str) -> list[Place]:
    found: dict[str, Place] = {}
    for scene in scenes:
        for mention in scene.sentence.of("place", "governorate"):
            entity = lexicon.entity(mention.entity)
            if entity.governorate == governorate:
                place = entity.place(mention.form)
                found.setdefault(place.id, place)
    return sorted(found.values(), key=lambda place: place.geo_precision)


def day_of(scenes: Sequence[Scene], published: date) -> When | None:
    for scene in scenes:
        days = [day for day in scene.days if day.precision == 1]
        if days and not scene.background:
            return max(days, key=lambda day: day.day)
    for scene in scenes:
        if scene.days and not scene.background:
            return scene.days[0]
    return When(published, 2, "")


def toll_of(
    story: Story, scenes: Sequence[Scene], lexicon: Lexicon, governorate: str, old: bool
) -> tuple[int | None, int | None]:
    """Killed and injured: what the title says, else the highest number of the scene; None where none is given."""
    title = [] if old else [scene for scene in story.scenes if scene.sentence.field == "title"]
    in_title = [toll(_here(scene, lexicon, governorate)) for scene in title]
    scenes = [scene for scene in scenes if scene.sentence.field == "title" or not _adds_up(scene)]
    in_text = [toll(_here(scene, lexicon, governorate)) for scene in scenes]
    result: list[int | None] = []
    for kind in ("killed", "injured"):
        stated = [value for item in in_title if (value := getattr(item, kind)) is not None]
        if not stated or max(stated) <= 1:
            stated += [value for item in in_text if (value := getattr(item, kind)) is not None]
        result.append(max(stated) if stated else None)
    if result[0] is None:
        counted = [n for scene in [*title, *scenes] if (n := victims(_here(scene, lexicon, governorate))) is not None]
        result[0] = max(counted, default=None)
    return result[0], result[1]


_SINCE = re.compile(
    r"(?<!\w)[وف]?منذ (?!صباح|فجر|مساء|ليل|امس|اليوم|ساع|دقائق|البارحه|قليل|لحظ)(?!\w* (?:امس|اليوم))"
    r"|(?<!\w)since (?!(?:the )?(?:morning|dawn|yesterday|last night|early|midnight|then|today|noon|evening))"
    r"|(?<!\w)(?:حتي الان منذ|في الاسابيع الاخيره|في الاشهر الاخيره|خلال الاسابيع|خلال الاشهر|in recent (?:weeks|months))"
)


def _adds_up(scene: Scene) -> bool:
    """Whether the sentence counts over a long time: "since February strikes have killed twenty" is not this toll."""
    return bool(_SINCE.search(fold(scene.sentence.text)))


_CLAUSE = re.compile(r"[,;،؛(]|\s[-–—]\s")


def _here(scene: Scene, lexicon: Lexicon, governorate: str) -> str:
    """The clauses of a sentence that do not lie in another governorate: not "… after 30 died in Baghdad"."""
    text = scene.sentence.text
    places = [
        (m.start, lexicon.entity(m.entity).governorate)
        for m in scene.sentence.of("governorate", "place")
        if m.strength >= SUPPORT
    ]
    cuts = [0, *(match.start() for match in _CLAUSE.finditer(text)), len(text)]
    kept = []
    for start, end in itertools.pairwise(cuts):
        named = {place for at, place in places if start <= at < end}
        clause = text[start:end]
        if named and governorate not in named and governorate in scene.where:
            continue
        if named - {governorate} and governorate in named:
            clause = clause[: _first_other(places, start, end, governorate) - start]
        kept.append(clause)
    return " ".join(kept)


def _first_other(places: list[tuple[int, str]], start: int, end: int, governorate: str) -> int:
    return min((at for at, place in places if start <= at < end and place != governorate), default=end)


_SPECIFIC = {
    EventType.OTHER: 0.2,
    EventType.NONE: 0.0,
    EventType.DEPLOYMENT: 0.5,
    EventType.POLITICAL: 0.6,
    EventType.THREAT: 0.6,
    EventType.PROTEST: 0.8,
    EventType.SHOOTING: 0.8,
    EventType.ARREST: 0.8,
}


_LATE = 0.2  # of the vote of an act that stands behind "after"
_FUNERAL = 0.3  # what a burial follows counts more than the burial
_AFTER = re.compile(
    r"\b(?:خلال محاول\w+|after|following|hours after|in the wake of|over|suspected of|to demand|demanding|demand that"
    r"|called for|بتهمة|بعد|عقب|إثر|اثر|على خلفية|أدين|أدينوا|convicted|charged with|on charges"
    r"|[وف]?[يت]?هدد\w*|[وف]?(?:ال|لل)?تهديد\w*|threaten\w*"
    r"|للمطالبة|مطالبين|يطالب|يطالبون|طالبوا|خلفية|ردا على|احتجاجا|تنديدا|تنديد|للتنديد|رفضا|استنكارا|پس از|دوای)\b"
)


def event_type_of(
    story: Story, witnesses: Sequence[Scene], around: Sequence[Scene], governorate: str, killed: int | None
) -> EventType:
    """What was done: the title counts most, then the first witness; what it came after counts less."""
    votes: dict[EventType, float] = {}
    title = [s for s in story.scenes if s.sentence.field == "title" and (not s.named or governorate in s.named)]
    body = [s for s in witnesses if s.sentence.field != "title"]
    lead = [s for s in around if s.sentence.field != "title"][:1]
    body = lead + [s for s in body if s not in lead]
    office = any(_at_office(scene) for scene in [*title, *lead])
    for rank, scene in enumerate([*title, *body]):
        factor = 3.0 if scene.sentence.field == "title" else 1.6 if rank == len(title) else 1.0
        after = _AFTER.search(scene.sentence.text)
        best: dict[EventType, float] = {}
        for action in scene.actions:
            late = _LATE if after and _is_late(scene, action, after) else 1.0
            if _is_feared(scene, action):
                late = _LATE
            if action.event_type is EventType.BOMBING and _seized(scene, action):
                late = _LATE
            if action.mention.entity == "action.funeral":
                late *= _FUNERAL
            vote = late * action.weight**2 * _SPECIFIC.get(action.event_type, 1.0)
            best[action.event_type] = max(best.get(action.event_type, 0.0), vote)
        attempt = best.get(EventType.ASSASSINATION_ATTEMPT)
        if best.get(EventType.BOMBING) and not attempt and rank <= len(title) and office:
            best[EventType.ATTACK_ON_OFFICE] = best.pop(EventType.BOMBING) + 0.2
        for event, vote in best.items():
            votes[event] = votes.get(event, 0.0) + factor * vote
    if not any(votes.values()):
        return EventType.OTHER
    # Shots between the two groups are a battle; shots into the air are none.
    both = any(len(scene.groups) > 1 for scene in witnesses)
    if both:
        quarrel = any(a.event_type is EventType.NONE and a.weight > 0.5 for scene in witnesses for a in scene.actions)
        votes[EventType.ARMED_CLASH] = votes.get(EventType.ARMED_CLASH, 0.0) + 0.8 * quarrel
        general = votes.pop(EventType.SHOOTING, 0.0) + (votes.pop(EventType.OTHER, 0.0) if killed else 0.0)
        votes[EventType.ARMED_CLASH] = votes.get(EventType.ARMED_CLASH, 0.0) + general
    elif not killed and any("in_the_air" in scene.flags for scene in around):
        votes[EventType.SHOOTING] = votes.pop(EventType.ARMED_CLASH, 0.0) + votes.get(EventType.SHOOTING, 0.0)
    battle, shots = votes.get(EventType.ARMED_CLASH, 0.0), votes.get(EventType.SHOOTING, 0.0)
    if battle >= _SHARE * shots > 0:
        votes[EventType.ARMED_CLASH] = battle + votes.pop(EventType.SHOOTING)  # shots were exchanged
    kind = max(votes, key=lambda event: votes[event])
    first = title if any(scene.actions for scene in title) else lead
    if kind is EventType.DEPLOYMENT and any(a.mention.entity == "action.protesters" for s in first for a in s.actions):
        return EventType.PROTEST  # those who besiege an office are a crowd
    if kind is EventType.DEPLOYMENT and killed:
        return EventType.ARMED_CLASH
    if kind is EventType.SHOOTING and any(_shot_at(scene) for scene in [*title, *lead]):
        return EventType.ATTACK_ON_OFFICE
    gunmen = any(m.entity == "hidden" for scene in [*title, *lead] for m in scene.sentence.of("actor"))
    harm = any(_HARM.search(a.mention.form) for scene in [*title, *lead] for a in scene.actions)
    if kind is EventType.OTHER and gunmen and harm:
        return EventType.SHOOTING  # "unknown gunmen attacked members of …"
    strange = kind is EventType.ATTACK_ON_OFFICE and not any(_at_office(scene) for scene in [*title, *body])
    if strange and any(m.entity == "state" for scene in [*title, *lead] for m in scene.sentence.of("actor")):
        return EventType.ARMED_CLASH  # not an office of a group: its gunmen against police or army are a battle
    return kind


_SHARE = 0.6
_HARM = re.compile(r"قتل|قتيل|جرح|صيب|صاب|هجوم|هاجم|هجم|kill|wound|injur|attack|ambush|کشته|زخمی|کوژ|بریندار")
_SHOT_AT = re.compile(
    r"(?:النار|نار|الرصاص|رصاص|كثيف) (?:على|باتجاه|نحو) (?:مقر|مكتب|مكاتب)"
    r"|(?:[أا]مطر|يمطر|تمطر|تعرض|يتعرض|تتعرض)\w* (?:مقر|مكتب|مكاتب)"
    r"|(?:spray|sprayed|raked?|strafed?|(?:fire|shots|shoot|bullets) (?:at|on)) (?:\w+\W+){0,6}?"
    r"(?:offices?|headquarters|HQ)\b"
)


def _is_late(scene: Scene, action: Action, after: re.Match[str]) -> bool:
    """Whether an act stands behind "after"; where the sentence begins so, only its first act does."""
    if after.start() > 0:
        return action.mention.start >= after.end()
    return action.mention.start == min(other.mention.start for other in scene.actions)


_FEARED = re.compile(
    r"(?<!\w)(?:مخاوف|خشيه|تحسبا|تحذير\w*|[يت]?حذر\w*|تجنب\w*|لتجنب|تفادي\w*|لتفادي|درءا|منعا|لمنع|خطه|مخطط\w*|نيه|احتمال\w*)"
    r"(?: \w+){0,2}? (?:من |ل|ب)?(?:وقوع |حدوث |حصول |اندلاع )?(?:ال)? ?$"
    r"|(?<!\w)(?:fears? of|fearing|to avoid|avoiding|warn\w* (?:of|against)|to prevent|preventing|averting|plan(?:s|ned|ning)? to|plot(?:s|ted|ting)? to"
    r"|risk of|threat of)(?: \w+){0,4} $"
    r"|(?<!\w)(?:احتمال|بيم|نگراني از|براي جلوگيري از|مترسي|ترسي)(?: \w+){0,2} $"
)


def _is_feared(scene: Scene, action: Action) -> bool:
    """Whether the act is only what somebody fears, forbids or plans: "مخاوف من صدام", "to avoid clashes"."""
    return bool(
        _FEARED.search(fold(scene.sentence.text[max(0, action.mention.start - 50) : action.mention.start]) + " ")
    )


def _seized(scene: Scene, arms: Action) -> bool:
    """Whether rockets and charges are what was seized: "ضبطت ثلاثة صواريخ"."""
    return any(
        action.event_type is EventType.ARREST and 0 <= arms.mention.start - action.mention.end <= 60
        for action in scene.actions
    )


def _shot_at(scene: Scene) -> bool:
    """Whether an office of a group is what the shots hit."""
    return _at_office(scene) and bool(_SHOT_AT.search(scene.sentence.text))


def _at_office(scene: Scene) -> bool:
    """Whether an office or house of a group is named right beside the group."""
    offices = [m for m in scene.sentence.of("marker") if m.entity == "marker.office"]
    groups = [m for m in scene.sentence.of("group", "body", "person", "movement") if m.entity != "pmf"]
    return any(-12 <= group.start - office.end <= 30 for office in offices for group in groups) or any(
        0 <= office.start - group.end <= 3 for office in offices for group in groups
    )


def people_of(scenes: Sequence[Scene]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(m.entity for scene in scenes for m in scene.sentence.of("person") if m.strength >= SUPPORT)
    )
