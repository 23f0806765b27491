"""The JSON of receipts that people look at; see `views`."""

from typing import Literal

from pydantic import with_config
from typing_extensions import TypedDict

from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Verdict
from tracker.domain.rendering import format_instant
from tracker.domain.task import TaskState
from tracker.services.receive.rejudging import Rejudged
from tracker.store.dismissals import Dismissal as KeptDismissal
from tracker.store.odd_receipts import JudgedReceipt
from tracker.web.api.schemas import convert_body_to_text
from tracker.web.api.service_views import DismissalView
from tracker.web.api.views import EXACT, Instant, Uuid


@with_config(EXACT)
class ListedReceipt(TypedDict):
    """An odd receipt, without its bytes."""

    id: str
    provider: str
    task_id: Uuid | None
    """Null where it belongs to no task."""
    source: Source
    verdict: Verdict
    reason: str | None
    received_at: Instant
    size_bytes: int
    dismissal: DismissalView | None
    """Null as long as it asks for somebody."""


@with_config(EXACT)
class OddReceiptPage(TypedDict):
    """A page of odd receipts, newest first."""

    receipts: list[ListedReceipt]
    next_cursor: str | None


@with_config(EXACT)
class WholeReceipt(ListedReceipt):
    """A receipt with all that came."""

    duplicate_of: str | None
    """The first receipt with these very bytes, which are shown here."""
    headers: dict[str, str]
    body: str
    encoding: Literal["utf-8", "base64"]
    """How `body` is written; `/body` has the bytes."""


@with_config(EXACT)
class MovedTask(TypedDict):
    """A step of a task that a callback makes when it is read again."""

    task_id: Uuid
    version: int
    """After the step."""
    from_state: TaskState | None
    to_state: TaskState
    kind: EventKind


@with_config(EXACT)
class RejudgedReceipt(TypedDict):
    """The result of reading a callback again, or its preview."""

    dry_run: bool
    receipt_id: str
    was: Verdict
    verdict: Verdict
    """Made of it by today's rules."""
    reason: str | None
    task_id: Uuid | None
    steps: list[MovedTask]
    """The steps of all tasks that it moves."""


def render_rejudged(one: Rejudged, *, dry_run: bool) -> RejudgedReceipt:
    """Render the result of an attach or a replay."""
    return {
        "dry_run": dry_run,
        "receipt_id": str(one.receipt),
        "was": one.was,
        "verdict": one.verdict,
        "reason": one.reason,
        "task_id": None if one.task is None else str(one.task.id),
        "steps": [
            {
                "task_id": str(step.task.id),
                "version": made.version,
                "from_state": made.from_state,
                "to_state": made.to_state,
                "kind": made.kind,
            }
            for step in one.steps
            if (made := step.transition) is not None
        ],
    }


def render_dismissal(dismissal: KeptDismissal) -> DismissalView:
    """Name the actor of a dismissal, and its time."""
    return {"dismissed_at": format_instant(dismissal.at), "actor": dismissal.actor}


def render_listed(one: JudgedReceipt) -> ListedReceipt:
    """Return one line of a list."""
    receipt, dismissal = one.receipt, one.dismissal
    return {
        "id": str(receipt.key),
        "provider": receipt.provider,
        "task_id": None if one.task_id is None else str(one.task_id),
        "source": receipt.source,
        "verdict": receipt.verdict,
        "reason": receipt.reason,
        "received_at": format_instant(receipt.received_at),
        "size_bytes": receipt.size_bytes,
        "dismissal": None if dismissal is None else render_dismissal(dismissal),
    }


def render_whole(one: JudgedReceipt) -> WholeReceipt:
    """Return one receipt with its headers and its body."""
    receipt = one.receipt
    body, encoding = convert_body_to_text(receipt.body or b"")
    return {
        **render_listed(one),
        "duplicate_of": None if receipt.duplicate_of is None else str(receipt.duplicate_of),
        "headers": dict(receipt.headers or {}),
        "body": body,
        "encoding": encoding,
    }
