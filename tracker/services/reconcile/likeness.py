"""Take a task of the provider's that is like a lost submit for it, if it can be no other's."""

from tracker.domain.outcome import Alike, NotSeen, Observed
from tracker.domain.task import Task
from tracker.store import task_inputs, task_lookups
from tracker.store.driver.transaction import Tx

_MOST_NAMED = 10


def choose(tx: Tx, task: Task, alike: Alike, taken: set[str]) -> Observed | NotSeen:
    """Return the only one that no other task of the account has; else why none can be taken.

    taken: ids that were taken in this transaction and are not written yet; that of the one that is
           returned is added.
    """
    # Two lost submits that are alike must not both find the same one.
    tx.lock_account(task.provider, task.account)
    ids = {one.provider_task_id for one in alike.found if one.provider_task_id is not None}
    owned = task_lookups.find_owners(tx.db, task.provider, task.account, ids)
    left = [one for one in alike.found if one.provider_task_id not in owned.keys() | taken]
    if not left:
        return NotSeen("nothing in the provider's list is like this task")
    # It may be of a create that is under way, or of another that was lost.
    is_alone = len(left) == 1 and not task_inputs.has_unnamed_twin(tx.db, task)
    if alike.is_decisive and is_alone:
        taken.add(left[0].provider_task_id or "")
        return Observed(left[0])
    names = ", ".join(str(one.provider_task_id) for one in left[:_MOST_NAMED])
    return NotSeen(f"in the provider's list these may be it, a person must say which: {names}")
