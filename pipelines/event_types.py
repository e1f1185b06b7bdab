"""What was done: one event type for a finding, voted for by the action words of its title, lead and witnesses.

The title counts most when it names the group, then the first sentence of the scene. What an act came after, what is
only feared or planned, and what the police did about it count less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.models import EventType
from pipelines.scenes import STRONG, Action, Scene, Story
from pipelines.text import fold

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
    r"|called for|بتهمة|بعد|عقب|بسبب|سببه|سببها|السبب|ما إن|because of|due to|in response to"
    r"|إثر|اثر|على خلفية|أدين|أدينوا|convicted|charged with|on charges"
    r"|[يت]منع|بمنع|[يت]حظر|بحظر|bars|barred|bans|banned|prohibit\w*|forbids|forbade"
    r"|[وف]?[يت]?هدد\w*|[وف]?(?:ال|لل)?تهديد\w*|threaten\w*"
    r"|للمطالبة|مطالبين|يطالب|يطالبون|طالبوا|خلفية|ردا على|احتجاجا|تنديدا|تنديد|للتنديد|رفضا|استنكارا|پس از|دوای)\b"
)


_TITLE, _BARE_TITLE, _LEAD = 3.0, 2.0, 1.6  # how much a sentence counts; a bare title names none of the groups
_REACTION = 0.3  # of the vote of a deployment by army or police
_STATEMENT = 3.0  # votes a title that quotes a leader has
_FOUGHT = 0.3  # votes from which those who came out were in the fighting that killed
_ESCAPED = 0.9  # votes from which an attempt on somebody is what the report is about


def event_type_of(
    story: Story, witnesses: Sequence[Scene], around: Sequence[Scene], governorate: str, killed: int | None
) -> EventType:
    """The type that gets most votes, after the rules for what the words mean together."""
    title = [s for s in story.scenes if s.sentence.field == "title" and (not s.named or governorate in s.named)]
    lead = [s for s in around if s.sentence.field != "title"][:1]
    body = lead + [s for s in witnesses if s.sentence.field != "title" and s not in lead]
    first = [*title, *lead]
    office = any(_at_office(scene) for scene in first)
    votes: dict[EventType, float] = {}
    for scene in [*title, *body]:
        factor = 1.0
        if scene in title:
            factor = _TITLE if scene.groups or scene.leaders or scene.sides else _BARE_TITLE
            if _is_statement(scene):
                votes[EventType.ORDER_OR_STATEMENT] = _STATEMENT
                factor = _LATE  # the acts in it are what he speaks of
        elif scene in lead:
            factor = _LEAD
        for event, vote in _votes(scene, office and scene in first).items():
            votes[event] = votes.get(event, 0.0) + factor * vote
    if not any(votes.values()):
        return EventType.OTHER
    _merge_shots(votes, witnesses, around, killed)
    kind = max(votes, key=lambda event: votes[event])
    return _in_context(kind, votes, title, lead, body, killed)


def _votes(scene: Scene, at_office: bool) -> dict[EventType, float]:
    """What one sentence votes for: its strongest action of each type."""
    after = _AFTER.search(scene.sentence.text)
    best: dict[EventType, float] = {}
    for action in scene.actions:
        share = 1.0
        if after and _is_late(scene, action, after) != _came_of_it(scene, after):
            share = _LATE
        if _WHO.search(scene.sentence.text[: action.mention.start]) or (
            action.event_type is EventType.BOMBING and _seized(scene, action)
        ):
            share = _LATE
        if action.mention.entity == "action.funeral":
            share *= _FUNERAL
        if action.event_type is EventType.DEPLOYMENT and _by_the_state(scene, action):
            share *= _REACTION
        vote = share * action.weight**2 * _SPECIFIC.get(action.event_type, 1.0)
        best[action.event_type] = max(best.get(action.event_type, 0.0), vote)
    if best.get(EventType.BOMBING) and not best.get(EventType.ASSASSINATION_ATTEMPT) and at_office:
        best[EventType.ATTACK_ON_OFFICE] = best.pop(EventType.BOMBING) + 0.2
    return best


def _merge_shots(
    votes: dict[EventType, float], witnesses: Sequence[Scene], around: Sequence[Scene], killed: int | None
) -> None:
    """Shots between the two groups are a battle; shots into the air are none."""
    if any(len(scene.groups) > 1 for scene in witnesses):
        quarrel = any(a.event_type is EventType.NONE and a.weight > 0.5 for scene in witnesses for a in scene.actions)
        general = votes.pop(EventType.SHOOTING, 0.0) + (votes.pop(EventType.OTHER, 0.0) if killed else 0.0)
        votes[EventType.ARMED_CLASH] = votes.get(EventType.ARMED_CLASH, 0.0) + 0.8 * quarrel + general
    elif not killed and any("in_the_air" in scene.flags for scene in around):
        votes[EventType.SHOOTING] = votes.pop(EventType.ARMED_CLASH, 0.0) + votes.get(EventType.SHOOTING, 0.0)
    battle, shots = votes.get(EventType.ARMED_CLASH, 0.0), votes.get(EventType.SHOOTING, 0.0)
    if battle >= _SHARE * shots > 0:
        votes[EventType.ARMED_CLASH] = battle + votes.pop(EventType.SHOOTING)  # shots were exchanged


def _in_context(
    kind: EventType,
    votes: dict[EventType, float],
    title: Sequence[Scene],
    lead: Sequence[Scene],
    body: Sequence[Scene],
    killed: int | None,
) -> EventType:
    """What the winning word means beside who did it and to whom."""
    first = [*title, *lead]
    told = title if any(scene.actions for scene in title) else lead
    if kind is EventType.DEPLOYMENT and any(a.mention.entity == "action.protesters" for s in told for a in s.actions):
        return EventType.PROTEST  # those who besiege an office are a crowd
    fought = votes.get(EventType.ARMED_CLASH, 0.0) + votes.get(EventType.SHOOTING, 0.0) >= _FOUGHT
    if kind is EventType.DEPLOYMENT and killed and fought:
        return EventType.ARMED_CLASH
    escaped = votes.get(EventType.ASSASSINATION_ATTEMPT, 0.0) >= _ESCAPED
    if kind in (EventType.BOMBING, EventType.SHOOTING, EventType.ATTACK_ON_OFFICE) and escaped and not killed:
        return EventType.ASSASSINATION_ATTEMPT  # how it was tried matters less than that somebody was meant
    if kind in (EventType.BOMBING, EventType.ATTACK_ON_OFFICE) and any(map(_under_a_car, [*first, *body])):
        # Who sticks a bomb under a car means the man who drives it.
        return EventType.ASSASSINATION if killed else EventType.ASSASSINATION_ATTEMPT
    if kind is EventType.ASSASSINATION and killed == 0 and votes.get(EventType.ASSASSINATION_ATTEMPT):
        return EventType.ASSASSINATION_ATTEMPT
    if kind is EventType.SHOOTING and any(_shot_at(scene) for scene in first):
        return EventType.ATTACK_ON_OFFICE
    crowd = any(a.mention.entity in ("action.protesters", "action.protest") for s in first for a in s.actions)
    member = any("member" in s.flags and s.groups for s in first)
    if (
        kind is EventType.SHOOTING
        and killed
        and member
        and not crowd
        and any(m.entity == "hidden" for s in first for m in s.sentence.of("actor"))
    ):
        return EventType.ASSASSINATION  # unknown men shot one of a group dead
    actors = {m.entity for scene in first for m in scene.sentence.of("actor")}
    harm = any(_HARM.search(a.mention.form) for scene in first for a in scene.actions)
    if kind is EventType.OTHER and "hidden" in actors and harm:
        return EventType.SHOOTING  # "unknown gunmen attacked members of …"
    strange = kind is EventType.ATTACK_ON_OFFICE and not any(_at_office(scene) for scene in [*title, *body])
    if strange and votes.get(EventType.SHOOTING, 0.0) > votes.get(EventType.ARMED_CLASH, 0.0):
        return EventType.SHOOTING  # shots at a building that is none of the groups'
    if strange and "state" in actors:
        return EventType.ARMED_CLASH  # gunmen of a group against police or army are a battle
    return kind


_ADDRESSES = re.compile(
    r"(?<!\w)(?:رسال[هة]|تحذير\w*|[يت]?حذر|يوج[هة]|يتوعد|يشدد|يصف|يرد"
    r"|يدعو|يطالب|ينفي|يتهم|ينتقد|يعلق|يخاطب|يهاجم الحكومه|يدين)(?!\w)"
    r"|\b(?:warns?|warning|calls? (?:on|for)|urges?|tells?|told"
    r"|slams?|blames?|accuses?|responds?|reacts?|comments?|says?|vows?)\b"
    r"|(?<!\w)(?:هشدار|واكنش|خواستار|هوشداري|داواي)(?!\w)"
)


def _is_statement(scene: Scene) -> bool:
    """Whether the title is what a leader or group says: «الخزعلي: …», "Khazali warns …"."""
    text = fold(scene.sentence.text)
    addresses = _ADDRESSES.search(text)
    if (
        scene.leaders
        and addresses
        and not any(a.weight >= STRONG for a in scene.actions if a.event_type is not EventType.ORDER_OR_STATEMENT)
    ):
        return True
    return any(
        m.start <= 3 and re.match(r"[\w\s'’-]{0,25}?\s*:", scene.sentence.text[m.end :])
        for m in scene.sentence.of("person", "group", "movement")
    )


def _by_the_state(scene: Scene, action: Action) -> bool:
    """Whether army or police are nearer to a deployment than any group: they came because of what was done."""
    forces = [abs(m.start - action.mention.end) for m in scene.sentence.of("actor") if m.entity == "state"]
    groups = [abs(m.start - action.mention.end) for m in scene.sentence.of("group", "body")]
    return bool(forces) and min(forces) < min(groups, default=10_000)


_UNDER_A_CAR = re.compile(
    r"لاصق|(?:اسفل|تحت|داخل) (?:سياره|سيارته|عجله|عجلته|مركبه|مركبته)"
    r"|(?:sticky|magnetic|limpet)(?: \w+)? (?:bomb|charge|device|mine)"
    r"|(?:under|underside of|beneath) (?:\w+ ){0,2}?(?:car|vehicle|sedan|pickup)"
    r"|مغناطيسي|زير خودرو"
)


def _under_a_car(scene: Scene) -> bool:
    """Whether the charge was put on somebody's car."""
    return bool(_UNDER_A_CAR.search(fold(scene.sentence.text)))


