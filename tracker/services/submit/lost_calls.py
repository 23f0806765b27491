"""Find calls that count as under way and that no process makes any more.

Code from before such calls were recorded, at work beside this one during an upgrade, ends the
attempt of a process that died and leaves its task as it is: it takes it for one at the provider.
Nothing would tell of that task until its time is over.
"""

import logging
from collections.abc import Sequence
from functools import partial

from tracker.domain.task import Awaits
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.attempt_results import build_lost_event
from tracker.store import attempts, tasks
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

BATCH = 200
"""Tasks of one transaction."""


async def settle_lost_calls(context: Context) -> None:
    """Make the tasks of such calls uncertain, so that they are looked for.

    Any number of processes may do it at once. Raises Unavailable.
    """
    store, settle = context.store, partial(_settle, context)
    settled = BATCH
    while settled >= BATCH:
        found = await store.read(lambda db: attempts.find_unattended(db, limit=BATCH))
        settled = await store.write(settle, found) if found else 0


def _settle(context: Context, tx: Tx, batches: Sequence[dict[int, int]]) -> list[int]:
    last = {key: attempt for found in batches for key, attempt in found.items()}
    locked = tasks.lock_by_key(tx.db, last)
    begun_again = attempts.open_of(tx.db, list(locked))
    recorder = Recorder(context, tx, locked.values())
    settled = {
        key
        for key, task in locked.items()
        if task.awaits is Awaits.ANSWER and key not in begun_again
    }
    for key in settled:
        log.warning("nobody makes the call of task %(task)s any more", {"task": locked[key].id})
        recorder.record(key, build_lost_event(last[key]))
    recorder.flush()
    return [len(settled & found.keys()) for found in batches]
