"""The ways out. One interface of one method; each channel is one small file.

`send` either returns (the receiver took the message) or raises one of the DeliveryErrors of errors.py, which say what
is to be done next. It blocks, and is called from a thread. It prepares all it can, calls the envelope's `turn`, and
then takes the step after which the receiver may have the message.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from alerts.messages import Message
from alerts.settings import (
    AnyChannelSettings,
    AppriseSettings,
    ConsoleSettings,
    EmailSettings,
    FolderSettings,
    SlackSettings,
    WebhookSettings,
)

Trace = Callable[[str], None]  # told of each step: claim, connect, DATA, final dot, 250 read, mark


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel must know beside the message. `id` is the same at every attempt."""

    id: str
    recipient: str
    at: datetime  # of this attempt
    root: str = ""  # id of the first message of this incident that the recipient got; empty: this is the first
    root_receipt: str = ""  # what the receiver calls that one
    minimal: bool = False  # send the shortest form: the full one was refused
    keep: bool = False  # more may follow at once: a connection may be kept for it, until `rest`
    turn: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)  # waits for leave to go on


class Channel(ABC):
    """A way out."""

    settings: AnyChannelSettings

    @abstractmethod
    def send(self, message: Message, envelope: Envelope) -> str:
        """Hand the message over; returns what the receiver calls it, or an empty text. Raises DeliveryError."""

    def rest(self) -> None:  # noqa: B027  most channels keep nothing
        """Nothing more is to be sent for now: let go of what was kept."""


def open_channels(
    settings: Mapping[str, AnyChannelSettings],
    secrets: Mapping[str, Mapping[str, tuple[SecretStr, ...]]],
    *,
    echo: Callable[[str], None] = print,
    trace: Trace = lambda step: None,
) -> dict[str, Channel]:
    """Every enabled channel by name. `secrets` as `resolve_secrets` gave them; `echo` is where the console prints.

    Raises SettingsError when a channel needs a library that is not installed.
    """
    return {
        name: open_channel(name, one, secrets.get(name, {}), echo=echo, trace=trace)
        for name, one in settings.items()
        if one.enabled
    }


def open_channel(
    name: str,
    settings: AnyChannelSettings,
    secrets: Mapping[str, tuple[SecretStr, ...]],
    *,
    echo: Callable[[str], None] = print,
    trace: Trace = lambda step: None,
) -> Channel:
    """One channel, ready to send. Nothing is connected yet."""
    # Imported here, because each brings its library along and most installations use one or two.
    match settings:
        case EmailSettings():
            from alerts.channels.email import EmailChannel

            return EmailChannel(settings, _one(secrets, "password"), name, trace)
        case SlackSettings():
            from alerts.channels.slack import SlackChannel

            return SlackChannel(settings, _one(secrets, "webhook_url"), _one(secrets, "bot_token"), trace)
        case WebhookSettings():
            from alerts.channels.webhook import WebhookChannel

            return WebhookChannel(settings, secrets["secret"], trace)
        case AppriseSettings():
            from alerts.channels.apprise import AppriseChannel

            return AppriseChannel(settings, secrets["url"], name)
        case ConsoleSettings():
            from alerts.channels.console import ConsoleChannel

            return ConsoleChannel(settings, echo)
        case FolderSettings():
            from alerts.channels.folder import FolderChannel

            return FolderChannel(settings, name)


def _one(secrets: Mapping[str, tuple[SecretStr, ...]], key: str) -> SecretStr | None:
    return next(iter(secrets.get(key, ())), None)
