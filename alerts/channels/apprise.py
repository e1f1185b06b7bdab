"""Any service that the Apprise library knows (Telegram, Teams, Discord, Signal, ntfy …), behind the same outbox.

Apprise tells no more than whether it worked, so every failure is tried again. It comes with `rasid[apprise]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import SecretStr

from alerts.channels import Channel, Envelope
from alerts.cleaning import cut, size
from alerts.errors import SettingsError, TryLater
from alerts.messages import Message, render_minimal, render_text
from alerts.settings import AppriseSettings

_MENTION = re.compile(r"@(?=everyone|here|channel|[&!]?\d)|<(?=[@#!])", re.IGNORECASE)


class AppriseChannel(Channel):
    """One Apprise address, or several parted by blanks, each of which must take the message."""

    settings: AppriseSettings

    def __init__(self, settings: AppriseSettings, urls: Sequence[SecretStr], name: str) -> None:
        self.settings = settings
        try:
            import apprise
        except ImportError:
            wrong = "the Apprise library is not installed: pip install 'rasid[apprise]'"
            raise SettingsError([(f"channels.{name}.type", wrong)]) from None
        self._service = apprise.Apprise()
        for url in urls:
            if not self._service.add(url.get_secret_value()):
                raise SettingsError([(f"channels.{name}.url", "Apprise knows no such service, or a part is missing")])
        for service in self._service:
            service.socket_connect_timeout = service.socket_read_timeout = settings.timeout.total_seconds()

    def send(self, message: Message, envelope: Envelope) -> str:
        import apprise

        title = _harmless(cut(message.subject, 150))
        # Where a service has no titles (Telegram, Discord) Apprise puts the title into the body.
        room = min((service.body_maxlen for service in self._service), default=4000) - size(title, "utf16") - 10
        text = apprise_text(message, room, minimal=envelope.minimal)
        envelope.turn()
        # body_format=text: with any other, Apprise lets Slack and Discord markup through.
        took = self._service.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
        if not took:
            raise TryLater("Apprise could not deliver it", ambiguous=True)
        return ""


def apprise_text(message: Message, room: int = 4000, *, minimal: bool = False) -> str:
    """The plain text without anything that a chat service could take for a mention, at most `room` UTF-16 units.

    What is too long loses its end, but never where to read on and how to speak of it.
    """
    text = _harmless(render_minimal(message) if minimal else render_text(message))
    if size(text, "utf16") <= room:
        return text
    tail = "\n".join(_harmless(render_minimal(message)).strip().splitlines()[2:])
    if size(tail, "utf16") + 100 > room:
        return cut(text, room, "utf16")
    return f"{cut(text, room - size(tail, 'utf16') - 1, 'utf16')}\n{tail}"


def _harmless(text: str) -> str:
    return _MENTION.sub(lambda found: {"@": "＠", "<": "‹"}[found[0]], text)
