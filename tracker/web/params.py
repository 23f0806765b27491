"""Parameters and headers that several operations take, described once."""

from tracker.domain.task import TaskState
from tracker.web.operation import Param

CURSOR = Param("cursor", "`next_cursor` of the page before.")
STATE = Param(
    "state",
    "Only tasks in this state.",
    {"type": "string", "enum": [state.value for state in TaskState]},
    repeatable=True,
)
PROVIDER = Param("provider", "Only tasks at this provider.")
OPERATION = Param("operation", "Only tasks of this operation, e.g. `videos/multi-image2video`.")
EXTERNAL_TASK_ID = Param("external_task_id", "Only the task with this external id.")
IDEMPOTENCY_KEY = Param(
    "Idempotency-Key",
    "The same key with the same body within a day is the same task; with another body it is "
    "refused with 422.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
)
IF_NONE_MATCH = Param("If-None-Match", "An ETag that you have: 304 when nothing has changed.")


def limit(*, default: int, high: int) -> Param:
    """How many entries a page holds at most."""
    schema = {"type": "integer", "minimum": 1, "maximum": high, "default": default}
    return Param("limit", "How many entries at most.", schema)
