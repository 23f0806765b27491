"""Large inputs are kept and found as small ones are; in one transaction, or not at all."""

from collections.abc import Mapping, Sequence

import pytest

from tests.domain.factories import a_task
from tracker.clock import SystemClock, make_id
from tracker.domain.long_texts import WrittenJson
from tracker.domain.task import Task
from tracker.store import task_inputs, tasks
from tracker.store.driver.large_values import LARGE
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

BODIES: Mapping[str, bytes | WrittenJson] = {
    "small": b"{}",
    "as large as is written at once": b"a" * (LARGE - 1),
    "written in pieces": bytes(range(256)) * (LARGE // 256),
    "with a piece that is not full": b"c" * (2 * LARGE + 7),
    "written while it is stored": WrittenJson({"image": "d" * (2 * LARGE + 7), "n": '字"' * LARGE}),
}


def _insert(tx: Tx, items: Sequence[tuple[Task, bytes | WrittenJson]]) -> list[Task]:
    made = [one for one in tasks.insert_many(tx.db, [task for task, _ in items]) if one is not None]
    task_inputs.insert_many(tx.db, list(zip(made, (body for _, body in items), strict=True)))
    return made


def _insert_and_fail(tx: Tx, items: Sequence[tuple[Task, bytes | WrittenJson]]) -> list[Task]:
    _insert(tx, items)
    raise ValueError("after the inputs were written")


@pytest.mark.anyio
async def test_inputs_of_all_sizes_are_kept_byte_by_byte(database_url: str) -> None:
    new = [a_task(id=make_id(), external_task_id=name) for name in BODIES]
    async with Store(database_url, SystemClock()) as store:
        made = [await store.write(_insert, one) for one in zip(new, BODIES.values(), strict=True)]
        keys = [task.key for task in made]
        found = await store.read(lambda db: task_inputs.get_by_keys(db, keys))
        few = await store.read(lambda db: task_inputs.get_by_keys(db, keys, most=LARGE))
    assert [found[key] for key in keys] == list(map(bytes, BODIES.values()))
    assert few == {key: body for key, body in found.items() if len(body) <= LARGE}


@pytest.mark.anyio
async def test_what_was_written_in_pieces_goes_with_its_transaction(database_url: str) -> None:
    failed, kept = (a_task(id=make_id(), external_task_id=name) for name in ("failed", "kept"))
    async with Store(database_url, SystemClock()) as store:
        with pytest.raises(ValueError, match="after the inputs"):
            await store.write(_insert_and_fail, (failed, b"f" * LARGE))
        task = await store.write(_insert, (kept, b"k" * LARGE))
        assert await store.find(tasks.load_by_id, failed.id) is None
        found = await store.read(lambda db: task_inputs.get_by_keys(db, [task.key]))
    assert found == {task.key: b"k" * LARGE}
