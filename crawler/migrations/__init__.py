"""Alembic migrations over the tables of all three packages; `upgrade` brings a store to the newest.

A store is nearly always up to date, so Alembic is imported only when there is something to migrate: which revisions
there are is told by the names of their files, in order.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

import alerts.tables
import crawler.tables  # noqa: F401  (declares its tables)
from pipelines.archive import Store, metadata
from pipelines.errors import StoreError

__all__ = ["alerts", "check_version", "metadata", "revisions", "upgrade"]

FOLDER = Path(__file__).parent


def upgrade(store: Store) -> None:
    """Create or update the tables, in one transaction. Raises StoreError if the store is newer than this program."""
    if check_version(store):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(store: Store) -> bool:
    """True if the store has the newest tables. Raises StoreError if a newer program made it."""
    known = revisions()
    with store.read() as connection:
        made = inspect(connection).has_table("alembic_version")
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if made else None
    if current is not None and current not in known:
        raise StoreError(
            f"{store.engine.url.database}: was written by a newer rasid (schema {current}); "
            "install that version, or choose another state folder"
        )
    return current == known[-1]


def revisions() -> list[str]:
    """The revisions of the tables, the oldest first."""
    return sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))
