"""Wait for a result that is not told, or not all of it: always, a few looks, or one and doubt."""

from dataclasses import replace

from tracker.domain.observation import Observation
from tracker.domain.task import Task, TaskError, TaskState

MOST_EMPTY = 3
"""Looks without a result that count as running."""


MOST_PARTIAL = 8
"""Looks at a part of a result that count as running where nothing is told of the other parts."""


def show_as_running(said: Observation | None) -> Observation | None:
    """Return a success without a result as running, for as long as it names none."""
    if said is None or said.state is not TaskState.SUCCEEDED or said.artifacts:
        return said
    return replace(said, state=TaskState.RUNNING)


def doubt_error(said: Observation, code: str | None, message: str | None) -> Observation:
    """Return a success without a result as a doubtful failure where it has an error's code.

    A later result replaces the failure. said: returned as it is where it is no success or names a
    result. code: of the error beside the word; None for none. message: of it.
    """
    if said.state is not TaskState.SUCCEEDED or said.artifacts or code is None:
        return said
    error = TaskError("provider", code, message or code, doubtful=True)
    return replace(said, state=TaskState.FAILED, error=error)


def await_result(said: Observation, task: Task | None, note: str) -> Observation:
    """Return a success without a result as running, for as many looks as MOST_EMPTY.

    said: returned as it is where it is no success or names a result.
    task: as it is known; None for nothing known.
    note: for people, in a success whose result did not come.
    """
    if said.state is not TaskState.SUCCEEDED or said.artifacts:
        return said
    return _await(said, task, note, MOST_EMPTY)


def await_rest(said: Observation, task: Task | None, note: str) -> Observation:
    """Return an end as running, for as many looks as MOST_PARTIAL.

    said:  the end of what is there, where nothing is told of the other parts of a result.
    task, note: as for `await_result`.
    """
    return _await(said, task, note, MOST_PARTIAL)


def _await(said: Observation, task: Task | None, note: str, most: int) -> Observation:
    before = (task.stage or "") if task is not None else ""
    count = before.count(".") + 1 if before.startswith(note) else 1
    if count > most:
        return replace(said, message=note)
    # Each look is a stage of its own: they are counted so.
    return replace(said, state=TaskState.RUNNING, error=None, stage=note + "." * count)


def doubt_empty(said: Observation, task: Task | None, note: str) -> Observation:
    """Return a success without a result as running for one look, then as a doubtful failure.

    For providers whose word of the end says nothing of how it ended. A later result replaces the
    failure, whose code is `empty_result`. said, task, note: as for `await_result`.
    """
    if said.state is not TaskState.SUCCEEDED or said.artifacts:
        return said
    if task is None or task.stage != note:
        return replace(said, state=TaskState.RUNNING, stage=note)
    error = TaskError("provider", "empty_result", note, doubtful=True)
    return replace(said, state=TaskState.FAILED, error=error, message=note)
