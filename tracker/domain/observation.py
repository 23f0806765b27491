"""A provider's report of a task in our own terms. Adapters build it; services use it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.domain.cost import Cost
from tracker.domain.distinct import remove_duplicates
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.records import record
from tracker.domain.task import Artifact, TaskError, TaskState

_KINDS: Mapping[TaskState | None, EventKind] = {
    None: EventKind.SEEN_UNKNOWN_WORD,
    TaskState.SUBMITTED: EventKind.SEEN_SUBMITTED,
    TaskState.RUNNING: EventKind.SEEN_RUNNING,
    TaskState.SUCCEEDED: EventKind.SEEN_SUCCEEDED,
    TaskState.FAILED: EventKind.SEEN_FAILED,
    TaskState.CANCELLED: EventKind.SEEN_CANCELLED,
}


@record
class Part:
    """One of several tasks that one call created.

    mark: names it among its siblings, e.g. `2`; appended to the external id of the first.
    """

    provider_task_id: str
    mark: str


@record
class Observation:
    """One statement of a provider about one task.

    state:  None when the provider's word is unknown to the adapter.
    word:   the provider's status word, verbatim.
    costs:  the provider's whole bill as it stands now; none where it says nothing of it.
    at:     the provider's own time of the last change, aware UTC.
    detail: the provider's fields that answer in its own dialect will need.
    stage:  the step of a running task, where the provider names steps.
    context: what later calls for the task need; None leaves what is known.
    is_blocked: the task goes on only once its caller makes another call.
    costs_may_fall: the provider may charge less for it later than it does now.
    parts:  the further tasks of the same create, where a poll or a scan shows them; those that
            are known already are not made again.
    """

    state: TaskState | None
    word: str
    provider_task_id: str | None = None
    external_task_id: str | None = None
    message: str | None = None
    progress: float | None = None
    at: datetime | None = None
    artifacts: tuple[Artifact, ...] = ()
    error: TaskError | None = None
    costs: tuple[Cost, ...] = ()
    detail: Mapping[str, Any] | None = None
    stage: str | None = None
    context: Mapping[str, Any] | None = None
    is_blocked: bool = False
    costs_may_fall: bool = False
    parts: tuple[Part, ...] = ()

    def convert_to_event(self, source: Source, *, receipt: int | None = None) -> Event:
        """Return the event that this statement is for the task it speaks of.

        A file that it names twice is one piece.
        """
        return Event(
            _KINDS[self.state],
            source,
            self.word,
            self.message,
            self.at,
            self.provider_task_id,
            self.progress,
            remove_duplicates(self.artifacts),
            self.error,
            self.costs,
            self.detail,
            receipt,
            None,
            self.stage,
            self.context,
            is_blocked=self.is_blocked,
            costs_may_fall=self.costs_may_fall,
        )
