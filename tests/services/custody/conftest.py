"""Custody in a folder, with its rows in SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.custody import CustodyBench, open_custody


@pytest.fixture
async def custody(sqlite_url: str, tmp_path: Path) -> AsyncIterator[CustodyBench]:
    """Nothing is kept yet."""
    async with open_custody(sqlite_url, tmp_path) as opened:
        yield opened
