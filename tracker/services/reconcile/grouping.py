"""Put tasks into the groups that one call each asks for."""

from collections.abc import Sequence

from tracker.domain.task import Task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Polls


def group_tasks(polls: Polls, account: Account, wanted: Sequence[Task]) -> Sequence[Sequence[Task]]:
    """Return groups of tasks, no larger than the provider allows; every task in one group.

    wanted: tasks of the account.
    """
    groups: dict[str, list[Task]] = {}
    alone: list[Sequence[Task]] = []
    for task in wanted:
        name = polls.get_poll_group(account, task)
        if name is None:
            alone.append((task,))
        else:
            groups.setdefault(name, []).append(task)
    size = polls.together
    together = [
        group[start : start + size]
        for group in groups.values()
        for start in range(0, len(group), size)
    ]
    return [*together, *alone]
