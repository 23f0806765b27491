"""Tasks and their assets, read in one look."""

from pathlib import Path

import pytest

from tests.support.custody import open_custody
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Upstream
from tracker.domain.custody import AssetState
from tracker.store import assets, kept_tasks

pytestmark = pytest.mark.anyio

FILM = make_film(1000)


async def test_one_look_finds_a_task_and_its_assets_in_the_order_of_the_result(
    database_url: str, tmp_path: Path
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        pieces = [{"url": f"{origin.url}/{name}", "key": name} for name in ("b", "c", "a")]
        async with open_custody(database_url, tmp_path) as custody:
            task = await custody.create_succeeded(*pieces)
            await custody.fetch()
            other = await custody.bench.create_queued("without files")
            store = custody.bench.context.store
            found = await store.read(lambda db: kept_tasks.load_by_id(db, [other.id, task.id]))
            alone = await store.find(kept_tasks.load_by_id, task.id)
            one_by_one = [
                await store.find(assets.list_by_id, one.id) for one in found[task.id].assets
            ]
    assert found[other.id] == kept_tasks.KeptTask(other, ())
    assert [one.piece for one in found[task.id].assets] == ["b", "c", "a"]
    assert [one.position for one in found[task.id].assets] == [0, 1, 2]
    assert {one.state for one in found[task.id].assets} == {AssetState.KEPT}
    assert alone == found[task.id]
    assert one_by_one == found[task.id].assets
