"""The daily digest and heartbeat."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from alerts import outbox
from alerts.policy import Policy, next_digest
from pipelines.archive.tables import articles, findings
from pipelines.models import Severity
from tests.alerts.desk import Desk
from tests.alerts.samples import NAMES, NOW, incident


def digest(desk: Desk, **values: object) -> str:
    desk.now = next_digest(desk.now, desk.policy)
    with desk.store.write() as connection:
        outbox.plan_digest(connection, desk.settings, desk.now, NAMES, **values)  # type: ignore[arg-type]
    desk.dispatch()
    return desk.printed[-1]


def test_when_nothing_happened_it_says_so_and_that_the_watch_is_well(desk: Desk) -> None:
    desk.console()
    said = digest(desk, heartbeat="28 of 30 sources well; last fetch 06:58")
    assert "DIGEST 25 Sep 2025: nothing happened; 28 of 30 sources well" in said
    assert "لم يحدث شيء" in said


def test_it_lists_what_was_told_held_silenced_withheld_and_who_is_ill(desk: Desk) -> None:
    desk.policy = Policy(group_wait="0s", flood_limit=1000, hold="20h")  # type: ignore[arg-type]
    desk.console(min_severity="medium")
    with desk.store.write() as connection:
        outbox.add_silence(connection, {"event_type": "protest"}, NOW, NOW + timedelta(days=2), "Salma", "strike week")
    from pipelines.models import Certainty, EventType

    desk.tell(incident(id="inc_told"))
    desk.tell(incident(id="inc_low", severity=Severity.LOW))
    desk.tell(incident(id="inc_silent", event_type=EventType.PROTEST))
    desk.tell(incident(id="inc_held", severity=Severity.MEDIUM, certainty=Certainty.POSSIBLE))
    desk.dispatch()
    said = digest(desk, ill_sources=["964media: no new item for 9 hours"])
    assert "DIGEST 25 Sep 2025: 1 told, 1 held, 2 not told, 0 in doubt" in said
    for words in (
        "inc_told",
        "inc_held · held for a second source",
        "inc_low · severity low is below",
        "inc_silent · silence 1 by Salma",
        "1: event_type=protest until 26 Sep 21:05 by Salma: strike week · kept back 1",
        "964media: no new item for 9 hours",
    ):
        assert words in said


def test_it_lists_reports_in_doubt_with_their_link(desk: Desk) -> None:
    desk.console()
    with desk.store.write() as connection:
        connection.execute(
            articles.insert().values(
                **{
                    **{
                        column.name: ""
                        for column in articles.c
                        if not column.nullable and column.type.python_type is str
                    },
                    **{
                        column.name: NOW
                        for column in articles.c
                        if not column.nullable and column.name in ("published", "first_seen", "judged")
                    },
                    **{column.name: False for column in articles.c if column.name in ("dated", "backlog")},
                    "id": "art_1",
                    "trust": 1,
                    "source_name": "Rafidain Wire",
                    "title": "توتر في محافظة جنوبية",
                    "url": "https://rafidain.example/1",
                }
            )
        )
        connection.execute(
            findings.insert().values(
                id="fnd_1",
                article="art_1",
                incident=None,
                verdict="digest",
                score=0.41,
                event_type="other",
                recorded=NOW,
                document="{}",
            )
        )
    said = digest(desk)
    assert "1 in doubt" in said
    assert "توتر في محافظة جنوبية" in said
    assert "https://rafidain.example/1" in said


def test_a_digest_is_made_once_a_day_for_those_who_want_it(desk: Desk) -> None:
    desk.console("a")
    desk.console("b", digest=False)
    for _ in range(2):
        with desk.store.write() as connection:
            outbox.plan_digest(connection, desk.settings, desk.now, NAMES)
    assert [row.channel for row in desk.rows()] == ["a"]


def test_the_next_digest_starts_where_the_last_one_ended(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    desk.dispatch()
    assert "1 told" in digest(desk)
    assert "nothing happened" in digest(desk)


def test_the_digest_of_a_channel_begins_at_its_own_last_one(desk: Desk) -> None:
    """Whatever the names: one is the end of the other, and an underscore is no wildcard."""
    desk.console("a")
    desk.console("b-a", digest=False)
    desk.tell(incident())
    desk.dispatch()
    with desk.store.write() as connection:
        outbox.plan_digest(
            connection, {"b-a": desk.settings["b-a"].model_copy(update={"digest": True})}, desk.now, NAMES
        )
    desk.dispatch()
    desk.later(minutes=1)
    with desk.store.write() as connection:
        outbox.plan_digest(connection, {"a": desk.settings["a"]}, desk.now, NAMES)
    desk.dispatch()
    assert "1 told" in desk.printed[-1]


def test_90_an_incident_that_cannot_be_read_does_not_keep_the_digest_from_being_told(desk: Desk) -> None:
    desk.console()
    for name in ("inc_broken", "inc_whole"):
        desk.tell(incident(id=name))
    desk.dispatch()
    with desk.store.write() as connection:
        connection.execute(text("UPDATE messages SET document = '{' WHERE incident = 'inc_broken'"))
    said = digest(desk)
    assert "2 told" in said
    assert "inc_broken: cannot be read" in said
    assert "inc_whole" in said


def test_dead_letters_stand_in_every_digest_until_somebody_sees_to_them(desk: Desk) -> None:
    from sqlalchemy import text

    desk.console()
    desk.tell(incident())
    with desk.store.write() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'dead'"))
    for _ in range(2):
        assert "console: 1 dead letter " in digest(desk)
