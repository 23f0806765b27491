"""Runs: an action on many tasks that workers carry out, a piece at a time."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class RunState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    DONE = "done"
    """Every task was acted on, or there is a reason why not."""
    STOPPED = "stopped"
    """A person stopped it; those that were not acted on yet stay as they are."""


class RunOutcome(StrEnum):
    """The outcome of one task of a run."""

    DONE = "done"
    REFUSED = "refused"
    """Left as it is, for a reason."""
    FAILED = "failed"
    """Acting on it raised; the log has it."""


@dataclass(frozen=True, slots=True)
class RunTaskOutcome:
    """The outcome of one task of a run, with its reason.

    task_key: its row.
    reason:   why it was not done; None where it was.
    made_id:  the new task of a resubmission.
    """

    task_key: int
    outcome: RunOutcome
    reason: str | None = None
    made_id: UUID | None = None
