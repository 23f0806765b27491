"""The callbacks of a prediction: which events a step brings, throttled, filtered and signed.

Source: https://replicate.com/docs/topics/webhooks, read 2026-11.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.signing import Signer, SigningInput, build_standard_signer
from tracker.emulator.core.tasks import PROCESSING, SUCCEED
from tracker.emulator.providers.replicate.prediction import (
    ReplicateTask,
    build_prediction_view,
    find_output,
)
from tracker.emulator.providers.replicate.words import ReplicateWord

__all__ = ["EVENTS", "build_callbacks", "build_signer"]

EVENTS = ("start", "output", "logs", "completed")
_DEFAULT_EVENTS = ("output", "completed")
_THROTTLE_MS = 500
_MEGABYTE = 1_000_000


def _is_final(status: int) -> bool:
    """Return whether an answer ends the tries: redirects are not followed, and nothing is said."""
    return 200 <= status < 400


_ONCE = RetryPolicy(tries=1, backoff_seconds=0, is_delivered=_is_final)
_ONE_MINUTE = RetryPolicy(tries=7, backoff_seconds=1, is_delivered=_is_final)
"""After 1, 3, 7, 15, 31 and 61 s; the provider says only that the last is a minute later."""


def build_signer(secrets: Callable[[], Sequence[str]]) -> Signer:
    """Return a signer after Standard Webhooks v1 whose message ids begin with `msg_`."""
    sign = build_standard_signer(secrets)

    def sign_message(given: SigningInput) -> Mapping[str, str]:
        return sign(replace(given, message_id=f"msg_{given.message_id}"))

    return sign_message


def build_callbacks(task: ReplicateTask, sign: Signer) -> Sequence[CallbackContent]:
    """Return a callback for each event of a step that was asked for, and remember the events."""
    wanted = _DEFAULT_EVENTS if task.details.events is None else task.details.events
    due = [event for event in _iterate_events(task) if event in wanted]
    if not due:
        return ()
    body = encode_json(_build_body(task))
    return [
        CallbackContent(body=body, sign=sign, retry=_ONE_MINUTE if event == "completed" else _ONCE)
        for event in due
    ]


def _iterate_events(task: ReplicateTask) -> Iterator[str]:
    told = task.details.told
    if not task.is_open:
        yield "completed"
        return
    if task.status != PROCESSING:
        return
    if not told.has_started:
        told.has_started = True
        yield "start"
    output = find_output(task)
    pieces = len(output) if isinstance(output, list) else 0
    if pieces > told.outputs and _is_due(task, "output"):
        told.outputs = pieces
        yield "output"
    if task.progress > told.progress and _is_due(task, "logs"):
        told.progress = task.progress
        yield "logs"


def _is_due(task: ReplicateTask, event: str) -> bool:
    """Return whether the last callback of an event is long enough ago, and note this one."""
    last = task.details.told.last_at
    if event in last and task.updated_at - last[event] < _THROTTLE_MS:
        return False
    last[event] = task.updated_at
    return True


def _build_body(task: ReplicateTask) -> Mapping[str, object]:
    view = build_prediction_view(task)
    if task.status == SUCCEED and task.scenario.has(ReplicateWord.LARGE_WEBHOOK):
        view["logs"] = "." * (task.scenario.count(ReplicateWord.LARGE_WEBHOOK) * _MEGABYTE)
    return view
