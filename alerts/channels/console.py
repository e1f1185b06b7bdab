"""Prints the plain text of each message."""

from __future__ import annotations

from collections.abc import Callable

from alerts.channels import Channel, Envelope
from alerts.messages import Message, render_minimal, render_text
from alerts.settings import ConsoleSettings


class ConsoleChannel(Channel):
    """`echo` takes the whole text of a message, without a newline at its end."""

    settings: ConsoleSettings

    def __init__(self, settings: ConsoleSettings, echo: Callable[[str], None]) -> None:
        self.settings = settings
        self._echo = echo

    def send(self, message: Message, envelope: Envelope) -> str:
        text = render_minimal(message) if envelope.minimal else render_text(message)
        envelope.turn()
        self._echo(f"{'─' * 72}\n{message.subject}\n\n{text.rstrip()}\n")
        return ""
