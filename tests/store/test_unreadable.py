"""Why a database cannot be read stands in the log in its own words, and not in an answer."""

import pytest
from sqlalchemy import text

from tests.support.workbench import HandClock
from tracker.domain.errors import Unavailable
from tracker.store.store import TOLD_EVERY_S, Reading, Store

pytestmark = pytest.mark.anyio


def _read_gone(db: Reading) -> None:
    db.execute(text("SELECT 1 FROM gone"))


async def test_the_reason_is_logged_once_a_second(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    async with Store(sqlite_url, clock) as store:
        for pause_s, lines in ((0.0, 1), (TOLD_EVERY_S / 2, 1), (TOLD_EVERY_S, 2)):
            clock.move(pause_s)
            with pytest.raises(Unavailable) as refused:
                await store.read(_read_gone)
            assert "gone" not in str(refused.value)
            said = "the database cannot be read: no such table: gone"
            assert caplog.messages == [said] * lines
