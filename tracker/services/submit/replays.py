"""Find what was accepted before: by an idempotency key, or for a client who was not told of it."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from tracker.domain.accepting import RESUBMITTABLE, refuse_resubmission, restore_accepted
from tracker.domain.errors import IdempotencyReuse
from tracker.domain.task import Task
from tracker.services.submit.request import AcceptedTask, CheckedSubmission
from tracker.store import idempotency, lost_answers, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.idempotency import IdempotencyKey


def list_replays(tx: Tx, items: Sequence[CheckedSubmission]) -> dict[int, AcceptedTask | Exception]:
    """Return the answers to what was accepted before, by index in the batch."""
    keyed = [item.key for item in items if item.key is not None]
    if not keyed:
        return {}
    known = idempotency.find(tx.db, keyed)
    first = tasks.lock_by_key(tx.db, [key.task_key for key in known.values()])
    return {
        index: _replay(before, item.key, first[before.task_key])
        for index, item in enumerate(items)
        if item.key is not None
        and (before := known.get((item.key.tenant, item.key.key))) is not None
    }


def list_untold(
    tx: Tx, items: Sequence[CheckedSubmission], *, keep: timedelta
) -> dict[int, AcceptedTask | Exception]:
    """Return the tasks whose clients were not told of them and ask again, by index in the batch.

    keep: how long an answer that was lost is remembered.
    """
    asked = {
        index: item.create_name for index, item in enumerate(items) if item.create_name is not None
    }
    if not asked:
        return {}
    since = tx.now - keep
    taken = lost_answers.take(tx.db, list(asked.values()), since=since)
    if not taken:
        return {}
    keys = {index: taken[name].pop(0) for index, name in asked.items() if taken.get(name)}
    found = tasks.get_by_keys(tx.db, set(keys.values()))
    return {
        index: AcceptedTask(restore_accepted(found[key]), replayed=True)
        for index, key in keys.items()
        if key in found
    }


def _replay(before: IdempotencyKey, now: IdempotencyKey, task: Task) -> AcceptedTask | Exception:
    if before.fingerprint != now.fingerprint:
        return IdempotencyReuse("this Idempotency-Key came before with another request")
    return AcceptedTask(restore_accepted(task), replayed=True)


def refuse_ended_sources(
    tx: Tx, items: Sequence[CheckedSubmission], *, but: Collection[int]
) -> dict[int, AcceptedTask | Exception]:
    """Refuse to submit again what has succeeded meanwhile, by index in the batch.

    The locks on the sources make a call for many tasks wait, which then sees what is made here.
    """
    again = {
        index: item.task.resubmit_of
        for index, item in enumerate(items)
        if item.task.resubmit_of is not None and index not in but
    }
    if not again:
        return {}
    locked = tasks.lock_by_id(tx.db, set(again.values()))
    return {
        index: refuse_resubmission(locked[id_])
        for index, id_ in again.items()
        if id_ in locked and locked[id_].state not in RESUBMITTABLE
    }


def answer_replayed(
    tx: Tx, items: Sequence[CheckedSubmission]
) -> list[AcceptedTask | Exception | None]:
    """Set-based: answer what was submitted again before, though it could not be now."""
    known = list_replays(tx, items)
    return [known.get(index) for index in range(len(items))]
