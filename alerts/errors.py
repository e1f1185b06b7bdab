"""The exceptions of this package: catch `AlertError` to catch them all.

A channel's `send` says by the class it raises what is to be done next; the dispatcher carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


class AlertError(Exception):
    """Something in telling people failed; the message says what, where and what to do."""


class SettingsError(AlertError):
    """Channels that cannot be used as configured. `faults` lists every one as (key path, what is wrong)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{key}: {wrong}" for key, wrong in self.faults))


class UnknownName(AlertError):
    """A delivery, channel, silence or incident that does not exist."""


class DeliveryError(AlertError):
    """One attempt to deliver failed. The text is shown to people and stored: it never holds a secret."""


class TryLater(DeliveryError):
    """The receiver may take it later: a time-out, a lost connection, SMTP 4xx, HTTP 408, 425, 429 or 5xx.

    `after` is the receiver's own wish (Retry-After). `ambiguous` says that it may have taken the message all the same.
    `recipient_only` says that the channel itself works, so that it does not count against the circuit breaker.
    """

    def __init__(
        self,
        why: str,
        *,
        after: timedelta | None = None,
        ambiguous: bool = False,
        recipient_only: bool = False,
        throttled: bool = False,
    ) -> None:
        super().__init__(why)
        self.after = after
        self.ambiguous = ambiguous
        self.recipient_only = recipient_only
        self.throttled = throttled


class Refused(DeliveryError):
    """The receiver will never take this message (SMTP 5xx, most HTTP 4xx, any redirect)."""


class TooLarge(DeliveryError):
    """The receiver refused the form or size of the message (413, 552, 400): the minimal text form may still pass."""


class ChannelRefused(DeliveryError):
    """The receiver will take nothing from us any more (401, 403, 404, 410, 535): the channel is switched off."""
