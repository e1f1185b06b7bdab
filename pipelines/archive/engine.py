"""Opens the store. SQLite by default; everything above this file is portable SQL.

SQLite settings and why: `synchronous=FULL`, because an alert must be on disk before it is sent; the rollback journal
unless the library is 3.51.3 or newer, because older ones can corrupt a database in WAL mode when two connections write
(sqlite.org/wal.html, "WAL-reset bug"); `BEGIN IMMEDIATE` for writes, because a deferred transaction that turns into a
write fails at once with SQLITE_BUSY_SNAPSHOT whatever the time-out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from pipelines.errors import StoreError

_WAL_IS_SOUND = (3, 51, 3)
_BUSY_TIMEOUT = 10.0  # seconds; the longest another command may hold the write lock


class Store:
    """A database and the two ways to use it: `read()` and `write()`, each one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement; committed whole or not at all."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(rasid_write=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(path: Path) -> Store:
    """Open (or create) the SQLite database at `path`; tables are made by the migrations of the program.

    Raises StoreError if the file cannot be opened or is no database.
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_TIMEOUT})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM sqlite_master LIMIT 1")).all()
    except DatabaseError as error:
        engine.dispose()
        raise StoreError(f"{path}: cannot be used as the store ({error.orig}); move it away or repair it") from error
    return Store(engine)


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # this module begins transactions itself
    journal = "WAL" if sqlite3.sqlite_version_info >= _WAL_IS_SOUND else "DELETE"
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("rasid_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
