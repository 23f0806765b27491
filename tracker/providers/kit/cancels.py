"""Cancel by one call on the task, whose answer's status says what became of it."""

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    CancelAsked,
    Cancelled,
    CancelOutcome,
    CancelUnknown,
    Gone,
    Observed,
    PollOutcome,
    TooLate,
)
from tracker.domain.task import TaskState
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.ports.adapter import Answer, Asking

_ASK_AGAIN = frozenset({408, 425, 429})


class OpenCancel:
    """Cancels whatever is open.

    erases_ended: whether the call erases a task that has ended, which is looked at first then.
    """

    erases_ended: ClassVar[bool] = False

    def explain_too_late(self, asking: Asking) -> str | None:
        """Return None: whatever is open may be cancelled."""
        del asking
        return None


class PathCancel(OpenCancel, TableAdapter):
    """Asks by one call on the task's path.

    cancel_method, cancel_path: below the base URL; `{id}` stands for the provider's id.
    hides_cancelled: whether a task that was cancelled is shown no more: that it is absent is then
                  the end that was asked for.
    """

    cancel_method: ClassVar[str] = "POST"
    cancel_path: ClassVar[str]
    hides_cancelled: ClassVar[bool] = False

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the call; None while the provider's id is not known."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        path = self.cancel_path.format(id=quote(task_id, safe=""))
        url = f"{asking.account.base_url}/{path}"
        return HttpCall(self.cancel_method, url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Take absence for the cancellation that was asked for, where cancelled tasks are hidden.

        Cancelled is only what may still have been stopped: a task that was seen open.
        """
        (outcome,) = super().parse_poll(asking, answer)
        task = asking.task
        was_open = task.state in (TaskState.SUBMITTED, TaskState.RUNNING)
        is_hidden = self.hides_cancelled and isinstance(outcome, Absent)
        if is_hidden and was_open and task.cancel_asked_at is not None:
            message = "deleted at the provider, as was asked for"
            return [Observed(Observation(TaskState.CANCELLED, "deleted", message=message))]
        return [outcome]

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """Believe a task object that says so; else go by the status."""
        if isinstance(answer, HttpFailure):
            return CancelUnknown(answer.reason)
        parsed = parse_answer(answer)
        words = self.describe_answer(answer, parsed)
        if answer.status < 300 and (parsed is not None or not answer.body.strip()):
            said = self.observe(asking.account, asking.task, parsed)
            is_over = said is not None and said.state is TaskState.CANCELLED
            return Cancelled(said.word) if said is not None and is_over else CancelAsked()
        if answer.status == 404 and isinstance(parsed, dict):
            return Gone(words)
        is_refused = 400 <= answer.status < 500 and answer.status not in _ASK_AGAIN
        if is_refused and isinstance(parsed, dict):
            return TooLate(words)
        return CancelUnknown(words, self.pause_s(answer, parsed))


class QueuedCancel(PathCancel):
    """Cancels what is queued and nothing else, as the provider refuses the rest."""

    def explain_too_late(self, asking: Asking) -> str | None:
        """Let only what is queued be cancelled."""
        is_queued = asking.task.state is TaskState.SUBMITTED
        return (
            None
            if is_queued
            else "the provider cancels only what is queued, and this task has begun"
        )
