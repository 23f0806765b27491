"""SQLite does without its own locks where it can be told so in time, and works all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

USE = """
import sys
from sqlalchemy import text
from tracker.store.engine import open_engine
from tracker.store.sqlite_mode import IS_UNLOCKED
import ctypes, _sqlite3
with open_engine(sys.argv[1]).connect() as db:
    db.execute(text("CREATE TABLE t (n INTEGER)"))
    db.execute(text("INSERT INTO t VALUES (41), (1)"))
    told = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    told.restype = ctypes.c_longlong
    print(db.scalar(text("SELECT sum(n) FROM t")), IS_UNLOCKED, told() == 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="SQLite is told on Linux alone")
@pytest.mark.parametrize(("before", "told"), [("", "True"), ("import sqlite3\n", "False")])
def test_it_is_told_in_time_or_not_at_all(tmp_path: Path, before: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", before + USE, f"sqlite:///{tmp_path}/a.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["42", told, told]
