"""The quota of a gateway's row as entries of a bill, in the gateway's own unit.

A row says what remains taken: all of it at the create, then what it cost in the end, and less than
nothing where it was given back twice (https://github.com/QuantumNous/new-api, model/task.go and
service/task_billing.go, read 2026-11). What one unit is worth, the gateway's operator sets.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tracker.domain.cost import QUOTA, Cost, Phase
from tracker.domain.task import VERDICTS, Task, TaskState
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.reading import find_first_number, read_amount


def find_quota(row: Any) -> str | None:
    """Return the quota of a row, exact decimal text; None where it has none."""
    return read_amount(find_first_number(row, (QUOTA,)))


def build_reserved_quota(amount: str | None) -> Sequence[Cost]:
    """Return the entry of a quota that was taken at the create."""
    return [Cost("unit", amount, unit=QUOTA, phase=Phase.RESERVE)] if amount else []


def build_quota_costs(
    task: Task | None, amount: str | None, state: TaskState | None
) -> Sequence[Cost]:
    """Return what a row's quota tells: reserved while it is open, then settled or given back.

    Of a task that came to nothing the reservation was the charge. Less than nothing remains where
    a gateway gave it back twice.

    task: as it is known; None for nothing known. state: as the row tells it.
    """
    if state not in VERDICTS:
        return build_reserved_quota(amount)
    is_done = state is TaskState.SUCCEEDED
    found = settle_costs(
        task if is_done or task is None else _mark_charged(task), amount, unit=QUOTA
    )
    is_credit = len(found) == 1 and found[0].amount.startswith("-")
    if not is_credit:
        return found
    return [replace(found[0], amount=found[0].amount[1:], phase=Phase.REFUND)]


def _mark_charged(task: Task) -> Task:
    """Return a task whose reservation counts as its charge, where nothing was settled."""
    if any(one.phase is Phase.SETTLE and one.unit == QUOTA for one in task.costs):
        return task
    costs = [
        replace(one, phase=Phase.SETTLE) if one.phase is Phase.RESERVE else one
        for one in task.costs
    ]
    return replace(task, costs=tuple(costs))
