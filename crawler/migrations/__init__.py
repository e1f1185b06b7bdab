"""Alembic migrations over the tables of all three packages; `upgrade` brings a store to the newest."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import alerts.tables
import crawler.tables  # noqa: F401  (declares its tables)
from pipelines.archive import Store, metadata
from pipelines.errors import StoreError

__all__ = ["alerts", "check_version", "metadata", "upgrade"]


def upgrade(store: Store) -> None:
    """Create or update the tables, in one transaction. Raises StoreError if the store is newer than this program."""
    check_version(store)
    with store.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(store: Store) -> bool:
    """True if the store has the newest tables. Raises StoreError if a newer program made it."""
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    with store.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise StoreError(
            f"{store.engine.url.database}: was written by a newer rasid (schema {current}); "
            "install that version, or choose another state folder"
        )
    return current == scripts.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
