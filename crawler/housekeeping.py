"""What is done once in a while: the digest, notices about sources, closing what is over, clearing old texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select

from alerts import desk
from alerts.digest import plan_digest
from alerts.outbox import Notice, plan_notice
from alerts.policy import next_digest
from alerts.settings import AnyChannelSettings
from crawler.config import Configuration
from crawler.health import Health, heard_from, worth_a_notice
from crawler.intake import forget_documents
from crawler.overview import Examined, examine
from crawler.tables import clock_marks, source_health
from pipelines.archive import Store, reports

_ENTRY_TEXTS = timedelta(days=30)  # how long what a feed said of an entry is kept
_HEALTH = TypeAdapter(Health)


class Housekeeping:
    """Does what is due; called every half minute by the daemon, and when the clock steps by a replay."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        channels: Mapping[str, AnyChannelSettings],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._configuration = configuration
        self._channels = channels
        self._clock = clock
        self._timezone = ZoneInfo(configuration.settings.timezone)
        self._cleared: datetime | None = None

    def next_digest(self) -> datetime | None:
        """When the next digest is due: at `digest_at` after the last one, or after rasid was first started."""
        with self._store.read() as connection:
            last: datetime | None = connection.execute(select(clock_marks.c.digest)).scalar_one_or_none()
        return next_digest(last, self._configuration.settings.policy, self._timezone) if last else None

    def keep(self, *, heartbeats: bool = True) -> int:
        """Do whatever is due. Without `heartbeats` a digest that has nothing to say is left out; returns how many."""
        now = self._clock()
        settings = self._configuration.settings
        with self._store.write() as connection:
            reports.close_quiet(connection, now - settings.policy.closed_after)
            if self._cleared is None or now - self._cleared >= timedelta(days=1):
                reports.clear_texts(connection, now - settings.retention)
                forget_documents(connection, now - _ENTRY_TEXTS)
                desk.prune(connection, now - settings.retention)
                self._cleared = now
        due = self.next_digest()
        if due is None:
            self._mark_digest(now)
            return 0
        if due > now:
            return 0
        with self._store.read() as connection:
            examined = examine(connection, self._configuration.sources, now)
        with self._store.write() as connection:
            quiet = not heartbeats and not reports.any_incident_since(connection, now - timedelta(days=1))
            if not quiet:
                plan_digest(
                    connection,
                    self._channels,
                    now,
                    self._configuration.lexicon,
                    heartbeat=self._heartbeat(examined),
                    ill_sources=[str(one.health) for one in examined if one.health.ill],
                    timezone=self._timezone,
                )
        self._mark_digest(now)
        return int(quiet)

    def _mark_digest(self, now: datetime) -> None:
        with self._store.write() as connection:
            connection.execute(delete(clock_marks))
            connection.execute(insert(clock_marks).values(id=1, digest=now))

    def look_after_sources(self) -> None:
        """Tell the ops channel of each source that fell ill or is well again since it was last looked at."""
        now = self._clock()
        with self._store.read() as connection:
            examined = examine(connection, self._configuration.sources, now)
            before = {
                row.source: _HEALTH.validate_json(row.document) for row in connection.execute(select(source_health))
            }
        changed = [one.health for one in examined if worth_a_notice(before.get(one.source.id), one.health)]
        with self._store.write() as connection:
            connection.execute(delete(source_health))
            for one in examined:
                document = _HEALTH.dump_json(one.health).decode()
                connection.execute(insert(source_health).values(source=one.source.id, document=document))
            for health in changed:
                notice = Notice(key=f"source {health.source} {health.state}", text=f"source {health}")
                plan_notice(connection, notice, self._channels, self._configuration.settings.policy, now)

    def _heartbeat(self, examined: Sequence[Examined]) -> str:
        """How the watch itself fares, in a line."""
        now = self._clock()
        heard = heard_from([one.history for one in examined], [one.feeds for one in examined], now)
        polls = [state.last_success for one in examined for state in one.feeds if state.last_success is not None]
        last = f"; last answer {max(polls).astimezone(self._timezone):%H:%M}" if polls else ""
        return f"{heard} of {len(examined)} sources heard from{last}"
