"""Take in the further tasks that one create has made at its provider."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.clock import make_id
from tracker.domain import lifecycle
from tracker.domain.accepting import restore_accepted
from tracker.domain.observation import Part
from tracker.domain.task import Task, TaskState
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import labels, task_inputs, task_lookups, tasks
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class CreatedParts:
    """The tasks that one create made besides its own.

    body:     the input of the create.
    attempt:  the key of the attempt that sent it.
    first_id: the provider's id of the create's own task, as its answer states it; None where only
              a query told of the parts.
    """

    parts: Sequence[Part]
    body: bytes
    attempt: int
    first_id: str | None = None


def take_in_parts(
    context: Context, tx: Tx, recorder: Recorder, first: Task, made: CreatedParts
) -> None:
    """Insert a task for each part that has none yet. Call it again as often as they are told of.

    A callback about a part may come before the answer that names the parts. It has gone to the
    first task, which may have ended by it and then has the part's id for good: the part takes the
    id that the first was to have. All parts are asked about then, as nobody calls back again.
    """
    if not made.parts:
        return
    now, before = recorder.get_task(first.key), recorder.get_loaded(first.key)
    parts = _give_other_id(made, now.provider_task_id)
    names = {part.provider_task_id for part in parts}
    known = task_lookups.find_owners(tx.db, first.provider, first.account, names)
    new = [
        _create_part(context, tx, first, part)
        for part in parts
        if not known.get(part.provider_task_id, set()) - {first.key}
    ]
    inserted = _insert(tx, new)
    task_inputs.insert_many(tx.db, [(task, made.body) for task in inserted])
    labels.insert_many(tx.db, inserted)
    for task in inserted:
        recorder.start(lifecycle.begin_part(task, made.attempt))
        if before.provider_task_id is not None:
            recorder.poll_soon(task.key)


def _give_other_id(made: CreatedParts, taken: str | None) -> list[Part]:
    """Return the parts, without the id that the first task has. taken: that id."""
    others = [part for part in made.parts if part.provider_task_id != taken]
    if len(others) == len(made.parts) or made.first_id in (None, taken):
        return others
    return [
        replace(part, provider_task_id=made.first_id) if part.provider_task_id == taken else part
        for part in made.parts
    ]


def _insert(tx: Tx, made: Sequence[Task]) -> list[Task]:
    """Insert tasks that the provider has made. One whose name is taken gets its id as name."""
    inserted = tasks.insert_many(tx.db, made)
    unnamed = [
        replace(task, external_task_id=str(task.id))
        for task, row in zip(made, inserted, strict=True)
        if row is None
    ]
    rows = [*inserted, *(tasks.insert_many(tx.db, unnamed) if unnamed else ())]
    return [row for row in rows if row is not None]


def _create_part(context: Context, tx: Tx, first: Task, part: Part) -> Task:
    return replace(
        restore_accepted(first),
        key=0,
        id=make_id(),
        external_task_id=f"{first.external_task_id}::{part.mark}",
        provider_task_id=part.provider_task_id,
        parent_id=first.id,
        costs=(),  # the estimate is of the call, and stands with the first
        state=TaskState.SUBMITTED,
        created_at=tx.now,
        updated_at=tx.now,
        submitted_at=tx.now,
        give_up_at=tx.now + context.policy.give_up,
    )
