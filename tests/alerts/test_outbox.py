"""Every decision is a row: planned with the incident, coalesced, held, gathered, never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from alerts import outbox
from alerts.errors import AlertError, UnknownName
from alerts.outbox import Notice
from alerts.policy import Policy
from alerts.queue import message_id
from pipelines.models import Certainty, EventType, Incident, Range, Severity
from tests.alerts.desk import Desk
from tests.alerts.receivers import Inbox
from tests.alerts.samples import NOW, incident, report, second


def slow(desk: Desk, **values: object) -> None:
    desk.policy = Policy(**values)  # type: ignore[arg-type]


def reasons(desk: Desk, state: str = "withheld") -> list[str]:
    return [row.reason for row in desk.rows() if row.state == state]


def test_each_recipient_has_a_row_and_an_id_of_its_own(desk: Desk) -> None:
    desk.email(1, to=["a@example.org", "b@example.org"])
    desk.console()
    desk.tell(incident())
    rows = desk.rows()
    assert sorted((row.channel, row.recipient) for row in rows) == [
        ("console", ""),
        ("desk", "a@example.org"),
        ("desk", "b@example.org"),
    ]
    assert len({row.id for row in rows}) == 3


def test_an_id_depends_on_nothing_but_what_is_told_to_whom() -> None:
    first = message_id("inc_1", 1, "desk", "a@example.org")
    assert first == message_id("inc_1", 1, "desk", "a@example.org")
    others = {message_id("inc_1", 2, "desk", "a@example.org"), message_id("inc_11", 1, "desk", "a@example.org")}
    assert first not in others
    assert first.startswith("msg_")
    assert len(first) == 30


def test_a_plan_is_part_of_the_transaction_that_records_the_incident(desk: Desk) -> None:
    desk.console()

    class Crash(Exception):
        pass

    with pytest.raises(Crash), desk.store.write() as connection:
        from pipelines.models import Revision, Watch
        from tests.alerts.samples import NAMES

        revision = Revision(None, incident())
        outbox.plan(connection, revision, desk.settings, desk.policy, Watch(), desk.now, NAMES)
        raise Crash
    assert desk.rows() == []


def test_planning_a_revision_twice_changes_nothing(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    before = desk.rows()
    assert desk.tell(incident()) == ()
    assert desk.rows() == before


def test_a_disabled_channel_is_not_planned_for(desk: Desk) -> None:
    desk.console("off", enabled=False)
    assert desk.tell(incident()) == ()


def test_what_is_withheld_is_on_record_with_its_reason(desk: Desk) -> None:
    desk.console(min_severity="critical")
    desk.tell(incident(severity=Severity.LOW))
    assert reasons(desk) == ["severity low is below this channel's min_severity critical"]


def test_revisions_of_a_held_incident_become_one_message(desk: Desk) -> None:
    slow(desk)
    desk.console()
    one = incident(severity=Severity.MEDIUM, certainty=Certainty.POSSIBLE, event_type=EventType.THREAT)
    two = replace(one, revision=2, injured=Range(4, 4))
    desk.tell(one)
    desk.later(minutes=5)
    desk.tell(two, one)
    assert desk.states() == ["withheld", "held"]
    assert reasons(desk) == ["coalesced into revision 2"]
    assert desk.dispatch_until_quiet()[0] == NOW + timedelta(minutes=15)
    assert len(desk.printed) == 1
    assert "NEW, UNCONFIRMED" in desk.printed[0]
    assert "Injured: 4" in desk.printed[0]


def test_updates_within_the_gap_become_one_that_tells_all_that_changed(desk: Desk) -> None:
    slow(desk, group_wait="0s")
    desk.console()
    one = incident(severity=Severity.HIGH)
    desk.tell(one)
    desk.dispatch()
    two = replace(one, revision=2, injured=Range(3, 5))
    desk.later(minutes=1)
    desk.tell(two, one)
    three = replace(two, revision=3, killed=Range(1, 1))
    desk.later(minutes=1)
    desk.tell(three, two)
    steps = desk.dispatch_until_quiet()
    assert steps == [NOW + timedelta(minutes=10)]
    assert len(desk.printed) == 2
    assert "UPDATE 2: killed 1; injured 3 → 3–5" in desk.printed[1]


def test_what_changed_back_before_it_was_told_is_not_told(desk: Desk) -> None:
    slow(desk, group_wait="0s")
    desk.console()
    one = incident(severity=Severity.HIGH)
    desk.tell(one)
    desk.dispatch()
    two = replace(one, revision=2, injured=Range(9, 9))
    desk.later(minutes=1)
    desk.tell(two, one)
    desk.tell(replace(one, revision=3), two)
    desk.dispatch_until_quiet()
    assert len(desk.printed) == 1


def test_a_retraction_of_what_is_still_held_cancels_it(desk: Desk) -> None:
    slow(desk, group_wait_critical="1m")
    desk.console()
    one = incident()
    desk.tell(one)
    desk.tell(replace(one, revision=2, status="retracted", change="retracted"), one)
    desk.dispatch_until_quiet()
    assert desk.printed == []
    assert desk.states() == ["withheld", "withheld"]


def test_a_recipient_who_joined_later_hears_no_retraction_of_what_they_never_got(desk: Desk, inbox: Inbox) -> None:
    desk.email(inbox.port, to=["old@example.org"])
    one = incident()
    desk.tell(one)
    desk.dispatch()
    desk.email(inbox.port, to=["old@example.org", "new@example.org"])
    desk.tell(replace(one, revision=2, status="retracted", change="retracted"), one)
    desk.dispatch()
    assert inbox.recipients() == ["old@example.org", "old@example.org"]


def test_at_most_six_updates_a_day(desk: Desk) -> None:
    desk.console()
    before = incident()
    desk.tell(before)
    desk.dispatch()
    for number in range(2, 10):
        desk.later(minutes=10)
        after = replace(before, revision=number, killed=Range(number, number), published=desk.now)
        desk.tell(after, before)
        desk.dispatch()
        before = after
    assert len(desk.printed) == 1 + 6
    assert reasons(desk) == ["more than 6 updates in 24 hours"] * 2
    desk.later(hours=24)
    desk.tell(replace(before, revision=10, killed=Range(10, 12), published=desk.now), before)
    desk.dispatch()
    assert "killed 7 → 10–12" in desk.printed[-1]


def test_after_quiet_hours_everything_held_comes_in_one_summary(desk: Desk) -> None:
    desk.console(quiet_hours="22:00-06:00")
    desk.now = datetime.fromisoformat("2025-09-24T20:00:00+00:00")
    for number in range(3):
        desk.tell(incident(id=f"inc_{number}", severity=Severity.HIGH))
        desk.later(minutes=30)
    desk.tell(incident(id="inc_critical"))
    desk.dispatch()
    assert len(desk.printed) == 1
    desk.dispatch_until_quiet()
    assert len(desk.printed) == 2
    assert "SUMMARY: 3 incidents during quiet hours" in desk.printed[1]
    assert all(f"inc_{number}" in desk.printed[1] for number in range(3))
    assert "NEW: armed clash (1 independent source) · [HIGH] Armed clash" in desk.printed[1]
    assert desk.now == datetime.fromisoformat("2025-09-25T03:00:00+00:00")


def test_a_single_incident_of_the_night_comes_as_itself(desk: Desk) -> None:
    desk.console(quiet_hours="22:00-06:00")
    desk.now = datetime.fromisoformat("2025-09-24T20:00:00+00:00")
    desk.tell(incident(severity=Severity.HIGH))
    desk.dispatch_until_quiet()
    assert "DELAYED" in desk.printed[0]
    assert "NEW: armed clash" in desk.printed[0]


def test_90_a_message_that_cannot_be_read_keeps_no_others_from_the_summary(desk: Desk) -> None:
    desk.console(quiet_hours="22:00-06:00")
    desk.later(hours=2)
    for number in range(4):
        desk.tell(incident(id=f"inc_{number}", severity=Severity.HIGH))
    with desk.store.write() as connection:
        outbox.add_silence(connection, {"event_type": "protest"}, desk.now, desk.now + timedelta(days=2), "S", "x")
        connection.execute(text("UPDATE messages SET document = '{' WHERE incident = 'inc_2'"))
    desk.dispatch_until_quiet()
    assert "SUMMARY: 3 incidents during quiet hours" in desk.printed[0]
    assert {row.incident: row.state for row in desk.rows() if row.kind == "incident"} == {
        "inc_0": "withheld",
        "inc_1": "withheld",
        "inc_2": "dead",
        "inc_3": "withheld",
    }


def test_the_flood_guard_tells_ten_and_names_the_rest_in_one_summary(desk: Desk) -> None:
    slow(desk, group_wait_critical="0s")
    desk.console()
    for number in range(25):
        desk.tell(incident(id=f"inc_{number:02d}"))
        desk.later(seconds=1)
    desk.dispatch_until_quiet()
    assert len(desk.printed) == 11
    assert "SUMMARY: 15 incidents at once (flood guard)" in desk.printed[-1]
    assert all(f"inc_{number:02d}" in desk.printed[-1] for number in range(10, 25))
    assert {row.state for row in desk.rows()} == {"sent", "withheld"}


def test_what_came_in_a_summary_counts_as_told(desk: Desk) -> None:
    slow(desk, group_wait_critical="0s", flood_limit=1)
    desk.console()
    flood = [incident(id=f"inc_{number}") for number in range(4)]
    for one in flood:
        desk.tell(one)
    desk.dispatch_until_quiet()
    told_before = len(desk.printed)
    desk.tell(replace(flood[2], revision=2, headline="the same in other words"), flood[2])
    desk.tell(replace(flood[3], revision=2, status="retracted", change="retracted"), flood[3])
    desk.dispatch_until_quiet()
    assert len(desk.printed) == told_before + 1
    assert "RETRACTED" in desk.printed[-1]


def test_the_flood_guard_counts_each_channel_by_itself_and_forgets_after_an_hour(desk: Desk) -> None:
    slow(desk, group_wait_critical="0s", flood_limit=1)
    desk.console("a")
    desk.console("b", min_severity="critical")
    desk.tell(incident(id="inc_1", severity=Severity.HIGH))
    desk.tell(incident(id="inc_2"))
    held = {(row.channel, row.incident) for row in desk.rows() if row.gather}
    assert held == {("a", "inc_2")}
    desk.later(hours=1, seconds=1)
    desk.tell(incident(id="inc_3", published=desk.now))
    assert not [row for row in desk.rows() if row.incident == "inc_3" and row.gather and row.channel == "b"]


def test_a_silence_made_while_a_message_waits_withholds_it(desk: Desk) -> None:
    slow(desk, group_wait_critical="1m")
    desk.console()
    desk.tell(incident())
    with desk.store.write() as connection:
        outbox.add_silence(
            connection, {"governorate": "basra"}, desk.now, desk.now + timedelta(hours=1), "Salma", "exercise"
        )
    desk.dispatch_until_quiet()
    assert desk.printed == []
    assert reasons(desk) == ["silence 1 by Salma"]


def test_a_lone_surrogate_from_a_feed_cannot_stop_a_revision(desk: Desk) -> None:
    desk.console()
    desk.tell(incident(headline="broken \ud800 headline", sources=(report("Wire", title="\udfff"),), summary_en="x"))
    desk.dispatch()
    assert desk.states() == ["sent"]


# --- notices


def tell_notice(desk: Desk, notice: Notice) -> int:
    with desk.store.write() as connection:
        return outbox.plan_notice(connection, notice, desk.settings, desk.policy, desk.now)


def test_a_notice_goes_to_the_ops_channels_but_never_through_the_one_it_is_about(desk: Desk) -> None:
    desk.console("ops", ops=True)
    desk.console("ops2", ops=True)
    desk.console("room")
    assert tell_notice(desk, Notice("off:ops", "ops is off", about_channel="ops")) == 1
    assert [row.channel for row in desk.rows()] == ["ops2"]


def test_without_an_ops_channel_any_other_is_used(desk: Desk) -> None:
    desk.console("room")
    desk.console("desk")
    tell_notice(desk, Notice("off:room", "room is off", about_channel="room"))
    assert [row.channel for row in desk.rows()] == ["desk"]


def test_the_same_trouble_is_reported_every_six_hours_at_most_with_its_count(desk: Desk) -> None:
    desk.console("ops", ops=True)
    assert tell_notice(desk, Notice("quiet:shafaq", "shafaq is silent")) == 1
    for _ in range(3):
        desk.later(hours=1)
        assert tell_notice(desk, Notice("quiet:shafaq", "shafaq is silent")) == 0
    desk.later(hours=3)
    assert tell_notice(desk, Notice("quiet:shafaq", "shafaq is silent")) == 1
    desk.dispatch()
    assert "(and 3 times since" in desk.printed[-1]


# --- from the command line


def known(desk: Desk, one: Incident) -> None:
    from pipelines.archive.tables import incidents

    with desk.store.write() as connection:
        connection.execute(
            incidents.insert().values(
                id=one.id, revision=1, status="open", first_seen=NOW, updated=NOW, document="{}", day=None
            )
            if "day" in incidents.c
            else incidents.insert().values(
                id=one.id, revision=1, status="open", first_seen=NOW, updated=NOW, document="{}"
            )
        )


def test_an_acknowledgement_is_named_in_later_messages(desk: Desk) -> None:
    desk.console()
    one = incident()
    known(desk, one)
    desk.tell(one)
    desk.dispatch()
    with desk.store.write() as connection:
        outbox.acknowledge(connection, one.id, "Salma", desk.now)
        outbox.acknowledge(connection, one.id, "Karim", desk.now)
    desk.later(minutes=3)
    desk.tell(second(one), one)
    desk.dispatch()
    assert "Acknowledged: by Karim" in desk.printed[1]


def test_what_does_not_exist_is_named_with_where_to_look(desk: Desk) -> None:
    with desk.store.write() as connection:
        with pytest.raises(UnknownName, match="rasid incidents"):
            outbox.acknowledge(connection, "inc_none", "Salma", desk.now)
        with pytest.raises(UnknownName, match="rasid deliveries"):
            outbox.retry(connection, "msg_none", desk.now)
        with pytest.raises(UnknownName, match="rasid status"):
            outbox.resume_channel(connection, "none", desk.now)
        with pytest.raises(UnknownName, match="silence"):
            outbox.remove_silence(connection, 3, desk.now)


def test_a_wrong_silence_is_refused_with_the_right_keys(desk: Desk) -> None:
    hour = timedelta(hours=1)
    with desk.store.write() as connection:
        for matchers, ends, word in (
            ({"town": "x"}, NOW + hour, "governorate"),
            ({}, NOW + hour, "at least one"),
            ({"group": "x"}, NOW, "end after"),
        ):
            with pytest.raises(AlertError, match=word):
                outbox.add_silence(connection, matchers, NOW, ends, "Salma", "why")


def test_a_removed_silence_stays_on_record(desk: Desk) -> None:
    with desk.store.write() as connection:
        made = outbox.add_silence(connection, {"group": "x"}, NOW, NOW + timedelta(hours=1), "Salma", "why")
        outbox.remove_silence(connection, made.id, NOW + timedelta(minutes=1))
        assert outbox.list_silences(connection, NOW + timedelta(minutes=2)) == []
        assert len(outbox.list_silences(connection, NOW, ended=True)) == 1


def test_a_dead_letter_is_sent_again_with_the_same_id(desk: Desk, inbox: Inbox) -> None:
    inbox.answers["message"] = ["554 no"]
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    (row,) = desk.rows()
    assert row.state == "dead"
    with desk.store.write() as connection:
        outbox.retry(connection, row.id, desk.now)
    desk.dispatch()
    assert desk.states() == ["sent"]
    assert inbox.mail()["Message-ID"] == f"<{row.id}@example.org>"
    with desk.store.write() as connection, pytest.raises(AlertError, match="is sent"):
        outbox.retry(connection, row.id, desk.now)


def test_the_status_counts_every_state(desk: Desk) -> None:
    slow(desk)
    desk.console("a")
    desk.console("b", min_severity="critical")
    desk.tell(incident(severity=Severity.HIGH))
    with desk.store.read() as connection:
        status = outbox.outbox_status(connection, desk.now)
    assert (status.held, status.withheld, status.sent, status.oldest_waiting) == (1, 1, 0, None)
    desk.later(minutes=1)
    with desk.store.read() as connection:
        assert outbox.outbox_status(connection, desk.now).oldest_waiting == NOW


def test_pruning_forgets_what_is_settled_and_keeps_what_is_not(desk: Desk, inbox: Inbox) -> None:
    inbox.answers["message"] = ["250 ok", "554 no"]
    desk.email(inbox.port)
    desk.tell(incident(id="inc_sent"))
    desk.dispatch()
    desk.tell(incident(id="inc_dead"))
    desk.dispatch()
    with desk.store.write() as connection:
        assert outbox.prune(connection, desk.now + timedelta(days=1)) == 1
    assert [row.incident for row in desk.rows()] == ["inc_dead"]


def test_what_is_due_next_reckons_with_closed_and_switched_off_channels(desk: Desk) -> None:
    from sqlalchemy import text

    desk.console()
    desk.tell(incident())
    with desk.store.write() as connection:
        assert outbox.next_due(connection) == NOW
        connection.execute(
            text(
                "INSERT INTO channel_states VALUES ('console', 0, '', '2025-09-24 18:05:00', 5, '2025-09-24 18:06:00')"
            )
        )
        due = outbox.next_due(connection)
        assert due is not None
        assert due.replace(tzinfo=None) == (NOW + timedelta(minutes=1)).replace(tzinfo=None)
        connection.execute(text("UPDATE channel_states SET off = 1"))
        assert outbox.next_due(connection) is None
