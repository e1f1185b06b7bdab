"""Slack: by incoming webhook and by bot token."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipelines.models import Range
from tests.alerts.desk import Desk
from tests.alerts.receivers import Answer, Hook, Request
from tests.alerts.samples import incident, second


def bot(desk: Desk, hook: Hook) -> None:
    desk.channel(
        "room", {"bot_token": "xoxb-canary"}, type="slack", bot_token={"env": "T"}, channel="C1", api_url=hook.url
    )


def api(request: Request) -> Answer:
    return Answer(body=json.dumps({"ok": True, "channel": "C1", "ts": "1700000000.000100"}))


def test_88_only_ok_in_the_body_means_that_slack_took_it(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(200, "<html>log in first</html>")]
    desk.slack(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == ["queued"]
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]


def test_88_an_answer_that_is_not_ok_may_be_a_yes_all_the_same(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(200, "<html>a proxy</html>")]
    desk.slack(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert [(row.state, row.ambiguous) for row in desk.rows()] == [("queued", 1)]


def test_a_message_has_a_fallback_text_and_blocks(desk: Desk, hook: Hook) -> None:
    desk.slack(hook.url)
    desk.tell(incident())
    desk.dispatch()
    said = hook.requests[0].json
    assert said["text"].startswith("NEW: armed clash")
    assert said["blocks"][0]["type"] == "header"
    assert said["unfurl_links"] is False


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(429, "rate_limited", {"Retry-After": "30"}), "queued"),
        (Answer(500, "rollup_error"), "queued"),
        (Answer(403, "action_prohibited"), "queued"),
        (Answer(404, "no_service"), "queued"),
        (Answer(410, "channel_is_archived"), "queued"),
        (Answer(302, ""), "dead"),
    ],
)
def test_88_each_refusal_means_what_slack_says(desk: Desk, hook: Hook, answer: Answer, state: str) -> None:
    hook.answers = [answer]
    desk.slack(hook.url)
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == [state]
    off = answer.status in (403, 404, 410)
    assert desk.is_off("room") == off


def test_88_refused_blocks_are_followed_by_plain_text(desk: Desk, hook: Hook) -> None:
    hook.answers = [Answer(400, "invalid_blocks")]
    desk.slack(hook.url)
    desk.tell(incident())
    desk.dispatch_until_quiet()
    assert desk.states() == ["sent"]
    assert "blocks" not in hook.requests[1].json
    assert "inc_7k2mq3xw5b" in hook.requests[1].json["text"]


def test_by_bot_token_an_incident_is_one_thread_and_its_first_message_is_kept_current(desk: Desk, hook: Hook) -> None:
    hook.usual = api
    bot(desk, hook)
    one = incident()
    two = second(one)
    desk.tell(one)
    desk.dispatch()
    desk.later(minutes=20)
    desk.tell(two, one)
    desk.dispatch()
    desk.later(minutes=20)
    desk.tell(replace(two, revision=3, killed=Range(4, 4)), two)
    desk.dispatch()
    assert [request.path for request in hook.requests] == [
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
    ]
    first, edit, reply = (request.json for request in hook.requests[:3])
    assert first["channel"] == "C1"
    assert "thread_ts" not in first
    assert (edit["ts"], edit["channel"]) == ("1700000000.000100", "C1")
    assert reply["thread_ts"] == "1700000000.000100"
    assert hook.requests[0].headers["authorization"] == "Bearer xoxb-canary"


def test_a_deleted_first_message_does_not_keep_the_news_from_being_told(desk: Desk, hook: Hook) -> None:
    hook.usual = lambda r: (
        Answer(body='{"ok": false, "error": "message_not_found"}') if r.path == "/chat.update" else api(r)
    )
    bot(desk, hook)
    one = incident()
    desk.tell(one)
    desk.dispatch()
    desk.later(minutes=20)
    desk.tell(second(one), one)
    desk.dispatch()
    assert desk.states() == ["sent", "sent"]


@pytest.mark.parametrize(
    ("error", "off"),
    [("invalid_auth", True), ("channel_not_found", True), ("ratelimited", False), ("something_new", False)],
)
def test_88_errors_of_the_api_come_with_status_200(desk: Desk, hook: Hook, error: str, off: bool) -> None:
    hook.answers = [Answer(body=json.dumps({"ok": False, "error": error}))]
    bot(desk, hook)
    desk.tell(incident())
    desk.dispatch()
    assert desk.is_off("room") == off
    assert desk.states() == ["dead" if error == "something_new" else "queued"]


def test_the_token_is_nowhere_but_in_the_request(desk: Desk, hook: Hook) -> None:
    hook.usual = Answer(500, "down")
    bot(desk, hook)
    desk.tell(incident())
    desk.dispatch()
    assert "xoxb-canary" not in repr(desk.rows()) + repr(desk.channels) + repr(desk.settings)
