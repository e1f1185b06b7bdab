"""Which findings are one event, and what an incident says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.grouping import Evidence, choose, follows, sketch_of
from pipelines.incidents import independent_sources, revise
from pipelines.lexicon import load_lexicon
from pipelines.models import Certainty, EventType, Finding, Incident, Place, Range, Severity, SourceReport

LEXICON = load_lexicon()
NOON = datetime(2025, 9, 24, 9, tzinfo=UTC)
SAS, AAH = "saraya_al_salam", "asaib_ahl_al_haq"


def evidence(
    name: str = "a",
    *,
    groups: tuple[str, ...] = (SAS, AAH),
    governorates: tuple[str, ...] = ("basra",),
    event_type: EventType = EventType.ARMED_CLASH,
    day: date | None = date(2025, 9, 24),
    published: datetime = NOON,
    family: str = "",
    stance: str = "neutral",
    trust: int = 2,
    killed: int | None = None,
    injured: int | None = None,
    districts: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    verdict: str = "alert",
    title: str = "",
) -> Evidence:
    finding = Finding(
        id=f"{name}-1",
        article=name,
        groups=groups,
        governorates=governorates,
        event_type=event_type,
        verdict=verdict,  # type: ignore[arg-type]
        score=0.9,
        districts=districts,
        event_date=day,
        time_precision=1 if day else 3,
        killed=killed,
        injured=injured,
        tags=tags,
    )
    report = SourceReport(
        source=family or name,
        name=name,
        family=family or name,
        stance=stance,  # type: ignore[arg-type]
        trust=trust,
        title=title or f"title of {name}",
        url=f"https://{name}.example/",
        language="ar",
        published=published,
        article=name,
    )
    return Evidence(finding, report)


def incident(*items: Evidence) -> Incident:
    made: Incident | None = None
    for number in range(1, len(items) + 1):
        made = revise(made, items[:number], NOON, LEXICON)
    assert made is not None
    return made


def joins(new: Evidence, *known: Evidence) -> bool:
    return choose(new, [sketch_of(incident(*known))]) is not None


# --- what is one event ---


def test_two_outlets_on_one_clash_are_one_event() -> None:
    assert joins(evidence("b"), evidence("a"))


def test_a_report_that_names_no_group_joins_one_that_does() -> None:
    assert joins(evidence("b", groups=()), evidence("a"))


def test_the_same_night_in_another_governorate_is_another_event() -> None:
    assert not joins(evidence("b", governorates=("wasit",)), evidence("a"))


def test_other_groups_are_another_event() -> None:
    assert not joins(evidence("b", groups=(AAH,)), evidence("a", groups=(SAS,)))


def test_the_event_day_counts_and_not_the_day_of_publication() -> None:
    week_later = NOON + timedelta(days=7)
    assert joins(evidence("b", published=week_later), evidence("a"))
    assert not joins(evidence("b", day=date(2025, 10, 1), published=week_later), evidence("a"))


@pytest.mark.parametrize(("year", "same"), [(2018, False), (2022, False), (2025, True)])
def test_freezes_of_different_years_stay_apart(year: int, same: bool) -> None:
    def freeze(name: str, year: int) -> Evidence:
        published = datetime(year, 12, 16, 9, tzinfo=UTC)
        kind = EventType.ORDER_OR_STATEMENT
        return evidence(name, groups=(SAS,), event_type=kind, day=published.date(), published=published)

    assert joins(freeze("b", year), freeze("a", 2025)) is same


def test_closing_the_offices_after_a_clash_belongs_to_it() -> None:
    order = evidence("b", groups=(AAH,), event_type=EventType.ORDER_OR_STATEMENT, day=date(2025, 9, 25))
    assert joins(order, evidence("a"))


def test_an_order_for_two_governorates_is_more_than_the_sequel_of_a_clash_in_one() -> None:
    order = evidence("b", groups=(SAS,), governorates=("basra", "wasit"), event_type=EventType.ORDER_OR_STATEMENT)
    assert not joins(order, evidence("a"))


def test_an_order_names_the_incident_it_follows_from() -> None:
    later = NOON + timedelta(days=20)
    order = evidence("b", groups=(SAS,), event_type=EventType.ORDER_OR_STATEMENT, day=later.date(), published=later)
    clash = incident(evidence("a"))
    assert choose(order, [sketch_of(clash)]) is None
    assert follows(order, [sketch_of(clash)]) == (clash.id,)


def test_a_single_group_in_two_districts_on_one_day_is_two_events() -> None:
    first = evidence("a", groups=(AAH,), districts=("basra.al_zubair",))
    assert not joins(evidence("b", groups=(AAH,), districts=("basra.al_qurna",)), first)
    assert joins(evidence("b", groups=(AAH,), districts=("basra.al_zubair",)), first)


def test_a_repost_without_a_date_weeks_later_opens_nothing_new() -> None:
    later = NOON + timedelta(days=26)
    assert joins(evidence("b", day=None, published=later, killed=4), evidence("a", killed=4))
    assert not joins(evidence("b", day=None, published=later, killed=2), evidence("a", killed=4))


def test_an_old_story_retold_does_not_join_the_news_of_the_day() -> None:
    old = evidence("b", day=None, tags=("background",))
    assert not joins(old, evidence("a"))
    assert not joins(evidence("a"), old)


# --- what is known of it ---


def test_a_toll_is_the_range_of_what_the_sources_say() -> None:
    assert incident(evidence("a", killed=3), evidence("b", killed=5)).killed == Range(3, 5)


def test_a_source_that_corrects_itself_replaces_its_own_figure() -> None:
    later = NOON + timedelta(hours=2)
    made = incident(evidence("a", family="x", killed=3), evidence("b", family="x", killed=1, published=later))
    assert made.killed == Range(1, 1)
    assert "killed 3 → 1" in made.changed


def test_families_and_not_outlets_are_counted() -> None:
    made = incident(evidence("a", family="x"), evidence("b", family="x"), evidence("c", family="y"))
    assert made.independent_sources == 2


def test_copies_and_a_second_faction_outlet_are_no_new_voice() -> None:
    base = incident(evidence("a")).sources[0]
    copied = replace(base, article="b", family="b", copy_of="a")
    factions = [replace(base, article=name, family=name, stance="faction") for name in ("c", "d")]
    assert independent_sources([base, copied, *factions]) == 2


def test_certainty_grows_with_independent_voices() -> None:
    assert incident(evidence("a", trust=1)).certainty is Certainty.POSSIBLE
    assert incident(evidence("a")).certainty is Certainty.LIKELY
    assert incident(evidence("a"), evidence("b")).certainty is Certainty.OBSERVED
    assert incident(evidence("a", tags=("official",))).certainty is Certainty.OBSERVED


def test_severity_is_of_the_gravest_and_deaths_are_critical() -> None:
    assert incident(evidence("a", event_type=EventType.ARREST)).severity is Severity.MEDIUM
    assert incident(evidence("a", event_type=EventType.ARREST, injured=2)).severity is Severity.HIGH
    assert incident(evidence("a", event_type=EventType.PROTEST, killed=1)).severity is Severity.CRITICAL


def test_an_official_denial_of_a_single_voice_retracts() -> None:
    later = NOON + timedelta(hours=3)
    denial = evidence("b", tags=("denial", "official"), published=later)
    made = incident(evidence("a"), denial)
    assert made.status == "retracted"
    assert made.change == "retracted"


def test_a_denial_of_what_two_voices_say_is_told_and_nothing_is_taken_back() -> None:
    later = NOON + timedelta(hours=3)
    made = incident(evidence("a"), evidence("b"), evidence("c", tags=("denial", "official"), published=later))
    assert made.status == "open"
    assert any("denied" in change for change in made.changed)


def test_a_further_copy_of_the_same_figures_is_no_new_revision() -> None:
    first = incident(evidence("a", family="x"))
    again = revise(first, [evidence("a", family="x"), evidence("b", family="x")], NOON + timedelta(hours=1), LEXICON)
    assert again.revision == first.revision
    assert len(again.sources) == 2


def test_only_a_digest_finding_leaves_an_incident_doubtful_until_one_is_sure() -> None:
    doubtful = incident(evidence("a", verdict="digest"))
    assert doubtful.doubtful
    sure = revise(doubtful, [evidence("a", verdict="digest"), evidence("b")], NOON, LEXICON)
    assert not sure.doubtful
    assert sure.change == "update"


def with_places(name: str, *places: Place) -> Evidence:
    item = evidence(name)
    return Evidence(replace(item.finding, places=places), item.report)


def test_the_district_that_most_reports_name_comes_first_and_in_it_the_most_precise_place() -> None:
    district = Place("x", "X", "س", "district", "basra", geo_precision=2)
    square = Place("x.square", "Square", "ساحة", "square", "basra", district="x", geo_precision=1)
    city = Place("b.city", "City", "مدينة", "city", "basra", district="b", geo_precision=1)
    command = Place("c", "Command", "قيادة", "security_body", "basra", geo_precision=3)
    made = incident(with_places("a", command, district), with_places("b", city, district), with_places("c", square))
    assert [place.id for place in made.places] == ["x.square", "x", "b.city", "c"]
