"""The state folder: one daemon holds it, its tables are those of the program, damage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from crawler import migrations
from crawler.errors import CrawlerError, LockedError
from crawler.state import is_locked, open_beside, open_locked
from pipelines.archive import metadata
from pipelines.errors import StoreError


def test_the_migrations_make_exactly_the_tables_that_are_declared(tmp_path: Path) -> None:
    state = open_locked(tmp_path / "state")
    with state.store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    state.close()


def test_the_files_of_the_migrations_are_named_by_revision_in_the_order_in_which_they_follow() -> None:
    follow = ScriptDirectory(str(migrations.FOLDER)).walk_revisions()
    assert migrations.revisions() == [script.revision for script in follow][::-1]


def test_the_folder_and_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    open_locked(tmp_path / "state").close()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    for file in (tmp_path / "state").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_second_daemon_is_refused_and_a_command_beside_it_is_not(tmp_path: Path) -> None:
    state = open_locked(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(LockedError, match="another rasid"):
        open_locked(tmp_path)
    open_beside(tmp_path).close()
    state.close()
    assert not is_locked(tmp_path)
    open_locked(tmp_path).close()


def test_a_command_before_the_first_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(CrawlerError, match="no store yet"):
        open_beside(tmp_path)


def test_a_store_of_a_newer_rasid_is_left_alone(tmp_path: Path) -> None:
    state = open_locked(tmp_path)
    with state.store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    state.close()
    with pytest.raises(StoreError, match="newer rasid"):
        open_locked(tmp_path)


def test_writes_begin_immediately_and_are_whole_or_not_at_all(tmp_path: Path) -> None:
    state = open_locked(tmp_path)
    with pytest.raises(ZeroDivisionError), state.store.write() as connection:
        connection.execute(text("INSERT INTO clock_marks (id, digest) VALUES (1, '2025-01-01 00:00:00')"))
        _ = 1 / 0
    with state.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM clock_marks")).scalar_one() == 0
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    state.close()


def test_a_command_that_failed_to_open_holds_no_lock(tmp_path: Path) -> None:
    (tmp_path / "rasid.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        open_locked(tmp_path)
    (tmp_path / "rasid.db").unlink()
    open_locked(tmp_path).close()
