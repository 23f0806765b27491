"""Take in the further tasks that one create has made at its provider."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.clock import new_id
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

    body:    the input of the create.
    attempt: the key of the attempt that sent it.
    """

    parts: Sequence[Part]
    body: bytes
    attempt: int


def take_in_parts(
    context: Context, tx: Tx, recorder: Recorder, first: Task, made: CreatedParts
) -> None:
    """Insert a task for each part that has none yet. Call it again as often as they are told of."""
    if not made.parts:
        return
    names = {part.provider_task_id for part in made.parts}
    known = task_lookups.find_owners(tx.db, first.provider, first.account, names)
    new = [
        _create_part(context, tx, first, part)
        for part in made.parts
        if part.provider_task_id not in known
    ]
    inserted = _insert(tx, new)
    task_inputs.insert_many(tx.db, [(task, made.body) for task in inserted])
    labels.insert_many(tx.db, inserted)
    for task in inserted:
        recorder.start(lifecycle.part(task, made.attempt))


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
        id=new_id(),
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
