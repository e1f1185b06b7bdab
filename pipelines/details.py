"""What a finding holds beside who, where and what was done: spot, day, toll and the leaders named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date

from pipelines.dating import When
from pipelines.lexicon import SUPPORT, Lexicon
from pipelines.models import Place
from pipelines.placing import is_direction
from pipelines.scenes import Scene, Story
from pipelines.text import fold
from pipelines.tolls import toll, victims


def around(story: Story, governorate: str, scenes: Sequence[Scene], old: bool) -> list[Scene]:
    """The witnesses with the other sentences of the same scene: they hold spot, day and toll."""
    witnesses = set(map(id, scenes))
    alone = story.everywhere == {governorate}  # sentences before the first place lie there too
    return [
        scene
        for scene in story.scenes
        if id(scene) in witnesses
        or (
            (governorate in scene.where or (alone and not scene.where))
            and story.recalls(scene, governorate) == old
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
    """Killed and injured: what the title or a total says, else the highest number of the scene; None where none is."""
    title = [] if old else [scene for scene in story.scenes if scene.sentence.field == "title"]
    in_title = [toll(_here(scene, lexicon, governorate)) for scene in title]
    scenes = [scene for scene in scenes if scene.sentence.field == "title" or not _adds_up(scene)]
    in_text = [toll(_here(scene, lexicon, governorate)) for scene in scenes]
    summed = [item for scene, item in zip(scenes, in_text, strict=True) if _TOTAL.search(fold(scene.sentence.text))]
    result: list[int | None] = []
    for kind in ("killed", "injured"):
        stated = [value for item in [*in_title, *summed] if (value := getattr(item, kind)) is not None]
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
    r"|(?<!\w)له \d{1,2}\S{0,3} \w+هوه(?!\w)|(?<!\w)از (?:ابتداي|اغاز|زمان) "
    r"|(?<!\w)(?:حتي الان منذ|في الاسابيع الاخيره|في الاشهر الاخيره|خلال الاسابيع|خلال الاشهر"
    r"|in recent (?:weeks|months)|in an? (?:week|month|year) of|over the past"
    r"|last fought|in that (?:uprising|revolt|war|movement|year|period)|tally)(?!\w)"
    r"|(?<!\w)(?:سابقتها|سابقته|المواجهه السابقه|الحادثه السابقه|الاشتباكات السابقه)(?!\w)"
)


_TOTAL = re.compile(r"(?<!\w)[وف]?(?:ال)?حصيل|(?<!\w)(?:death toll|total of|in all|in total)(?!\w)")


_NEVER = re.compile(r"(?<!\w)(?:not|never|unseen|لم)(?: \w+){1,5}? (?:since|منذ)(?!\w)")


def _adds_up(scene: Scene) -> bool:
    """Whether the sentence counts over a long time: "since February strikes have killed twenty" is not this toll.

    "Two died in a town that had not seen fighting since 2008" counts nothing over that time.
    """
    return bool(_SINCE.search(_NEVER.sub("", fold(scene.sentence.text))))


_CLAUSE = re.compile(r"[,;،؛(]|\s[-–—]\s")


def _here(scene: Scene, lexicon: Lexicon, governorate: str) -> str:
    """The clauses of a sentence that do not lie in another governorate: not "… after 30 died in Baghdad"."""
    text = scene.sentence.text
    places = [
        (m.start, lexicon.entity(m.entity).governorate)
        for m in scene.sentence.of("governorate", "place")
        if m.strength >= SUPPORT and not is_direction(scene.sentence, m)
    ]
    cuts = [0, *(match.start() for match in _CLAUSE.finditer(text)), len(text)]
    kept = []
    for start, end in itertools.pairwise(cuts):
        named = {place for at, place in places if start <= at < end}
        clause = text[start:end]
        if named and governorate not in named and governorate in scene.where:
            kept.append(" ")
            continue
        if named - {governorate} and governorate in named:
            clause = clause[: _first_other(places, start, end, governorate) - start]
        kept.append(clause)
    return "".join(kept)


def _first_other(places: list[tuple[int, str]], start: int, end: int, governorate: str) -> int:
    return min((at for at, place in places if start <= at < end and place != governorate), default=end)


def people_of(scenes: Sequence[Scene]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(m.entity for scene in scenes for m in scene.sentence.of("person") if m.strength >= SUPPORT)
    )
