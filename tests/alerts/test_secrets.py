"""A secret stands in the request to its receiver and nowhere else: not in the store, a log, a message or an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerts.desk import Desk
from tests.alerts.receivers import Answer, Hook, free_port

CANARY = "canary-9f8e7d"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, f"echo {CANARY}-not-ours"),
        Answer(302, headers={"Location": "https://elsewhere.example/"}),
        Answer(404),
        Answer(200, "not ok"),
        Answer(429, headers={"Retry-After": "1"}),
    ],
    ids=lambda answer: str(answer.status),
)
def test_no_failure_shows_the_address_of_a_slack_webhook(
    answer: Answer, desk: Desk, hook: Hook, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = f"{CANARY}-path"
    hook.usual = answer
    desk.slack(f"{hook.url}/services/{secret}")
    desk.console("ops", ops=True)
    from tests.alerts.samples import incident

    desk.tell(incident())
    running = desk.dispatcher()
    for _ in range(3):
        desk.run(running)
        desk.later(minutes=10)
    everything = "".join(desk.printed) + repr(desk.rows()) + repr(desk.channels) + repr(desk.settings)
    everything += "".join(capfd.readouterr())
    assert secret not in everything
    assert secret.encode() not in (tmp_path / "rasid.db").read_bytes()


def test_no_lost_connection_shows_it_either(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    from tests.alerts.samples import incident

    desk.slack(f"http://127.0.0.1:{free_port()}/services/{CANARY}")
    desk.webhook(f"http://127.0.0.1:{free_port()}/{CANARY}")
    desk.tell(incident())
    desk.dispatch()
    assert CANARY not in repr(desk.rows()) + "".join(capfd.readouterr())
