"""Say which tasks' input can be submitted again, and make new tasks of it."""

from collections.abc import Mapping, Sequence

from tracker.domain.accepting import RESUBMITTABLE, refuse_resubmission
from tracker.domain.budget import Budget
from tracker.domain.errors import Conflict, InputGone
from tracker.domain.task import UNKNOWN_OPERATION, Task
from tracker.services.context import Context
from tracker.services.submit.request import AcceptedTask, CheckedSubmission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import task_inputs, task_lookups, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.drops import find_dropped_inputs
from tracker.store.idempotency import IdempotencyKey
from tracker.store.store import Reading


def find_refusals(
    context: Context, db: Reading, found: Sequence[Task], *, is_again: bool
) -> dict[int, Conflict]:
    """Return why some tasks cannot be submitted again, by key; those left out can.

    is_again: those that were submitted again before can be so once more.
    """
    gone = find_dropped_inputs(db, [task.key for task in found])
    done = set() if is_again else task_lookups.find_resubmitted(db, [task.id for task in found])
    refused: dict[int, Conflict] = {}
    for task in found:
        reason = explain_no_resubmission(context, task)
        if reason is None and task.id in done:
            reason = Conflict("it was submitted again before")
        if reason is None and task.key in gone:
            reason = InputGone()
        if reason is not None:
            refused[task.key] = reason
    return refused


def make_again(
    intake: SubmissionIntake,
    tx: Tx,
    sources: Sequence[Task],
    capped: Sequence[Budget],
    keys: Mapping[int, IdempotencyKey],
) -> list[Task | Exception]:
    """Make a new task of each of some locked ones that can be submitted again.

    capped: the budgets of their tenants, locked. keys: idempotency keys of some, by the row of the
    task. Returns for each its new task, or why there is none: another process may take a name at
    this moment, a budget may have no room, and an input may be gone.
    """
    named = tasks.load_by_external_id(tx.db, [task.external_task_id for task in sources])
    taken = {
        (task.provider, task.account, name)
        for name, holders in named.items()
        for task in holders
        if not task.never_created
    }
    bodies = task_inputs.get_by_keys(tx.db, [task.key for task in sources])
    kept = [source for source in sources if source.key in bodies]
    items = []
    for source in kept:
        name = (source.provider, source.account, source.external_task_id)
        body = bodies[source.key]
        made = intake.build_again(source, body, is_name_held=name in taken)
        taken.add((made.provider, made.account, made.external_task_id))
        items.append(CheckedSubmission(made, body, keys.get(source.key)))
    answers = {
        source.key: one.task if isinstance(one, AcceptedTask) else one
        for source, one in zip(kept, intake.insert_again(tx, items, capped), strict=True)
    }
    return [answers.get(source.key, InputGone()) for source in sources]


def refuse_without_account(task: Task) -> Conflict:
    """Return the refusal of what only the account of a task could do."""
    return Conflict(f"there is no account {task.account!r} at {task.provider} any more")


def explain_no_resubmission(context: Context, task: Task) -> Conflict | None:
    """Return why a task's input cannot be submitted again; None where it can."""
    if task.state not in RESUBMITTABLE:
        return refuse_resubmission(task)
    if task.operation == UNKNOWN_OPERATION:
        return Conflict("others submitted it: its input is not known here")
    return None if context.has_account(task) else refuse_without_account(task)
