"""Fields in which providers and gateways say why a task failed.

Sources: kie.ai (`failMsg`; docs.kie.ai/cn/market/common/get-task-detail, read 2026-11-28),
github.com/modelstudioai/cli/pull/199 (2026-09), and
github.com/QuantumNous/new-api/pull/2532 (2025-12-26).
"""

from typing import Any

from tracker.providers.kit.reading import find_first_text

REASONS = (
    *("failMsg", "fail_msg", "fail_reason", "failReason", "failureReason", "failure_reason"),
    "failed_reason",
    *("error_message", "errorMessage", "error_msg", "errorMsg", "err_msg", "errMsg", "errmsg"),
    *("error.msg", "error.detail", "error.reason", "error.raw_message", "error.error_message"),
    *("failure.message", "failure.reason", "failure", "error_detail", "errorDetail"),
    *("errorDescription", "error_description", "reason", "status_message", "statusMessage"),
    *("status_msg", "state_msg", "status_reason", "statusReason", "detail", "details"),
    "task_result.error",
    *("output.message", "output.error", "result.message", "result.error", "result.error_message"),
)
"""Fields that hold the reason of a failure, the most telling first."""
_NESTS = ("data", "output", "task")
_EMPTY = frozenset(
    {"", "0", "ok", "success", "succeed", "null", "none", "nil", "undefined", "n/a", "-"}
)


_REFUSALS = ("error.message", "message", "msg", "error")
"""Fields of a refused call; whose form it has, nobody knows behind a gateway or a proxy."""


def is_empty_word(text: str) -> bool:
    """Return whether a text stands for "nothing to say"."""
    return text.strip().lower() in _EMPTY


def find_reason(parsed: Any) -> str | None:
    """Return the reason in the first of these fields that has one; None where none has.

    The object itself comes first, then what it is the envelope of.
    """
    nests = (parsed.get(name) for name in _NESTS) if isinstance(parsed, dict) else ()
    found = (find_first_text(one, (name,)) for one in (parsed, *nests) for name in REASONS)
    return next((text for text in found if text and not is_empty_word(text)), None)


def find_refusal(parsed: Any) -> str | None:
    """Return why a call was refused, in whichever form it is said; None where nothing says it."""
    told = (find_first_text(parsed, (name,)) for name in _REFUSALS)
    found = next((text for text in told if text and not is_empty_word(text)), None)
    if found is not None:
        return found
    errors = parsed.get("errors") if isinstance(parsed, dict) else None
    listed = errors[0] if isinstance(errors, list) and errors else None
    return listed[:4000] if isinstance(listed, str) and listed else find_reason(parsed)
