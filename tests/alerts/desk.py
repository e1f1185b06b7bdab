"""A store, a clock and a dispatcher to test deliveries with; the clock moves when told to."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr, TypeAdapter
from sqlalchemy import select

import alerts.tables
from alerts import outbox, queue
from alerts.channels import Channel, Trace, open_channels
from alerts.dispatcher import Dispatcher
from alerts.outbox import Plan
from alerts.policy import Policy
from alerts.queue import Delivery
from alerts.settings import AnyChannelSettings, ChannelSettings
from pipelines.archive import Store, metadata, open_store
from pipelines.models import Incident, Revision, Watch
from tests.alerts.samples import NAMES, NOW

KEY = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
AT_ONCE = Policy(group_wait="0s", update_gap="0s", update_gap_critical="0s", flood_limit=1000)  # type: ignore[arg-type]


class Desk:
    """Tell incidents, move the clock, see what is in the outbox."""

    def __init__(self, folder: Path, policy: Policy = AT_ONCE) -> None:
        self.store: Store = open_store(folder / "rasid.db")
        metadata.create_all(self.store.engine)
        self.policy = policy
        self.now: datetime = NOW
        self.settings: dict[str, AnyChannelSettings] = {}
        self.channels: dict[str, Channel] = {}
        self.printed: list[str] = []
        self.trace: Trace = lambda step: None

    def channel(self, name: str, secrets: Mapping[str, str] | None = None, **values: Any) -> None:
        """Add a channel as config.toml would have it."""
        settings: ChannelSettings = TypeAdapter(ChannelSettings).validate_python(values)
        self.settings[name] = settings
        kept = {key: (SecretStr(value),) for key, value in (secrets or {}).items()}
        opened = open_channels({name: settings}, {name: kept}, echo=self.printed.append, trace=lambda s: self.trace(s))
        self.channels.update(opened)

    def email(self, port: int, name: str = "desk", **values: Any) -> None:
        base = {"type": "email", "to": ["reader@example.org"], "from": "rasid@example.org", "host": "127.0.0.1"}
        self.channel(name, **{**base, "port": port, "security": "none", **values})

    def webhook(self, url: str, name: str = "hook", **values: Any) -> None:
        self.channel(name, {"secret": KEY}, **{"type": "webhook", "url": url, "secret": {"env": "KEY"}, **values})

    def slack(self, url: str, name: str = "room", **values: Any) -> None:
        self.channel(name, {"webhook_url": url}, type="slack", webhook_url={"env": "URL"}, **values)

    def console(self, name: str = "console", **values: Any) -> None:
        self.channel(name, type="console", **values)

    def tell(self, current: Incident, previous: Incident | None = None, watch: Watch | None = None) -> Plan:
        with self.store.write() as connection:
            return outbox.plan(
                connection,
                Revision(previous, current),
                self.settings,
                self.policy,
                watch or Watch(),
                self.now,
                NAMES,
            )

    def dispatcher(self, mark: str = "", patience: float = 0.2) -> Dispatcher:
        return Dispatcher(
            self.store,
            self.channels,
            self.policy,
            lambda: self.now,
            NAMES,
            trace=lambda s: self.trace(s),
            mark=mark,
            patience=patience,
        )

    def dispatch(self) -> int:
        """One round of a fresh start of the program."""
        return asyncio.run(self.dispatcher().dispatch_due())

    def run(self, dispatcher: Dispatcher) -> int:
        """One round of a program that goes on running."""
        return asyncio.run(dispatcher.dispatch_due())

    def is_off(self, channel: str) -> bool:
        with self.store.read() as connection:
            return queue.is_off(connection, channel)

    def dispatch_until_quiet(self, most: int = 200) -> list[datetime]:
        """As the replay does it: step the clock to what is due next, until nothing is; returns the steps."""
        steps = []
        dispatcher = self.dispatcher()
        for _ in range(most):
            if asyncio.run(dispatcher.dispatch_due()):
                continue
            with self.store.read() as connection:
                due = outbox.next_due(connection)
            if due is None:
                return steps
            self.now = max(self.now, due)
            steps.append(self.now)
        raise AssertionError("still not quiet")

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def rows(self) -> list[Delivery]:
        with self.store.read() as connection:
            table = alerts.tables.deliveries
            found = connection.execute(select(table).order_by(table.c.decided, table.c.incident, table.c.revision))
            return [queue.as_delivery(row) for row in found]

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]
