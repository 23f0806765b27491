"""The Python client of a tracker service. Stands alone: it imports nothing of the service.

    from tracker.client import Client

    with Client("http://127.0.0.1:8000", api_key="trk_…") as tracker:
        task = tracker.submit("videos/text2video", {"prompt": "a cat on a windowsill"})
        print(tracker.wait(task.id).state)

docs/howto/python-client.md shows the rest.
"""

from tracker.client.aio import AsyncClient
from tracker.client.audit import AuditRecord
from tracker.client.costs import CostSum
from tracker.client.errors import (
    ClientError,
    Conflict,
    CursorGone,
    Dropped,
    Forbidden,
    Invalid,
    NotFound,
    NotKept,
    Refused,
    TimedOut,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from tracker.client.holds import RetentionHold
from tracker.client.models import (
    Artifact,
    Asset,
    BulkOutcome,
    Change,
    Evidence,
    Resubmitted,
    Task,
    TaskError,
    Transition,
)
from tracker.client.operating import KeyRecord, ProviderAccount
from tracker.client.receipts import ReadAgain, Receipt
from tracker.client.rereads import ReceiptReread
from tracker.client.runs import Run, TaskOfRun
from tracker.client.sync import Client

__all__ = [
    "Artifact",
    "Asset",
    "AsyncClient",
    "AuditRecord",
    "BulkOutcome",
    "Change",
    "Client",
    "ClientError",
    "Conflict",
    "CostSum",
    "CursorGone",
    "Dropped",
    "Evidence",
    "Forbidden",
    "Invalid",
    "KeyRecord",
    "NotFound",
    "NotKept",
    "ProviderAccount",
    "ReadAgain",
    "Receipt",
    "ReceiptReread",
    "Refused",
    "Resubmitted",
    "RetentionHold",
    "Run",
    "Task",
    "TaskError",
    "TaskOfRun",
    "TimedOut",
    "TooManyRequests",
    "Transition",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
]
