"""The names of what subscribers are told."""

from enum import StrEnum

from tracker.domain.enum_members import find_members_directly


@find_members_directly
class EventType(StrEnum):
    """The type of a webhook event. Public: docs/reference/webhooks.md."""

    TASK_SUBMITTED = "task.submitted"
    """The provider has the task."""
    TASK_RUNNING = "task.running"
    TASK_SUCCEEDED = "task.succeeded"
    TASK_UPDATED = "task.updated"
    """A running task has another stage or more results, or one that has ended got its result, or
    another bill."""
    TASK_CORRECTED = "task.corrected"
    """Kept receipts of it are read otherwise today: another result, bill, detail or message. Sent
    only where whoever had them read wished it."""
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"
    TASK_OVERDUE = "task.overdue"
    """Past its deadline and still open."""
    TASK_EXPIRED = "task.expired"
    ASSET_KEPT = "asset.kept"
    """A file of a task's result is in our custody."""
    ASSET_LOST = "asset.lost"
    """A file of a task's result will not be kept, or not any more."""
    CALLBACKS_DEGRADED = "provider.callbacks_degraded"
    """Callbacks stay away while polls find verdicts."""
    ENDPOINT_PAUSED = "endpoint.paused"
    """An endpoint failed for long and gets nothing any more until somebody resumes it."""
    ENDPOINT_DISABLED = "endpoint.disabled"
    """An endpoint answered 410: it will never want anything again."""
    ENDPOINT_TEST = "endpoint.test"
    """Sent because somebody asked for a test; no filter holds it back."""
