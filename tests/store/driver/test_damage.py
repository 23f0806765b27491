"""A database that is damaged on disk refuses, as one does that is away: it can be restored."""

from collections.abc import Sequence

import pytest
from sqlalchemy import create_engine, text

from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.store.driver.engine import sqlite_file
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

pytestmark = pytest.mark.anyio


def _damage(url: str, table: str) -> None:
    """Write over the first page of a table."""
    engine = create_engine(url)
    with engine.connect() as db:
        found = text("SELECT rootpage FROM sqlite_master WHERE name = :name")
        page = db.execute(found, {"name": table}).scalar_one()
        size = db.execute(text("PRAGMA page_size")).scalar_one()
    engine.dispose()
    file = sqlite_file(url)
    assert file is not None
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)


def _look_at_holds(tx: Tx, items: Sequence[None]) -> list[int]:
    return [tx.db.execute(text("SELECT * FROM holds")).rowcount for _ in items]


def _change(_tx: Tx, items: Sequence[None]) -> Sequence[None]:
    return items


async def test_what_meets_the_damage_is_refused_and_said_and_the_rest_goes_on(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    _damage(sqlite_url, "holds")
    async with Store(sqlite_url, SystemClock()) as store:
        with pytest.raises(Unavailable):
            await store.write(_look_at_holds, None)
        await store.write(_change, None)
        assert (store.refused_since is not None, store.is_full) == (True, False)
        with pytest.raises(Unavailable):
            await store.read(lambda db: db.execute(text("SELECT * FROM holds")).all())
    assert all("restore a backup" in line for line in caplog.messages)
    assert len(caplog.messages) == 2
