"""End a recovery."""

from collections.abc import Sequence

from tracker.domain.errors import Conflict
from tracker.domain.work import JobKind
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.store import conditions
from tracker.store.conditions import RECOVERING, RESTORING
from tracker.store.driver.transaction import Tx


async def end(context: Context) -> None:
    """Have submits taken and sent again.

    Raises Conflict while a restore has not made the database ready; Unavailable.
    """
    await context.store.write(_end, None)
    await context.recovery.look(context.store)


def _end(tx: Tx, asked: Sequence[None]) -> list[Exception | None]:
    if any(one.name == RESTORING for one in conditions.list_open(tx.db)):
        refusal = Conflict("the restore has not ended: run `tracker restore` again")
        return [refusal] * len(asked)
    report(tx, [ConditionReport(RECOVERING, "", "", None)])
    tx.woken.add(JobKind.SUBMIT)
    return [None] * len(asked)
