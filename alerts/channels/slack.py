"""Slack: by incoming webhook (messages only), or by bot token (one thread per incident, its first message edited).

An incoming webhook answers "ok" in the body, and only that means that it took the message.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from alerts.channels import Channel, Envelope, Trace
from alerts.channels.http import Answer, judge_status, post
from alerts.channels.slack_blocks import SECTION, escape, fallback, render_blocks
from alerts.cleaning import clean, cut
from alerts.errors import ChannelRefused, DeliveryError, Refused, TooLarge, TryLater
from alerts.messages import Message, render_minimal
from alerts.settings import SlackSettings

# docs.slack.dev/reference/methods/chat.postMessage, "Errors"
_OFF = {
    "account_inactive",
    "channel_is_archived",
    "channel_not_found",
    "invalid_auth",
    "invalid_token",
    "is_archived",
    "missing_scope",
    "no_permission",
    "no_service",
    "no_team",
    "not_authed",
    "not_in_channel",
    "restricted_action",
    "team_disabled",
    "token_expired",
    "token_revoked",
}
_FORM = {"invalid_blocks", "invalid_blocks_format", "invalid_payload", "msg_blocks_too_long", "msg_too_long"}
_LATER = {"ratelimited", "rate_limited", "rollup_error", "fatal_error", "internal_error", "service_unavailable"}


class SlackChannel(Channel):
    """One of the two ways, as the settings have it."""

    settings: SlackSettings

    def __init__(
        self, settings: SlackSettings, webhook_url: SecretStr | None, bot_token: SecretStr | None, trace: Trace
    ) -> None:
        self.settings = settings
        self._webhook_url = webhook_url
        self._bot_token = bot_token
        self._trace = trace

    def send(self, message: Message, envelope: Envelope) -> str:
        if envelope.minimal:
            content: dict[str, Any] = {"text": escape(render_minimal(message), SECTION)}
        else:
            content = {"text": fallback(message), "blocks": render_blocks(message)}
        if self._webhook_url is not None:
            return self._post_to_webhook(self._webhook_url, content, envelope)
        return self._post_as_bot(content, envelope)

    def _post_to_webhook(self, url: SecretStr, content: dict[str, Any], envelope: Envelope) -> str:
        content = {**content, "unfurl_links": False, "unfurl_media": False}
        answer = self._post(url.get_secret_value(), content, {}, envelope.turn)
        if error := _named(answer.text.strip(), answer) or judge_status(answer):
            raise error
        if answer.text.strip() != "ok":
            raise TryLater(f'answered {answer.status} but not "ok": {cut(clean(answer.text), 120)}', ambiguous=True)
        return ""

    def _post_as_bot(self, content: dict[str, Any], envelope: Envelope) -> str:
        common = {"channel": self.settings.channel, "unfurl_links": False, "unfurl_media": False}
        if envelope.root_receipt:
            place, _, ts = envelope.root_receipt.rpartition("/")
            # First the edit, because doing it twice does no harm; the answer in the thread is what people are told by.
            self._call("chat.update", {**content, "channel": place, "ts": ts}, lambda: None, optional=True)
            content = {**content, "thread_ts": ts, "reply_broadcast": False}
        metadata = {"event_type": "rasid_delivery", "event_payload": {"id": envelope.id}}
        said = self._call("chat.postMessage", {**common, **content, "metadata": metadata}, envelope.turn)
        return envelope.root_receipt or f"{said.get('channel', self.settings.channel)}/{said.get('ts', '')}"

    def _call(
        self, method: str, content: dict[str, Any], turn: Callable[[], None], *, optional: bool = False
    ) -> dict[str, Any]:
        token = self._bot_token.get_secret_value() if self._bot_token else ""
        url = f"{self.settings.api_url.rstrip('/')}/{method}"
        answer = self._post(url, content, {"Authorization": f"Bearer {token}"}, turn)
        if error := judge_status(answer):
            raise error
        try:
            said = json.loads(answer.text)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise TryLater(f"{method} answered no JSON")
        if said.get("ok") is True:
            return said
        name = str(said.get("error", "unknown error"))
        if optional and name not in _LATER:
            return said  # the first message may have been deleted; that must not keep the news from being told
        raise _named(name, answer) or Refused(f"{method}: {cut(clean(name), 80)}")

    def _post(self, url: str, content: dict[str, Any], headers: dict[str, str], turn: Callable[[], None]) -> Answer:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json; charset=utf-8", **headers}

        def connected() -> None:
            self._trace("connect")
            turn()

        answer = post(url, body, headers, self.settings.timeout, turn=connected)
        self._trace("250 read")
        return answer


def _named(name: str, answer: Answer) -> DeliveryError | None:
    if name in _OFF:
        return ChannelRefused(f"Slack: {name}")
    if name in _FORM:
        return TooLarge(f"Slack: {name}")
    if name in _LATER:
        return TryLater(f"Slack: {name}", after=answer.retry_after, throttled="limited" in name)
    return None
