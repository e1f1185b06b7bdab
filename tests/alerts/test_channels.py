"""The console, the folder of the replay, Apprise, and how channels are opened."""

from __future__ import annotations

import email
import json
import sys
import threading
import time
from email.policy import default
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter

from alerts.channels import Envelope, open_channel
from alerts.channels.apprise import apprise_text
from alerts.channels.folder import FolderChannel
from alerts.channels.http import post
from alerts.cleaning import size
from alerts.errors import SettingsError, TryLater
from alerts.messages import Telling, compose
from alerts.settings import AppriseSettings, FolderSettings
from tests.alerts.desk import Desk
from tests.alerts.receivers import Hook, Inbox
from tests.alerts.samples import NAMES, NOW, incident, second

MESSAGE = compose(incident(), Telling("new", (), NOW, mark="REPLAY"), NAMES)


def test_the_console_prints_subject_and_text(desk: Desk) -> None:
    desk.console()
    desk.tell(incident())
    desk.dispatch()
    assert "[CRITICAL] Abu al-Khasib, Basra · SaS ⚔ AAH · clash · #7OYF" in desk.printed[0]
    assert "NEW: armed clash" in desk.printed[0]


def test_the_folder_holds_the_mail_and_the_json_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    channel = FolderChannel(FolderSettings(type="folder", folder=folder), "folder")
    channel.send(MESSAGE, Envelope("msg_aaaaaaaa1", "", NOW))
    update = compose(second(incident()), Telling("update", (), NOW), NAMES)
    channel.send(update, Envelope("msg_aaaaaaaa2", "", NOW, root="msg_aaaaaaaa1"))
    channel.send(update, Envelope("msg_aaaaaaaa2", "", NOW, root="msg_aaaaaaaa1"))
    assert sorted(path.name for path in folder.iterdir()) == [
        "001-inc_7k2mq3xw5b-r1-new-aaaaaaa1.eml",
        "001-inc_7k2mq3xw5b-r1-new-aaaaaaa1.json",
        "002-inc_7k2mq3xw5b-r2-update-aaaaaaa2.eml",
        "002-inc_7k2mq3xw5b-r2-update-aaaaaaa2.json",
    ]
    first = email.message_from_bytes(next(folder.glob("001*.eml")).read_bytes(), policy=default)
    assert first["X-Rasid-Mark"] == "REPLAY"
    assert first["Subject"].startswith("[REPLAY] [CRITICAL]")
    reply = email.message_from_bytes(next(folder.glob("002*.eml")).read_bytes(), policy=default)
    assert reply["References"] == first["Message-ID"]
    assert json.loads(next(folder.glob("001*.json")).read_text())["mark"] == "REPLAY"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    channel = FolderChannel(FolderSettings(type="folder", folder=tmp_path / "file"), "folder")
    with pytest.raises(TryLater, match="file cannot be written"):
        channel.send(MESSAGE, Envelope("msg_1", "", NOW))


def apprise_settings() -> AppriseSettings:
    return TypeAdapter(AppriseSettings).validate_python({"type": "apprise", "url": {"env": "URL"}})


def test_apprise_gets_the_text_and_the_subject(desk: Desk, hook: Hook) -> None:
    pytest.importorskip("apprise")
    address = hook.url.replace("http://", "json://")
    desk.channel("tail", {"url": address}, type="apprise", url={"env": "URL"})
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == ["sent"]
    said = hook.requests[0].json
    assert said["title"].startswith("[CRITICAL]")
    assert "إصابات باشتباك مسلح" in said["message"]


@pytest.mark.parametrize("room", [2000, 4096, 250, 60])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_the_text_for_apprise_fits_its_service_and_keeps_the_link(room: int, extra: int) -> None:
    """2000: Discord; 4096: Telegram, which counts UTF-16 units."""
    whole = size(apprise_text(MESSAGE, 10**6), "utf16")
    padded = compose(
        incident(headline="👨‍👩‍👧‍👦 " * 20 + "ن" * max(0, room + extra - whole)), Telling("new", (), NOW), NAMES
    )
    text = apprise_text(padded, room)
    assert size(text, "utf16") <= room
    if room >= 2000:
        assert "https://rafidain-wire.example/news/41" in text
        assert "inc_7k2mq3xw5b" in text


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_it_is_cut_only_when_it_must_be(extra: int) -> None:
    whole = apprise_text(MESSAGE, 10**6)
    assert (apprise_text(MESSAGE, size(whole, "utf16") + extra) == whole) == (extra >= 0)


def test_what_apprise_cannot_deliver_is_tried_again(desk: Desk, hook: Hook) -> None:
    pytest.importorskip("apprise")
    from tests.alerts.receivers import Answer

    hook.answers = [Answer(500)]
    desk.channel("tail", {"url": hook.url.replace("http://", "json://")}, type="apprise", url={"env": "URL"})
    desk.tell(incident())
    desk.dispatch()
    assert desk.states() == ["queued"]


def test_without_apprise_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match=r"channels.tail.type: .*pip install 'rasid\[apprise\]'"):
        open_channel("tail", apprise_settings(), {"url": (SecretStr("json://x"),)})


def test_an_unknown_apprise_service_is_an_error_that_quotes_no_secret() -> None:
    pytest.importorskip("apprise")
    with pytest.raises(SettingsError) as caught:
        open_channel("tail", apprise_settings(), {"url": (SecretStr("nosuch://canary-token@x"),)})
    assert "channels.tail.url" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_steps_of_a_mail_are_told_in_order(desk: Desk, inbox: Inbox) -> None:
    steps: list[str] = []
    desk.trace = steps.append
    desk.email(inbox.port)
    desk.tell(incident())
    desk.dispatch()
    assert steps == ["claim", "connect", "DATA", "final dot", "250 read", "mark"]


def test_a_receiver_that_drips_its_answer_is_cut_off_in_time() -> None:
    """Each byte comes within every time-out of a single read; only the deadline of the whole ends it."""
    import socket

    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    from datetime import timedelta

    began = time.monotonic()
    with server, pytest.raises(TryLater):
        answer = post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, timedelta(seconds=0.6))
        raise AssertionError(answer)
    assert time.monotonic() - began < 2


def test_an_endless_answer_is_read_to_64_kilobytes_only(hook: Hook) -> None:
    from datetime import timedelta

    from tests.alerts.receivers import Answer

    hook.usual = Answer(body="x" * 5_000_000)
    assert len(post(hook.url, b"{}", {}, timedelta(seconds=5)).text) == 65_536
