"""Answers of fronts that are held until the result is there, for clients that read OpenAI's errors.

No client repeats one that is told here by itself (https://github.com/openai/openai-python,
3.57.0, _base_client.py, read 2026-11): a repeat might be a second task.
"""

from typing import Any

from tracker.domain.task import TERMINAL, Artifact, Task, TaskState
from tracker.providers.kit.front_answers import find_reason
from tracker.providers.kit.pieces import read_base64
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall

HELD_S = 595
"""Seconds that an answer is held back; the official clients wait for 600."""
_COUNT = "x-stainless-retry-count"
_UNKNOWN = (
    "the answer broke off: it is not known whether anything was made, and it may be charged for; "
    "it is not made again"
)


def find_piece_file(piece: Artifact, shown: Shown) -> str | None:
    """Return the name or the base64 of a piece that came as a file; None for one with a URL."""
    url = piece.url or ""
    return shown.names.get(url) or read_base64(url)


def explain_missing_result(call: FrontCall, task: Task) -> FrontAnswer:
    """Tell why there is no result.

    A client that says that it repeats is asked to go on waiting for a task that is open.
    """
    goes_on = task.state not in TERMINAL and task.state is not TaskState.UNCERTAIN
    counts = call.headers.get(_COUNT) is not None
    status = 503 if goes_on and counts else 424 if task.state not in TERMINAL else 400
    again = "true" if status == 503 else "false"
    return FrontAnswer({"error": build_error(task)}, status, {"x-should-retry": again})


def build_error(task: Task) -> dict[str, Any]:
    """Return the error object of a task without a result."""
    code = (task.error and task.error.code) or task.state.value
    reason = find_reason(task)
    if task.state is TaskState.UNCERTAIN:
        code, reason = "outcome_unknown", _UNKNOWN
    elif reason is None:
        code, reason = "still_running", "it is still being made: ask again"
    kind = "invalid_request_error" if task.state in TERMINAL else "server_error"
    return {"message": f"{reason} (task {task.id})", "type": kind, "param": None, "code": code}
