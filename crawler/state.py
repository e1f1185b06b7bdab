"""The state folder: the store, and the lock that only one daemon can hold."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from crawler.errors import CrawlerError, LockedError
from crawler.migrations import check_version, upgrade
from pipelines.archive import Store, open_store
from pipelines.errors import StoreError

_DATABASE = "rasid.db"
_LOCK = "rasid.lock"


class State:
    """An open state folder. Only the daemon locks it; ack and silence write beside it."""

    def __init__(self, store: Store, lock: IO[str] | None) -> None:
        self.store = store
        self._lock = lock

    def close(self) -> None:
        """Close the store and let go of the lock."""
        self.store.close()
        if self._lock is not None:
            self._lock.close()


def open_locked(folder: Path) -> State:
    """Open the state folder for the daemon: made if need be, locked, checked and brought to the newest tables.

    Raises LockedError if another daemon holds it, CrawlerError if it cannot be written, StoreError if it is damaged.
    """
    lock = _lock(folder)
    try:
        return State(_open_sound(folder / _DATABASE), lock)
    except BaseException:
        lock.close()
        raise


def _lock(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        previous = os.umask(0o077)
        try:
            lock = (folder / _LOCK).open("a+", encoding="utf-8")
        finally:
            os.umask(previous)
    except OSError as error:
        raise CrawlerError(
            f"{folder}: the state folder cannot be written ({error.strerror}); check its owner"
        ) from error
    try:
        # flock, not a pid file: it is gone with the process, whatever killed it
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise LockedError(f"{folder}: another rasid (process {holder}) holds this state folder") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _open_sound(path: Path) -> Store:
    path.touch(mode=0o600)
    if not os.access(path, os.W_OK):
        raise CrawlerError(f"{path}: cannot be written; check its owner and mode")
    store = open_store(path)
    try:
        _check_sound(store, path)
        _check_writable(store, path)
        upgrade(store)
    except BaseException:
        store.close()
        raise
    return store


def _check_writable(store: Store, path: Path) -> None:
    """Write what is there already: a folder in which no journal can be made is not told by the mode of the file."""
    try:
        with store.write() as connection:
            version = connection.execute(text("PRAGMA user_version")).scalar_one()
            connection.execute(text(f"PRAGMA user_version = {int(version)}"))
    except DatabaseError as error:
        raise CrawlerError(f"{path}: cannot be written ({error.orig}); check its folder, owner and disk") from error


def open_beside(folder: Path) -> State:
    """Open the store for a command that runs beside the daemon. Raises CrawlerError if there is none yet."""
    path = folder / _DATABASE
    if not path.exists():
        raise CrawlerError(f"{path}: there is no store yet; `rasid run` makes it (or name another --config)")
    store = open_store(path)
    if not check_version(store):
        raise StoreError(f"{path}: has older tables; start `rasid run` once, it brings them up to date")
    return State(store, None)


def is_locked(folder: Path) -> bool:
    """True if a daemon holds the state folder now."""
    path = folder / _LOCK
    if not path.exists():
        return False
    with path.open("r", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _check_sound(store: Store, path: Path) -> None:
    advice = f"move {path.name} away and restore a copy; a fresh store would tell everything again"
    try:
        with store.read() as connection:
            verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    except DatabaseError as error:
        raise StoreError(f"{path}: is damaged ({error.orig}); {advice}") from error
    if verdict != "ok":
        raise StoreError(f"{path}: is damaged ({verdict}); {advice}")
