"""Files are readable by their owner alone, whatever the umask is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tracker.settings import Settings
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import upgrade


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_the_data_directory_and_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings.from_env({"TRACKER_DATA_DIR": str(folder)})
    settings.callback_secrets()
    upgrade(settings.resolved_database_url())
    engine = open_engine(settings.resolved_database_url())
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = version_num"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    engine.dispose()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"tracker.db", "tracker.db-wal", "tracker.db-shm", "callback_secrets"} <= set(modes)
    assert set(modes.values()) == {0o600}
