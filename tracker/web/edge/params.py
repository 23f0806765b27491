"""Parameters and headers that several operations take, described once."""

from tracker.domain.task import TaskState
from tracker.web.edge.operation import Param

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
_INSTANT = {"type": "string", "format": "date-time"}
FILTERS = (
    PROVIDER,
    Param("account", "Only of the provider account of this name."),
    OPERATION,
    STATE,
    EXTERNAL_TASK_ID,
    Param("provider_task_id", "Only the task with this id at its provider."),
    Param("created_after", "Only tasks submitted later than this.", _INSTANT),
    Param("created_before", "Only tasks submitted earlier than this.", _INSTANT),
    Param("updated_after", "Only what changed later than this.", _INSTANT),
    Param("updated_before", "Only what changed earlier than this.", _INSTANT),
    Param(
        "overdue",
        "Only tasks that passed their deadline while open, or only those that did not.",
        {"type": "string", "enum": ["true", "false"]},
    ),
    Param("metadata.<key>", "Only tasks that carry this; strings as they are, else as JSON."),
)
"""The filters of lists and the feed. Of the feed, `state` is the one that a change leads
to, and `updated_…` when it was made.
"""
ORDER = Param(
    "order",
    "Newest or oldest first: by submission, or by the last change where `updated_…` is asked for.",
    {"type": "string", "enum": ["desc", "asc"], "default": "desc"},
)
WAIT = Param(
    "wait",
    "Seconds to wait for news before answering as if not asked to wait.",
    {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
)
PREFER = Param("Prefer", "`wait=N` waits like the parameter (RFC 7240); at most 60.")
AFTER = Param(
    "after", "`next_cursor` of the page before; `now` for the end; without it the beginning."
)
LAST_EVENT_ID = Param("Last-Event-ID", "The last `id` of a stream: goes on behind it.")
IDEMPOTENCY_KEY = Param(
    "Idempotency-Key",
    "The same key with the same body within a day is the same task; with another body it is "
    "refused with 422.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
)
IF_NONE_MATCH = Param("If-None-Match", "An ETag that you have: 304 when nothing has changed.")


def define_limit(*, default: int, high: int) -> Param:
    """Return how many entries a page holds at most."""
    schema = {"type": "integer", "minimum": 1, "maximum": high, "default": default}
    return Param("limit", "How many entries at most.", schema)
