"""The callbacks of Kling and of its gateways: which, in which shape, and how they are proven."""

from collections.abc import Sequence

from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import Signer
from tracker.emulator.core.tasks import TERMINAL
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.gateways import build_acedata_final, build_piapi_record
from tracker.emulator.providers.kling.operations import KlingDialect
from tracker.emulator.providers.kling.standard import build_task_view as new_task_view
from tracker.emulator.providers.kling.wire import (
    build_callback_body,
    build_mixed_view,
    build_plain_view,
)
from tracker.emulator.providers.kling.words import KlingWord

__all__ = ["build_callbacks"]

_TERMINAL_ONLY = frozenset({KlingDialect.SOLUTION, KlingDialect.PIAPI, KlingDialect.ACEDATA})
_GATEWAYS = frozenset({KlingDialect.PIAPI, KlingDialect.ACEDATA})
"""They call back themselves, and know nothing of the provider's secrets."""


def build_callbacks(task: KlingTask, sign: Signer, *, request_id: str) -> Sequence[CallbackContent]:
    """Return the callback of a task as it is now, if its service sends one."""
    dialect = task.details.dialect
    if dialect in _TERMINAL_ONLY and task.status not in TERMINAL:
        return ()
    secret = task.details.callback_secret
    return (
        CallbackContent(
            body=encode_json(_build_body(task, request_id=request_id)),
            headers={} if secret is None else {"x-webhook-secret": secret},
            sign=None if dialect in _GATEWAYS else sign,
        ),
    )


def _build_body(task: KlingTask, *, request_id: str) -> object:
    """Return the shape that the service calls back with which took the task."""
    match task.details.dialect:
        case KlingDialect.LEGACY:
            return build_callback_body(task, request_id=request_id)
        case KlingDialect.NEW_API:  # the upstream calls, under its own id
            return build_plain_view(task) | {"task_id": task.other_id}
        case KlingDialect.PIAPI:
            return {"timestamp": task.updated_at // 1000, "data": build_piapi_record(task)}
        case KlingDialect.ACEDATA:
            return build_acedata_final(task)
        case KlingDialect.STANDARD | KlingDialect.SOLUTION:
            is_mixed = task.scenario.has(KlingWord.MIXED)
            return build_mixed_view(task) if is_mixed else new_task_view(task)