_SHARE = 0.6
_HARM = re.compile(r"قتل|قتيل|جرح|صيب|صاب|هجوم|هاجم|هجم|kill|wound|injur|attack|ambush|کشته|زخمی|کوژ|بریندار")
_SHOT_AT = re.compile(
    r"(?:النار|نار|نيران|الرصاص|رصاص|كثيف)(?: \w+)? (?:على|باتجاه|نحو) (?:مقر|مكتب|مكاتب)"
    r"|(?:[أا]مطر|يمطر|تمطر|تعرض|يتعرض|تتعرض)\w* (?:مقر|مكتب|مكاتب)"
    r"|(?:spray|sprayed|raked?|strafed?|(?:fired?|firing|shots|shoot|shooting|bullets) (?:at|on|into)) (?:\w+\W+){0,6}?"
    r"(?:offices?|headquarters|HQ)\b"
    r"|\b(?:offices?|headquarters|HQ)\W(?:\w+\W+){0,10}?(?:c[oa]mes?|coming) under (?:fire|gunfire)"
)


def _is_late(scene: Scene, action: Action, after: re.Match[str]) -> bool:
    """Whether an act stands behind "after"; where the sentence begins so, only its first act does."""
    if after.start() > 0:
        return action.mention.start >= after.end()
    return action.mention.start == min(other.mention.start for other in scene.actions)


_WHO = re.compile(
    r"\b(?:الذي|التي|اللذين|الذين|who|which)\s(?:قد\s|was\s|were\s|had\s|been\s|have\s|has\s)*$"
)  # says of whom, not what


_CAUSE = re.compile(r"بسبب|سببه|سببها|السبب|because of|due to|in response to")


def _came_of_it(scene: Scene, after: re.Match[str]) -> bool:
    """Whether the groups stand only behind "after": "troops came after the Saraya had fired" tells of the fire."""
    if after.start() == 0 or _CAUSE.fullmatch(after.group()):
        return False
    ours = [m.start for m in scene.sentence.of("group", "body", "person", "movement")]
    before = {a.event_type for a in scene.actions if a.mention.start < after.end() and a.weight >= 0.5}
    return bool(ours) and min(ours) >= after.end() and before <= {EventType.DEPLOYMENT, EventType.NONE}


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
