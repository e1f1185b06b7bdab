"""Writes what would be sent into a folder: the mail as `.eml`, the webhook's body as `.json`. Used by the replay."""

from __future__ import annotations

import re
from pathlib import Path

from alerts.channels import Channel, Envelope
from alerts.channels.email import build_mail, wire_format
from alerts.errors import TryLater
from alerts.messages import IncidentMessage, Message, webhook_body
from alerts.settings import FolderSettings


class FolderChannel(Channel):
    """Files are numbered in the order of sending; a message sent again takes the place of its first copy."""

    settings: FolderSettings

    def __init__(self, settings: FolderSettings, name: str) -> None:
        self.settings = settings
        self._name = name

    def send(self, message: Message, envelope: Envelope) -> str:
        folder = self.settings.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stem = _stem(folder, message, envelope)
            mail = build_mail(message, envelope, self.settings.sender, self.settings.to, self._name)
            envelope.turn()
            (folder / f"{stem}.eml").write_bytes(wire_format(mail))
            (folder / f"{stem}.json").write_bytes(webhook_body(message, envelope.minimal) + b"\n")
        except OSError as error:
            raise TryLater(f"the folder {folder} cannot be written: {error.strerror}") from error
        return stem


def _stem(folder: Path, message: Message, envelope: Envelope) -> str:
    known = next(folder.glob(f"*-{envelope.id[-8:]}.eml"), None)
    if known is not None:
        return known.stem
    what = message.kind
    if isinstance(message, IncidentMessage):
        what = f"{message.incident.id}-r{message.incident.revision}-{message.change}"
    count = sum(1 for _ in folder.glob("*.eml")) + 1
    return f"{count:03d}-{re.sub(r'[^A-Za-z0-9_-]', '_', what)}-{envelope.id[-8:]}"
