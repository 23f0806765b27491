"""The facts of a task that only Kling and its gateways know."""

from dataclasses import dataclass

from tracker.emulator.core.tasks import EmulatedTask
from tracker.emulator.providers.kling.operations import KlingDialect, KlingOperation

__all__ = ["KlingDetails", "KlingTask", "find_parent_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KlingDetails:
    """The validated fields of a create request, and the service that took it."""

    operation: KlingOperation
    dialect: KlingDialect = KlingDialect.LEGACY
    model: str = ""
    duration: float = 5.0
    """Requested seconds."""
    mode: str = "std"
    pictures: int = 1
    is_series: bool = False
    session_id: str | None = None
    parent_id: str = ""
    parent_url: str | None = None
    callback_secret: str | None = None
    """Sent in a header of the callback (one gateway)."""


KlingTask = EmulatedTask[KlingDetails]


def find_parent_url(task: KlingTask) -> str:
    """Return the address of the video that a task works on."""
    own = f"{task.base_url}/media/{task.task_id}/parent.mp4"
    return task.details.parent_url or own
