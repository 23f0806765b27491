"""Say that a chore is far behind: figures or old data are not up to date then."""

from tracker.services.conditions import ConditionReport, report
from tracker.store import conditions, sizes
from tracker.store.conditions import CHORE_BEHIND
from tracker.store.store import Reading, Store


async def watch_backlog(store: Store) -> None:
    """Raise the condition, or end it once half of it is left. Raises Unavailable.

    Any number of processes may look: they see the same, in the database.
    """
    (name, count), stands = await store.read(_find_worst)
    if stands and count <= sizes.FAR_BEHIND // 2:
        await store.write(report, ConditionReport(CHORE_BEHIND, "", "", None))
    elif not stands and count > sizes.FAR_BEHIND:
        reason = describe_backlog(name, count)
        await store.write(report, ConditionReport(CHORE_BEHIND, "", "", reason))


def _find_worst(db: Reading) -> tuple[tuple[str, int], bool]:
    """Return the chore that is furthest behind, by how much, and whether the condition stands."""
    worst = max(sizes.count_behind(db).items(), key=lambda one: one[1])
    return worst, any(one.name == CHORE_BEHIND for one in conditions.list_open(db))


def describe_backlog(name: str, count: int) -> str:
    """Return what to say of a chore that is far behind. count: entries that it has to come by."""
    return (
        f"the chore {name} is {count} entries behind: figures or old data are not up to date, and "
        "nothing is dropped that it has yet to come by. See the workers' logs, and start another "
        "`tracker worker`"
    )
