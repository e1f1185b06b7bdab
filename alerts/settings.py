"""The settings of `[channels.*]`: typed, strict, and without a secret in them.

Secrets are written `{env = "NAME"}` or `{file = "path"}`, never literally; `resolve_secrets` reads them all and lists
every one that is missing, before anything is sent.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    field_validator,
    model_validator,
)

from alerts.errors import SettingsError
from pipelines.models import Severity

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: object) -> object:
    """`"15m"`, `"0s"`, `"1h30m"` → timedelta; a timedelta passes. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(\d+[smhd])+", value):
        raise ValueError('must be a duration such as "0s", "90s", "15m", "6h" or "365d"')
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", value)))


def _spell_duration(value: timedelta) -> str:
    return f"{int(value.total_seconds())}s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(_spell_duration, return_type=str)]


class Strict(BaseModel):
    """A table that takes no unknown key, never changes, and never echoes what was written (it may be a secret)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class Secret(Strict):
    """Where a secret is kept: the name of an environment variable, or a file (a newline at its end is ignored)."""

    env: str = ""
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _never_a_literal(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError('a secret is never written here: use { env = "NAME" } or { file = "/path" }')
        return value

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Secret:
        if bool(self.env) == (self.file is not None):
            raise ValueError('give one of { env = "NAME" } and { file = "/path" }')
        return self


class QuietHours(Strict):
    """A span of the day in local time in which only critical incidents are told; it may pass midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def _parse_quiet_hours(value: object) -> object:
    if value in ("", None):
        return None
    if isinstance(value, str):
        found = re.fullmatch(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", value.strip())
        if not found or max(int(found[1]), int(found[3])) > 23 or max(int(found[2]), int(found[4])) > 59:
            raise ValueError('must be "HH:MM-HH:MM", such as "22:00-06:00", or empty')
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if start == end:
            raise ValueError("must not begin and end at the same minute; disable the channel instead")
        return QuietHours(start=start, end=end)
    return value


class _Channel(Strict):
    enabled: bool = True
    ops: bool = False  # also gets notices about sources and channels
    digest: bool = True  # gets the daily digest
    groups: tuple[str, ...] = ()  # empty: all of the watch
    governorates: tuple[str, ...] = ()
    min_severity: Severity = Severity.LOW
    quiet_hours: Annotated[QuietHours | None, BeforeValidator(_parse_quiet_hours)] = None
    parallel: int = Field(default=1, ge=1, le=16)  # messages on their way at once, each of another incident or person

    @property
    def recipients(self) -> tuple[str, ...]:
        """One delivery is made for each; a channel that is one receiver has the empty name."""
        return ("",)

    @property
    def per_second(self) -> float:
        """Messages a second that the receiver takes; 0: no limit."""
        return 0.0


class EmailSettings(_Channel):
    """`type = "email"`: one mail per recipient over SMTP."""

    type: Literal["email"]
    to: tuple[str, ...] = Field(min_length=1)
    sender: str = Field(alias="from")
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: Secret | None = None
    ca_file: Path | None = None  # PEM of the authority that signed the server's certificate, if not a public one
    timeout: Duration = timedelta(seconds=60)  # of every step but the last
    data_timeout: Duration = timedelta(seconds=600)  # for the answer to the final dot: RFC 5321 4.5.3.2.6
    parallel: int = Field(default=4, ge=1, le=16)

    @field_validator("to", "sender")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not is_address(address):
                raise ValueError(f"{address!r} is no e-mail address")
        return value

    @field_validator("to")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> EmailSettings:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security = "none" is only for a server on this machine; use "starttls" or "tls"')
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password belong together")
        return self

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.to


class SlackSettings(_Channel):
    """`type = "slack"`: an incoming webhook, or a bot token with a channel (threads and edits)."""

    type: Literal["slack"]
    webhook_url: Secret | None = None
    bot_token: Secret | None = None
    channel: str = ""
    api_url: str = "https://slack.com/api"
    timeout: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _one_way(self) -> SlackSettings:
        if (self.webhook_url is None) == (self.bot_token is None):
            raise ValueError("give either webhook_url, or bot_token and channel")
        if (self.bot_token is None) != (not self.channel):
            raise ValueError("bot_token and channel belong together")
        require_https(self.api_url, "api_url")
        return self

    @property
    def per_second(self) -> float:
        return 1.0


class WebhookSettings(_Channel):
    """`type = "webhook"`: JSON by POST, signed as Standard Webhooks; a list of secrets signs with each (rotation)."""

    type: Literal["webhook"]
    url: str
    secret: Secret | tuple[Secret, ...]
    timeout: Duration = timedelta(seconds=30)
    ca_file: Path | None = None
    parallel: int = Field(default=4, ge=1, le=16)

    @field_validator("url")
    @classmethod
    def _https(cls, value: str) -> str:
        require_https(value, "url")
        return value

    @field_validator("secret")
    @classmethod
    def _at_least_one(cls, value: Secret | tuple[Secret, ...]) -> Secret | tuple[Secret, ...]:
        if value == ():
            raise ValueError("give at least one secret")
        return value


class AppriseSettings(_Channel):
    """`type = "apprise"`: any service of the Apprise library; its URLs hold secrets and are treated as such."""

    type: Literal["apprise"]
    url: Secret
    timeout: Duration = timedelta(seconds=60)

    @property
    def per_second(self) -> float:
        return 1.0


class ConsoleSettings(_Channel):
    """`type = "console"`: the text form, printed."""

    type: Literal["console"]
    digest: bool = True


class FolderSettings(_Channel):
    """Writes the mail and the JSON that would be sent into a folder. Used by the replay; not for config.toml."""

    type: Literal["folder"]
    folder: Path
    sender: str = "rasid@localhost.example"
    to: str = "reader@localhost.example"


ChannelSettings = Annotated[
    EmailSettings | SlackSettings | WebhookSettings | AppriseSettings | ConsoleSettings, Field(discriminator="type")
]
AnyChannelSettings = (
    EmailSettings | SlackSettings | WebhookSettings | AppriseSettings | ConsoleSettings | FolderSettings
)


def resolve_secrets(
    channels: Mapping[str, AnyChannelSettings], base: Path, environ: Mapping[str, str]
) -> dict[str, dict[str, tuple[SecretStr, ...]]]:
    """Read the secrets of every enabled channel: channel name → key → values. Files are relative to `base`.

    Raises SettingsError with all faults at once; no fault quotes a secret.
    """
    found: dict[str, dict[str, tuple[SecretStr, ...]]] = {}
    faults: list[tuple[str, str]] = []
    for name, settings in channels.items():
        if not settings.enabled:
            continue
        found[name] = {}
        for key, secrets in _secrets_of(settings):
            values = []
            for index, secret in enumerate(secrets):
                path = f"channels.{name}.{key}" + (f"[{index}]" if len(secrets) > 1 else "")
                value, wrong = _read_secret(secret, base, environ)
                wrong = wrong or _unfit(settings, key, value)
                if wrong:
                    faults.append((path, wrong))
                else:
                    values.append(SecretStr(value))
            found[name][key] = tuple(values)
    if faults:
        raise SettingsError(faults)
    return found


def is_loopback(host: str) -> bool:
    """Whether the name or address can only be this machine."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_https(url: str, key: str) -> None:
    """Raises ValueError unless `url` is https, or http to this machine. The value is not quoted: it may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{key} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\]", url):
        raise ValueError(f"{key} must be an https:// address")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{key} must be https://; http:// is only for a receiver on this machine")


