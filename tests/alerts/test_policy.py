"""When people are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from alerts.policy import (
    Decision,
    Pending,
    Policy,
    Silence,
    Situation,
    Told,
    decide,
    end_of_quiet_hours,
    in_quiet_hours,
    material_changes,
    next_digest,
)
from alerts.settings import AnyChannelSettings, ChannelSettings, QuietHours
from pipelines.models import Certainty, EventType, Incident, Range, Severity, Watch
from tests.alerts.samples import NOW, finding, incident, report, second

POLICY = Policy()
NIGHT = datetime(2025, 9, 24, 23, 30, tzinfo=UTC)  # 02:30 in Baghdad


def channel(**values: Any) -> AnyChannelSettings:
    settings: ChannelSettings = TypeAdapter(ChannelSettings).validate_python({"type": "console", **values})
    return settings


def decided(
    one: Incident, *, now: datetime = NOW, on: AnyChannelSettings | None = None, policy: Policy = POLICY, **known: Any
) -> Decision:
    return decide(one, on or channel(), Situation(**known), policy, Watch(), now)


def told(one: Incident, *, minutes: int = 60, updates: int = 0) -> Told:
    return Told(one, NOW - timedelta(minutes=minutes), NOW - timedelta(minutes=minutes), updates)


def weak(**over: Any) -> Incident:
    usual = {"severity": Severity.MEDIUM, "certainty": Certainty.POSSIBLE, "event_type": EventType.THREAT}
    return incident(**{**usual, **over})


# --- new incidents


def test_a_critical_incident_is_told_at_once_however_unsure() -> None:
    decision = decided(incident(certainty=Certainty.POSSIBLE))
    assert (decision.action, decision.due, decision.change) == ("send", NOW, "new")


def test_others_wait_for_further_outlets_first() -> None:
    assert decided(incident(severity=Severity.HIGH)).due == NOW + POLICY.group_wait


def test_a_medium_one_from_a_weak_source_is_held_for_a_second() -> None:
    decision = decided(weak())
    assert (decision.due, decision.reason) == (NOW + POLICY.hold, "held for a second source")


def test_it_can_be_left_to_the_digest_instead() -> None:
    decision = decided(weak(), policy=Policy(after_hold="digest"))
    assert (decision.action, decision.replaces) == ("withhold", False)


def test_a_further_revision_does_not_hold_it_longer() -> None:
    first_due = NOW + timedelta(minutes=3)
    assert decided(weak(revision=2), pending=Pending(first_due, "held for a second source")).due == first_due


def test_a_second_source_ends_the_hold() -> None:
    sure = weak(certainty=Certainty.OBSERVED, revision=2)
    due = decided(sure, pending=Pending(NOW + timedelta(minutes=9), "held for a second source")).due
    assert due == NOW + POLICY.group_wait


def test_old_news_is_never_told() -> None:
    at_the_edge = incident(published=NOW - timedelta(hours=24))
    assert decided(at_the_edge).action == "send"
    too_old = replace(at_the_edge, published=NOW - timedelta(hours=24, seconds=1))
    assert decided(too_old).action == "withhold"
    assert "old news" in decided(too_old).reason


def test_a_report_of_unknown_age_is_not_told() -> None:
    assert "unknown age" in decided(incident(published=None)).reason


def test_a_fresh_report_of_an_old_event_is_not_told() -> None:
    assert decided(incident(event_date=date(2025, 9, 17))).action == "send"
    assert "an old event" in decided(incident(event_date=date(2025, 9, 16))).reason


def test_doubt_goes_to_the_digest() -> None:
    assert "in doubt" in decided(incident(findings=(finding(verdict="digest"),))).reason


def test_what_was_retracted_before_it_was_told_stays_untold_and_takes_the_held_one_with_it() -> None:
    decision = decided(incident(status="retracted", change="retracted"), pending=Pending(NOW, "held"))
    assert (decision.action, decision.replaces) == ("withhold", True)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"groups": ["saraya_al_salam"]}, ""),
        ({"groups": ["other"]}, "groups"),
        ({"governorates": ["wasit"]}, "governorates"),
        ({"min_severity": "critical"}, ""),
    ],
)
def test_a_channel_hears_what_it_asked_for(values: dict[str, Any], word: str) -> None:
    decision = decided(incident(), on=channel(**values))
    assert (decision.action == "withhold") == bool(word)
    assert word in decision.reason


def test_an_incident_that_names_no_group_is_told_all_the_same() -> None:
    assert decided(incident(groups=()), on=channel(groups=["saraya_al_salam"])).action == "send"


def test_a_channel_does_not_hear_of_less_than_its_severity() -> None:
    decision = decided(incident(severity=Severity.HIGH), on=channel(min_severity="critical"))
    assert "below" in decision.reason


def test_once_told_an_incident_goes_on_being_told_though_it_is_milder_now() -> None:
    before = incident()
    after = second(before, severity=Severity.HIGH)
    assert decided(after, on=channel(min_severity="critical"), told=told(before)).action == "send"


# --- updates


def test_a_rewording_or_a_copy_is_no_update() -> None:
    before = incident()
    after = replace(before, revision=2, headline="other words", sources=(*before.sources, report("Copy", copy_of="x")))
    decision = decided(after, told=told(before))
    assert (decision.action, decision.reason) == ("withhold", "nothing material changed")


def test_a_new_toll_is_an_update_with_before_and_after() -> None:
    before = incident()
    after = replace(before, revision=2, injured=Range(3, 5))
    decision = decided(after, told=told(before))
    assert [(c.kind, c.before, c.after) for c in decision.changes] == [("injured", "3", "3–5")]
    assert decision.change == "update"


def test_a_toll_that_falls_is_told_too() -> None:
    before = incident(injured=Range(5, 5))
    assert material_changes(before, replace(before, injured=Range(3, 5)), POLICY)


@pytest.mark.parametrize(
    ("before", "after", "tells"), [(1, 2, True), (2, 3, False), (2, 4, False), (4, 5, True), (5, 9, False)]
)
def test_more_sources_alone_are_told_at_two_and_at_five(before: int, after: int, tells: bool) -> None:
    was = incident(independent_sources=before)
    decision = decided(replace(was, revision=2, independent_sources=after), told=told(was))
    assert (decision.action == "send") == tells
    assert not tells or decision.change == "corroborated"


def test_an_acknowledged_incident_is_not_corroborated_again_but_updated() -> None:
    was = incident()
    more = replace(was, revision=2, independent_sources=2)
    assert "acknowledged by Salma" in decided(more, told=told(was), acknowledged_by="Salma").reason
    worse = replace(more, killed=Range(1, 1))
    assert decided(worse, told=told(was), acknowledged_by="Salma").action == "send"


@pytest.mark.parametrize(("severity", "gap"), [(Severity.CRITICAL, 2), (Severity.HIGH, 10)])
def test_updates_keep_their_distance(severity: Severity, gap: int) -> None:
    was = incident(severity=severity)
    decision = decided(replace(was, revision=2, killed=Range(1, 1)), told=told(was, minutes=1))
    assert decision.due == NOW + timedelta(minutes=gap - 1)


def test_the_seventh_update_of_a_day_waits_for_the_digest() -> None:
    was = incident()
    worse = replace(was, revision=9, killed=Range(1, 1))
    assert decided(worse, told=told(was, updates=5)).action == "send"
    assert "more than 6 updates" in decided(worse, told=told(was, updates=6)).reason


def test_a_denial_reaches_whoever_was_told_past_gap_cap_and_silence() -> None:
    was = incident()
    denied = replace(was, revision=2, sources=(*was.sources, report("Office", tags=("denial",), stance="faction")))
    silence = Silence(1, {"incident": was.id}, NOW - timedelta(hours=1), NOW + timedelta(hours=1), "x", "y")
    decision = decided(denied, told=told(was, minutes=0, updates=6), silences=[silence])
    assert (decision.action, decision.due) == ("send", NOW)
    assert [change.kind for change in decision.changes] == ["denial"]


def test_a_retraction_reaches_whoever_was_told_and_nobody_else() -> None:
    was = incident()
    gone = replace(was, revision=2, status="retracted", change="retracted")
    assert (decided(gone, told=told(was)).action, decided(gone, told=told(was)).change) == ("send", "retracted")
    assert decided(gone).action == "withhold"


def test_a_retraction_is_told_once() -> None:
    gone = incident(revision=2, status="retracted", change="retracted")
    assert decided(replace(gone, revision=3), told=told(gone)).action == "withhold"


# --- silence, quiet hours, flood


@pytest.mark.parametrize(
    ("matchers", "silent"),
    [
        ({"governorate": "basra"}, True),
        ({"governorate": "basra", "event_type": "armed_clash"}, True),
        ({"governorate": "basra", "event_type": "protest"}, False),
        ({"group": "asaib_ahl_al_haq"}, True),
        ({"source": "rafidain_wire"}, True),
        ({"place": "place.abu_al_khasib"}, True),
        ({"severity": "low"}, False),
    ],
)
def test_a_silence_holds_when_all_its_matchers_fit(matchers: dict[str, str], silent: bool) -> None:
    silence = Silence(7, matchers, NOW - timedelta(hours=1), NOW + timedelta(hours=1), "Salma", "drill")
    decision = decided(incident(), silences=[silence])
    assert (decision.action == "withhold") == silent
    assert not silent or "silence 7 by Salma" in decision.reason


def test_a_silence_ends_on_time() -> None:
    silence = Silence(7, {"governorate": "basra"}, NOW - timedelta(hours=1), NOW, "Salma", "drill")
    assert decided(incident(), silences=[silence]).action == "send"


def test_quiet_hours_hold_until_they_end_and_drop_nothing() -> None:
    decision = decided(
        incident(severity=Severity.HIGH, published=NIGHT), now=NIGHT, on=channel(quiet_hours="22:00-06:00")
    )
    assert decision.action == "send"
    assert decision.gather == "quiet"
    assert decision.due == datetime(2025, 9, 25, 3, 0, tzinfo=UTC)


def test_quiet_hours_do_not_hold_what_is_critical() -> None:
    decision = decided(incident(published=NIGHT), now=NIGHT, on=channel(quiet_hours="22:00-06:00"))
    assert decision.due == NIGHT


def test_a_wrong_alarm_that_woke_somebody_is_taken_back_at_once() -> None:
    quiet = channel(quiet_hours="22:00-06:00")
    was = incident(severity=Severity.HIGH, published=NIGHT)
    gone = replace(was, revision=2, status="retracted", change="retracted")
    woken = Told(was, NIGHT - timedelta(hours=1), NIGHT - timedelta(hours=1))
    slept = Told(was, NIGHT - timedelta(hours=8), NIGHT - timedelta(hours=8))
    assert decided(gone, now=NIGHT, on=quiet, told=woken).due == NIGHT
    assert decided(gone, now=NIGHT, on=quiet, told=slept).due == datetime(2025, 9, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "local", "inside"),
    [
        ("22:00-06:00", "21:59", False),
        ("22:00-06:00", "22:00", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
        ("13:00-15:00", "14:00", True),
        ("13:00-15:00", "15:00", False),
    ],
)
def test_quiet_hours_include_their_start_and_not_their_end(span: str, local: str, inside: bool) -> None:
    quiet = channel(quiet_hours=span).quiet_hours
    assert isinstance(quiet, QuietHours)
    hour, minute = map(int, local.split(":"))
    moment = datetime(2025, 9, 24, hour, minute, tzinfo=UTC) - timedelta(hours=3)
    assert in_quiet_hours(quiet, moment) == inside
    assert not in_quiet_hours(quiet, end_of_quiet_hours(quiet, moment))


def test_the_eleventh_new_incident_of_an_hour_waits_for_one_summary() -> None:
    assert decided(incident(), new_lately=9).gather == ""
    decision = decided(incident(), new_lately=10)
    assert (decision.gather, decision.due) == ("flood", NOW + POLICY.flood_wait)
    assert decided(incident(), new_lately=10, flood_due=NOW + timedelta(minutes=2)).due == NOW + timedelta(minutes=2)


def test_the_digest_is_due_at_seven_in_baghdad() -> None:
    assert next_digest(NOW, POLICY) == datetime(2025, 9, 25, 4, 0, tzinfo=UTC)
    assert next_digest(datetime(2025, 9, 25, 4, 0, tzinfo=UTC), POLICY) == datetime(2025, 9, 26, 4, 0, tzinfo=UTC)
