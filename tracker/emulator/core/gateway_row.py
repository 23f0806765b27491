"""A gateway's row of a task: what the upstream answered, within the table of the gateway.

Source: https://github.com/QuantumNous/new-api (model/task.go, relay/relay_task.go), read
2026-11-30.
"""

from collections.abc import Mapping
from typing import Any

from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    TERMINAL,
    EmulatedTask,
)
from tracker.emulator.core.words import WordSpec, describe_choice

__all__ = ["GATEWAY_ROW", "build_gateway_row"]

GATEWAY_ROW: WordSpec = describe_choice(
    "at a gateway, queries are answered with the row of its own table: with the answer in it, with "
    "the link alone, or deaf, so that the row never ends",
    *("whole", "link", "deaf"),
)
_WORDS = {
    SUBMITTED: "NOT_START",
    PROCESSING: "IN_PROGRESS",
    SUCCEED: "SUCCESS",
    FAILED: "FAILURE",
    CANCELLED: "FAILURE",
}
_QUOTA = 150_000


def build_gateway_row(
    task: EmulatedTask[Any], how: str, answer: Mapping[str, Any], link: str | None
) -> dict[str, Any]:
    """Return the row in its envelope.

    how: one of the choices of GATEWAY_ROW. answer: the upstream's. link: to the result, once it is
    there.
    """
    is_deaf = how == "deaf" and task.status in TERMINAL
    is_over = task.status in TERMINAL and not is_deaf
    has_failed = is_over and task.status != SUCCEED
    row = {
        "id": 77,
        "task_id": task.task_id,
        "action": "generate",
        "status": "IN_PROGRESS" if is_deaf else _WORDS.get(task.status, task.status),
        "fail_reason": task.message if has_failed else "",
        "result_url": link or "" if how == "link" else "",
        "quota": 0 if has_failed else _QUOTA,
        "submit_time": task.created_at // 1000,
        "finish_time": task.updated_at // 1000 if is_over else 0,
        "progress": "100%" if is_over else "50%",
        "data": None if how == "link" else dict(answer),
    }
    return {"code": "success", "message": "", "data": row}
