"""The settings of channels: strict, whole, and without secrets."""

from __future__ import annotations

import base64
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from alerts.errors import SettingsError
from alerts.policy import Policy
from alerts.settings import AnyChannelSettings, ChannelSettings, QuietHours, parse_duration, resolve_secrets

EMAIL = {"type": "email", "to": ["desk@example.org"], "from": "rasid@example.org", "host": "smtp.example.org"}
HOOK = {"type": "webhook", "url": "https://hooks.example.org/x", "secret": {"env": "HOOK"}}
GOOD_KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


def read(**values: Any) -> AnyChannelSettings:
    settings: ChannelSettings = TypeAdapter(ChannelSettings).validate_python(values)
    return settings


def faults(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(**values)
    return str(caught.value)


def test_the_example_of_the_interface_is_taken() -> None:
    settings = read(**EMAIL, port=587, security="starttls", username="rasid", password={"env": "RASID_SMTP_PASSWORD"})
    assert settings.recipients == ("desk@example.org",)
    assert settings.quiet_hours is None


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("2d", 172800)])
def test_durations_are_spelt_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m15", "-5m", "1.5h", 15, None, "15 m"])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_an_unknown_key_is_an_error() -> None:
    assert "to_address" in faults(**EMAIL, to_address="x@example.org")


def test_a_literal_secret_is_refused_and_not_echoed() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(ChannelSettings, config=ConfigDict(hide_input_in_errors=True)).validate_python(
            {**EMAIL, "username": "rasid", "password": "hunter2-very-secret"}
        )
    said = str(caught.value)
    assert "never written here" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("secret", [{}, {"env": "A", "file": "b"}])
def test_a_secret_is_named_in_one_way(secret: dict[str, str]) -> None:
    assert "give one of" in faults(**{**HOOK, "secret": secret})


@pytest.mark.parametrize(
    "change",
    [
        {"to": []},
        {"to": ["nobody"]},
        {"to": ["a@b\r\nBcc: c@d"]},
        {"to": ["Desk <a@example.org>"]},
        {"from": "rasid"},
        {"port": 0},
        {"security": "none"},
        {"username": "rasid"},
        {"quiet_hours": "22-06"},
        {"quiet_hours": "22:00-25:00"},
        {"quiet_hours": "22:00-22:00"},
        {"min_severity": "huge"},
    ],
)
def test_a_wrong_email_channel_is_refused(change: dict[str, Any]) -> None:
    assert faults(**{**EMAIL, **change})


def test_no_encryption_is_allowed_only_to_this_machine() -> None:
    assert read(**{**EMAIL, "host": "127.0.0.1", "security": "none"}).enabled


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/x",
        "ftp://hooks.example.org",
        "https://",
        "https://a b.example",
        "//x",
        "http://127.0.0.1:80\\@evil.example/",
    ],
)
def test_a_webhook_goes_to_https_alone(url: str) -> None:
    assert "url" in faults(**{**HOOK, "url": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:8080/"])
def test_http_is_fine_on_this_machine(url: str) -> None:
    assert read(**{**HOOK, "url": url}).enabled


@pytest.mark.parametrize(
    "values",
    [{}, {"webhook_url": {"env": "A"}, "bot_token": {"env": "B"}, "channel": "#c"}, {"bot_token": {"env": "B"}}],
)
def test_slack_goes_one_way(values: dict[str, Any]) -> None:
    assert faults(type="slack", **values)


def test_quiet_hours_are_read() -> None:
    assert read(**EMAIL, quiet_hours="22:00-06:30").quiet_hours == QuietHours(start=time(22), end=time(6, 30))


def test_the_folder_is_not_for_the_configuration() -> None:
    assert faults(type="folder", folder="x")


def test_all_missing_secrets_are_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    channels = {
        "desk": read(**EMAIL, username="rasid", password={"env": "NOT_SET"}),
        "hook": read(**{**HOOK, "secret": [{"file": "absent"}, {"file": "empty"}, {"env": "SHORT"}]}),
        "off": read(**{**HOOK, "enabled": False}),
    }
    with pytest.raises(SettingsError) as caught:
        resolve_secrets(channels, tmp_path, {"SHORT": "whsec_c2hvcnQ="})
    keys = [key for key, _ in caught.value.faults]
    assert keys == [
        "channels.desk.password",
        "channels.hook.secret[0]",
        "channels.hook.secret[1]",
        "channels.hook.secret[2]",
    ]
    assert "c2hvcnQ" not in str(caught.value)


def test_secrets_come_without_the_newline_of_their_file_and_hide_in_repr(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD_KEY + "\n")
    found = resolve_secrets({"hook": read(**{**HOOK, "secret": {"file": "key"}})}, tmp_path, {})
    assert found["hook"]["secret"][0].get_secret_value() == GOOD_KEY
    assert GOOD_KEY not in repr(found)


def test_every_number_of_the_policy_has_the_recommended_default() -> None:
    policy = Policy()
    assert (policy.hold, policy.group_wait, policy.update_gap, policy.update_gap_critical) == (
        timedelta(minutes=15),
        timedelta(seconds=30),
        timedelta(minutes=10),
        timedelta(minutes=2),
    )
    assert (policy.max_updates, policy.corroborate_at, policy.flood_limit) == (6, (2, 5), 10)
    assert (policy.fresh, policy.delayed_after, policy.closed_after) == (
        timedelta(hours=24),
        timedelta(hours=6),
        timedelta(hours=48),
    )
    assert policy.digest_at == time(7)


@pytest.mark.parametrize("values", [{"hold": "soon"}, {"digest_at": "7"}, {"corroborate_at": [5, 2]}, {"holt": "1m"}])
def test_a_wrong_policy_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy(**values)
