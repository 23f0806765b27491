"""Files are readable by their owner alone, and one that is closed to us is named."""

import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.databases import SqliteTemplate
from tests.support.small_disk import mount_small_disk
from tracker.cli.doctor.database import examine_server
from tracker.config.kept_secrets import load_kept_secrets
from tracker.settings import Settings, SettingsError
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import DatabaseRefused, upgrade
from tracker.store.probe import find_schema_problem


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_the_data_directory_and_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings.read_environment({"TRACKER_DATA_DIR": str(folder)})
    settings.list_callback_secrets()
    upgrade(settings.resolve_database_url())
    engine = open_engine(settings.resolve_database_url())
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = version_num"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    engine.dispose()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"tracker.db", "tracker.db-wal", "tracker.db-shm", "callback_secrets"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_cannot_be_reached_is_named_with_the_reason(tmp_path: Path) -> None:
    """Neither is the reason of permissions that tests as root do not meet; they go the same way."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert f"{find_schema_problem(f'sqlite:///{loop}/tracker.db')}".endswith("symbolic links")
    with pytest.raises(SettingsError, match=r"TRACKER_DATA_DIR: .*too long"):
        load_kept_secrets(tmp_path / ("x" * 300))


def test_doctor_names_a_file_that_may_not_be_written(
    sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    with mount_small_disk(tmp_path / "disk", size=16 * 1024**2) as disk:
        url = f"sqlite:///{disk.path}/tracker.db"
        sqlite_template.copy(tmp_path)
        with closing(sqlite3.connect(tmp_path / "tracker.db")) as db:
            db.execute("UPDATE feed_head SET seq = seq")
            db.commit()  # without SQLite's log nothing can be read where none can be made
            for file in tmp_path.glob("tracker.db*"):
                shutil.copy(file, disk.path)
        disk.set_read_only()
        settings = Settings.read_environment(
            {"DATABASE_URL": url, "TRACKER_DATA_DIR": str(tmp_path)}
        )
        found = [one for one in examine_server(settings) if "may not be written" in one.text]
    assert [(one.level, one.about) for one in found] == [("error", "database")]


@pytest.mark.parametrize("below", ["", "sub", "sub/deeper"])
def test_a_file_in_the_place_of_a_folder_is_refused_by_name(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / below
    with pytest.raises(SettingsError, match="TRACKER_DATA_DIR: must be the path of a folder"):
        Settings.read_environment({"TRACKER_DATA_DIR": str(place)})
    assert "Not a directory" in str(
        find_schema_problem(f"sqlite:///{tmp_path}/file/sub/tracker.db")
    )


def test_a_folder_in_the_place_of_a_database_is_refused_by_name(tmp_path: Path) -> None:
    refusal = f"DATABASE_URL: {tmp_path}: Is a directory"
    assert find_schema_problem(f"sqlite:///{tmp_path}") == refusal
    with pytest.raises(DatabaseRefused, match=re.escape(refusal)):
        upgrade(f"sqlite:///{tmp_path}")
