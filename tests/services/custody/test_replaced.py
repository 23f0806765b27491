"""Files of a result that a newer one replaces, such as a doubtful failure's picture."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.custody import CustodyBench, open_custody
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Upstream
from tracker.clock import make_id
from tracker.domain.custody import Asset, AssetState, index_by_piece, list_wanted
from tracker.domain.inline_files import InlineFile, store_key_of
from tracker.domain.rendering import render_task
from tracker.domain.task import Task, TaskState
from tracker.services.custody.sweeping import AssetSweeper, SweepResult
from tracker.store import assets
from tracker.store.driver.transaction import Tx

pytestmark = pytest.mark.anyio
FILM, PNG, OTHER = (
    make_film(9_000),
    b"\x89PNG\r\n\x1a\n" + bytes(900),
    b"\x89PNG\r\n\x1a\n" + bytes(99),
)


@pytest.fixture
async def custody(database_url: str, tmp_path: Path) -> AsyncIterator[CustodyBench]:
    async with open_custody(database_url, tmp_path) as opened:
        yield opened


async def _inline(custody: CustodyBench, task: Task, body: bytes) -> str:
    """Put a file into the store as one that came within an answer; return its name."""

    async def all_of_it() -> AsyncIterator[bytes]:
        yield body

    file = InlineFile(make_id(), len(body), sha256(body).digest(), "image/png")
    await custody.storage.objects.put(store_key_of(task.tenant, file.id), all_of_it())
    return file.build_name(custody.bench.context.secrets[0], task.tenant)


async def _failed(custody: CustodyBench) -> Task:
    """A task whose failure is doubtful, and brought a picture."""
    task = await custody.bench.accept_task(await custody.bench.create_queued("ours"), "theirs")
    picture = {"kind": "image", "url": await _inline(custody, task, PNG)}
    await _say(custody, task, "failed", picture, why="unsafe", doubtful=True)
    return await custody.bench.read_task(task.key)


async def _say(
    custody: CustodyBench, task: Task, status: str, *pieces: dict[str, Any], **more: Any
) -> None:
    said = {"status": status, "id": task.provider_task_id, "pieces": list(pieces), **more}
    await custody.bench.call_back(task, said)


def _states(found: Iterable[Asset]) -> list[str]:
    return sorted(asset.state.value for asset in found)


@pytest.mark.parametrize("key", [None, "another"])
async def test_the_picture_of_a_failure_gives_way_to_the_file_of_a_success(
    custody: CustodyBench, key: str | None
) -> None:
    task = await _failed(custody)
    (picture,) = await custody.list_assets(task)
    with Upstream(serve_whole(FILM)) as origin:
        await _say(custody, task, "succeeded", {"url": f"{origin.url}/film.mp4", "key": key})
        assert _states(await custody.list_assets(task)) == ["kept", "wanted"]
        await custody.fetch()
    await AssetSweeper(custody.bench.context).drop_expired()
    found = {asset.piece: asset for asset in await custody.list_assets(task)}
    assert (await custody.bench.read_task(task.key)).state is TaskState.SUCCEEDED
    assert await custody.read_content(found[key or "0"]) == FILM
    assert _states(found.values()) == ["gone", "kept"]
    assert [one.id for one in found.values() if one.state is AssetState.GONE] == [picture.id]
    assert [file.read_bytes() for file in custody.list_files()] == [FILM]
    assert await AssetSweeper(custody.bench.context).sweep() == SweepResult(0, 0)


async def test_a_file_in_the_answer_of_a_success_takes_the_place_of_the_failures(
    custody: CustodyBench,
) -> None:
    task = await _failed(custody)
    whole_picture = {"kind": "image", "url": await _inline(custody, task, OTHER)}
    for _ in range(2):  # it may be told of again
        await _say(custody, task, "succeeded", whole_picture)
    await AssetSweeper(custody.bench.context).drop_expired()
    found = {asset.piece: asset for asset in await custody.list_assets(task)}
    assert await custody.read_content(found["0"]) == OTHER
    assert _states(found.values()) == ["gone", "kept"]
    assert [file.read_bytes() for file in custody.list_files()] == [OTHER]
    assert (await custody.bench.list_kinds(task)).count("asset_kept") == 2


async def test_what_is_wanted_of_a_piece_that_is_no_more_is_not_fetched(
    custody: CustodyBench,
) -> None:
    """A success without its main file, whose second statement names its pieces otherwise."""
    cover = {"url": "http://127.0.0.1:9/a", "kind": "cover"}
    task = await custody.create_succeeded(cover, {"kind": "video"})
    assert [asset.piece for asset in await custody.list_assets(task)] == ["0"]
    film_ = {"url": "http://127.0.0.1:9/b", "key": "b"}
    await _say(custody, task, "succeeded", film_, {"url": "http://127.0.0.1:9/c", "key": "c"})
    assert (await custody.bench.list_kinds(task))[-1] == "result_completed"
    assert [asset.piece for asset in await custody.list_assets(task)] == ["b", "c"]


async def test_files_of_one_id_are_each_kept(custody: CustodyBench) -> None:
    """Providers number the files of a result anew, or give all of them the task's id."""
    with Upstream(serve_whole(FILM)) as origin, Upstream(serve_whole(PNG)) as other:
        named = {"url": f"{origin.url}/a.mp4", "key": "1"}
        again = named | {"url": f"{origin.url}/c.mp4"}
        task = await custody.create_succeeded(named, {"url": f"{other.url}/b.png"}, again)
        await custody.fetch()
    kept = await custody.list_assets(task)
    assert [(one.piece, one.state.value) for one in kept] == [
        *(("1", "kept"), ("1@1", "kept"), ("1@2", "kept")),
    ]
    assert [await custody.read_content(one) for one in kept] == [FILM, PNG, FILM]
    shown = render_task(task, index_by_piece(kept), base="")["result"]["artifacts"]
    assert [one["asset"]["id"] for one in shown] == [str(one.id) for one in kept]


async def test_of_a_piece_that_two_steps_want_at_once_the_later_counts(
    custody: CustodyBench,
) -> None:
    task = await custody.create_succeeded({"url": "http://127.0.0.1:9/a", "key": "a"})
    wanted = [
        (replace(one, position=position), "lane")
        for position in (0, 7)
        for one in list_wanted(task, lifetime=None, now=task.updated_at)
    ]

    def batch(tx: Tx, items: Sequence[None]) -> list[None]:
        assets.insert_wanted(tx.db, wanted, now=tx.now)
        return [None] * len(items)

    await custody.bench.context.store.write(batch, None)
    assert [one.position for one in await custody.list_assets(task)] == [7]