def is_address(address: str) -> bool:
    """A plain ASCII mailbox address (SMTPUTF8 is not everywhere), without a display name or a space."""
    if not address.isascii() or not address.isprintable():
        return False
    if not re.fullmatch(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\\[\]]+", address):
        return False
    return parseaddr(address)[1] == address


def _secrets_of(settings: AnyChannelSettings) -> Iterator[tuple[str, tuple[Secret, ...]]]:
    for key in type(settings).model_fields:
        value = getattr(settings, key)
        if isinstance(value, Secret):
            yield key, (value,)
        elif isinstance(value, tuple) and value and isinstance(value[0], Secret):
            yield key, value


def _read_secret(secret: Secret, base: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    if secret.file is None:
        value = environ.get(secret.env, "")
        return value, "" if value else f"the environment variable {secret.env} is not set"
    path = base / secret.file
    try:
        value = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        return "", f"the file {path} cannot be read ({reason})"
    return value, "" if value else f"the file {path} is empty"


def _unfit(settings: AnyChannelSettings, key: str, value: str) -> str:
    if isinstance(settings, WebhookSettings) and key == "secret":
        return _unfit_signing_key(value)
    if isinstance(settings, SlackSettings) and key == "webhook_url":
        try:
            require_https(value, "it")
        except ValueError as error:
            return str(error)
    if not value.isprintable():
        return "holds a line break or a control character"
    return ""


def _unfit_signing_key(value: str) -> str:
    try:
        size = len(base64.b64decode(value.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not value.startswith("whsec_") or not 24 <= size <= 64:
        return 'must be "whsec_" and 24 to 64 bytes in base64 (Standard Webhooks)'
    return ""
