"""JSON by POST, signed as Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec/)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import SecretStr

from alerts.channels import Channel, Envelope, Trace
from alerts.channels.http import judge_status, post
from alerts.messages import Message, webhook_body
from alerts.settings import WebhookSettings


class WebhookChannel(Channel):
    """Signed with every secret, so that a receiver can change its own at leisure. `wall` is the time of signing."""

    settings: WebhookSettings

    def __init__(
        self,
        settings: WebhookSettings,
        secrets: Sequence[SecretStr],
        trace: Trace,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self._keys = [_key(secret) for secret in secrets]
        self._trace = trace
        self._wall = wall

    def send(self, message: Message, envelope: Envelope) -> str:
        body = webhook_body(message, envelope.minimal)
        headers = {"Content-Type": "application/json", **signed(self._keys, envelope.id, self._wall(), body)}
        if message.mark:
            headers["X-Rasid-Mark"] = message.mark
        ca_file = str(self.settings.ca_file) if self.settings.ca_file else None

        def connected() -> None:
            self._trace("connect")
            envelope.turn()

        answer = post(self.settings.url, body, headers, self.settings.timeout, ca_file, connected)
        self._trace("250 read")
        if error := judge_status(answer):
            raise error
        return ""


def signed(keys: Sequence[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers: `v1,` and the HMAC-SHA256 of `id.timestamp.body` for each key."""
    timestamp = str(int(at.timestamp()))
    content = f"{id}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: SecretStr) -> bytes:
    return base64.b64decode(secret.get_secret_value().removeprefix("whsec_"))
