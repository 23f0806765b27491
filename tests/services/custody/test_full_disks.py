"""The system refuses to write: in the middle of a fetch, in one of an upload, at a sweep.

A limit on the size of files stands for the full disk: the system takes a part of a write, then
refuses with an error, and goes on for whoever needs no more room.
"""

import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

import pytest

from tests.support.custody import CustodyBench
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Upstream
from tracker.domain.custody import AssetState
from tracker.domain.errors import Unavailable
from tracker.objects.folder import PARTS
from tracker.services.custody.sweeping import AssetSweeper, SweepResult
from tracker.services.custody.uploading import UploadReceiver, UploadTerms

pytestmark = pytest.mark.anyio

FILM = make_film(6_000_000)
ROOM = 4_500_000
"""More than the database needs, and less than the film does; no whole number of writes."""


@contextmanager
def full_from(size: int) -> Iterator[None]:
    """Let no file of this process become larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_fetch_that_fills_the_disk_leaves_nothing_and_costs_no_try(
    custody: CustodyBench,
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
        with full_from(ROOM):
            await custody.fetch(rounds=5)
        (waits,) = await custody.list_assets(task)
        assert (waits.state, waits.attempts) == (AssetState.WANTED, 0)
        assert "File too large" in (waits.reason or "")
        assert custody.list_files() == custody.render_parts() == []
        await custody.fetch()
    (kept,) = await custody.list_assets(task)
    assert (kept.state, kept.sha256) == (AssetState.KEPT, sha256(FILM).digest())


async def test_an_upload_that_fills_the_disk_is_refused_and_leaves_nothing(
    custody: CustodyBench,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield FILM

    uploading = UploadReceiver(custody.bench.context)
    with full_from(ROOM), pytest.raises(Unavailable, match="cannot be stored now"):
        await uploading.keep("default", chunks(), UploadTerms(timedelta(days=1)))
    assert custody.list_files() == custody.render_parts() == []


async def test_a_sweep_of_a_full_disk_makes_room_and_records_what_has_vanished_later(
    custody: CustodyBench,
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
        await custody.fetch()
    for path in custody.list_files():
        path.unlink()
    stray = custody.folder / PARTS / "left"
    stray.write_bytes(b"x")
    os.utime(stray, (1, 1))
    retention = AssetSweeper(custody.bench.context)
    with full_from(4096), pytest.raises(Unavailable):
        await retention.sweep()
    (asset,) = await custody.list_assets(task)
    assert (asset.state, stray.exists()) == (AssetState.KEPT, False)
    assert await retention.sweep() == SweepResult(strays=0, vanished=1)
    (asset,) = await custody.list_assets(task)
    assert asset.state is not AssetState.KEPT
