"""Ids among the results of a task, which later creates may name."""

from collections.abc import Callable, Iterable

from tracker.domain.task import Task


def build_id_lister(*kinds: str) -> Callable[[Task], Iterable[str | None]]:
    """Return what lists the ids of a task's pieces of these kinds; of all, where none is given."""

    def list_ids(task: Task) -> Iterable[str | None]:
        return [piece.id for piece in task.artifacts if not kinds or piece.kind in kinds]

    return list_ids
