"""A release that looks for a sealed URL first, in a process of its own, after this one."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from tests.support.checkouts import UnknownRevisionError, unpack_revision
from tests.support.custody import open_custody
from tests.support.origin import BLOCK, make_film, serve_whole
from tests.support.upstream import Upstream
from tracker.domain.custody import AssetState

pytestmark = pytest.mark.anyio

BEFORE = "28ffeba2^"
"""The last revision that cannot open a URL sealed since either."""
FETCH = """
import asyncio, sys
from pathlib import Path
import pytest
from tests.support.custody import open_custody
from tracker.domain.sealing import CannotOpen, unseal

async def fetch():
    async with open_custody(sys.argv[1], Path(sys.argv[2])) as custody:
        await custody.bring_forward()
        (claimed,) = await custody.fetching.claim(limit=100, per_lane=100, busy={})
        with pytest.raises(CannotOpen):
            unseal(custody.bench.context.secrets, claimed.source)
        await custody.fetching.fetch(claimed)

asyncio.run(fetch())
"""
FILM = make_film(BLOCK)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The checkout of that revision."""
    folder = tmp_path / "before"
    try:
        unpack_revision(
            BEFORE, folder, "tracker", "migrations", "tests/__init__.py", "tests/support"
        )
    except UnknownRevisionError:
        pytest.skip(f"this checkout has no history as far back as {BEFORE}")
    return folder


async def test_it_takes_a_url_that_no_row_holds_from_the_tasks_result(
    sqlite_url: str, tmp_path: Path, before: Path
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        async with open_custody(sqlite_url, tmp_path) as custody:
            task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
        done = await anyio.run_process(
            [sys.executable, "-c", FETCH, sqlite_url, str(tmp_path)],
            cwd=before,
            env=os.environ | {"PYTHONPATH": str(before)},
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    async with open_custody(sqlite_url, tmp_path) as custody:
        (asset,) = await custody.list_assets(task)
        assert asset.state is AssetState.KEPT
        assert await custody.read_content(asset) == FILM
