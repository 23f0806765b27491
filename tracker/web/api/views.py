"""The JSON that goes out of /v1, as shapes: what renderers must return and what the OpenAPI
document says. Plain dictionaries at run time.

An instant is RFC 3339 in UTC to the millisecond; what is null is unknown or does not apply.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from tracker.domain.custody import AssetState
from tracker.domain.events import EventKind, Source
from tracker.domain.exchange import Certainty
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import TaskState

EXACT = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Of each shape: it has these fields and no others."""
OPEN = ConfigDict(extra="allow", use_attribute_docstrings=True)

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


@with_config(EXACT)
class KeptFile(TypedDict):
    """A file of a result in our custody, or on its way there."""

    id: Uuid
    state: AssetState
    """`wanted` (it is being fetched), `kept`, `lost` (its URL died first), `refused` (it may not be
    kept) or `gone` (its retention is over)."""
    url: str | None
    """Where we serve it, with your key; null where it is not kept. `POST …/link` makes a link."""
    bytes: int | None
    sha256: str | None
    """In hex."""
    media_type: str | None
    """By its first bytes."""
    reason: str | None
    """Why it is not kept (yet), or what is to be said of it."""
    expires_at: Instant | None
    """When we drop it; null while it is not kept, or where it stays for ever."""


@with_config(OPEN)
class ArtifactView(TypedDict):
    """One piece of a result; what else the provider said of it stands beside these."""

    kind: str
    """`video`, `image`, `audio`, or the provider's own word."""
    url: str | None
    """Where the provider serves it; providers wipe these after a while."""
    id: str | None
    """The provider's id of the piece."""
    duration_s: str | None
    """Length in seconds, as the provider wrote it."""
    state: Literal["preview", "ready", "failed"]
    """`preview`: it will be replaced."""
    expires_at: Instant | None
    """When the provider deletes it, where it says so."""
    url_expires_at: Instant | None
    """When `url` dies, by all that is known of it."""
    asset: KeptFile | None
    """Our copy of it; null where none is to be kept."""


@with_config(EXACT)
class Result(TypedDict):
    """The result of a task."""

    artifacts: list[ArtifactView]


@with_config(EXACT)
class TaskErrorView(TypedDict):
    """Why a task failed."""

    type: str
    """`refused` (the provider would not create it), `provider` (it failed there),
    `never_submitted` (it never left us) or `outcome_unknown` (nobody could find out)."""
    code: str | None
    message: str


@with_config(EXACT)
class CostView(TypedDict):
    """One entry of the provider's bill for a task."""

    kind: str
    """`unit` (of a resource pack) or `cash`."""
    amount: str
    """Exact decimal text."""
    unit: str | None
    """The unit counted, e.g. the pack's type; of cash, the purse."""
    currency: str | None
    list_price: str | None
    """Of cash, before discounts."""
    phase: Literal["estimate", "reserve", "settle", "refund"]
    """`settle`: charged in the end; a refund may follow after the verdict."""
    origin: Literal["provider", "price_list"]
    """`price_list`: an estimate by the operator's prices."""


@with_config(EXACT)
class TaskView(TypedDict):
    """A task, whole but for its input."""

    id: Uuid
    """Ours; sorts by the time of submission."""
    provider: str
    account: str
    operation: str
    external_task_id: str
    """Yours, else the task's own id. Sent to the provider."""
    provider_task_id: str | None
    state: TaskState
    version: int
    """Goes up by one with each transition; also the ETag."""
    provider_status: str | None
    """The provider's own word."""
    message: str | None
    progress: float | None
    """Percent, where the provider tells."""
    stage: str | None
    """The step of a running task, where the provider names steps."""
    result: Result | None
    error: TaskErrorView | None
    costs: list[CostView]
    """The provider's charges as reported; empty where it reports none, which does not mean free."""
    overdue: bool
    """Past its deadline and still open."""
    metadata: dict[str, Any]
    cancel_asked_at: Instant | None
    """When a caller asked to cancel it at the provider; the provider's word ends it."""
    parent_id: Uuid | None
    """The task that this one continues, or whose create made this one as well."""
    resubmit_of: Uuid | None
    """The task whose input this one submits again."""
    created_at: Instant
    updated_at: Instant
    submitted_at: Instant | None
    finished_at: Instant | None
    deadline_at: Instant | None


@with_config(EXACT)
class InputWarning(TypedDict):
    """An odd field of a request that was accepted."""

    path: str
    """Where, from the body's root."""
    reason: str


@with_config(EXACT)
class NewTask(TaskView):
    """A task that was taken in."""

    warnings: NotRequired[list[InputWarning]]
    """Fields of the input that are not known; absent where all are."""


@with_config(EXACT)
class NotOne(TypedDict):
    """Why a name brought no task."""

    type: Literal["not-found", "ambiguous"]
    """`ambiguous`: several accounts have a task of this external id."""
    detail: str


@with_config(EXACT)
class FoundTask(TypedDict):
    """A task found by one name."""

    id: str | None
    """The id that was asked for; null when an external id was."""
    external_task_id: str | None
    task: TaskView | None
    error: NotOne | None


@with_config(EXACT)
class FoundTasks(TypedDict):
    """An item for each name, first the ids, then the external ids, each in the order given."""

    items: list[FoundTask]


@with_config(EXACT)
class MadeAgain(TypedDict):
    """A new task, and the one whose input it submits again."""

    id: Uuid
    resubmit_of: Uuid


@with_config(EXACT)
class Refusals(TypedDict):
    """A reason for which tasks are left as they are."""

    reason: str
    count: int


def list_refusals(counted: Mapping[str, int]) -> list[Refusals]:
    """Return reasons with how often each was met, the most frequent first."""
    found = sorted(counted.items(), key=itemgetter(1), reverse=True)
    return [{"reason": reason, "count": count} for reason, count in found]


@with_config(EXACT)
class ResubmittedView(TypedDict):
    """The result of submitting many tasks again, or its preview."""

    dry_run: bool
    matching: int
    """How many of the tasks that this call looked through match."""
    by_state: dict[str, int]
    by_code: dict[str, int]
    """By the code of the error that they ended with."""
    sample: list[Uuid]
    """Some of them, the oldest first."""
    resubmitted: int
    """How many were submitted again; 0 in a dry run."""
    tasks: list[MadeAgain]
    """The new tasks."""
    refused: list[Refusals]
    """Why no budget has room for others that match, the most frequent reason first."""
    next_cursor: str | None
    """Where the next call goes on; null where there is nothing left."""


@with_config(EXACT)
class TaskPage(TypedDict):
    """A page of tasks."""

    tasks: list[TaskView]
    next_cursor: str | None
    """Null on the last page."""


@with_config(EXACT)
class EvidenceView(TypedDict):
    """The record that a transition rests on."""

    type: Literal["receipt", "attempt"]
    id: str


Transition = TypedDict(  # `from` is no name for a class body
    "Transition",
    {
        "seq": Annotated[int, Field(description="Its place in the change feed.")],
        "version": Annotated[int, Field(description="The task's version since then.")],
        "from": TaskState | None,
        "to": TaskState,
        "kind": EventKind,
        "source": Source,
        "provider_status": str | None,
        "message": str | None,
        "provider_at": Annotated[
            Instant | None, Field(description="When, by the provider's clock.")
        ],
        "at": Annotated[Instant, Field(description="When, by ours.")],
        "actor": Annotated[
            str | None,
            Field(description="Who did it, where a person or a program with a key did."),
        ],
        "evidence": EvidenceView | None,
    },
)
Transition.__doc__ = "One entry of a task's history."
with_config(EXACT)(Transition)


@with_config(EXACT)
class ChangeView(Transition):
    """One entry of the change feed: a step of some task's history, and which task."""

    task_id: Uuid
    provider: str
    account: str
    operation: str
    external_task_id: str


@with_config(EXACT)
class ChangePage(TypedDict):
    """Some of the change feed, oldest first."""

    changes: list[ChangeView]
    next_cursor: str
    """Where to go on; stays good however long nothing happens."""
    has_more: bool
    """True when there is more to look at now. With filters a page may be short all the same."""


@with_config(EXACT)
class TransitionList(TypedDict):
    """A task's whole history, oldest first."""

    transitions: list[Transition]


@with_config(EXACT)
class ReceiptView(TypedDict):
    """Something that came in about a task, and what was made of it."""

    id: str
    source: Source
    verdict: Verdict
    reason: str | None
    received_at: Instant
    duplicate_of: str | None
    """The first receipt with these very bytes; then `body` is empty here."""
    headers: dict[str, str]
    size_bytes: int
    body: str
    encoding: Literal["utf-8", "base64"]
    """How `body` is written."""


@with_config(EXACT)
class ReceiptPage(TypedDict):
    """A page of receipts, oldest first."""

    receipts: list[ReceiptView]
    next_cursor: str | None


@with_config(EXACT)
class AttemptView(TypedDict):
    """One try to hand a task to its provider."""

    id: str
    number: int
    started_at: Instant
    ended_at: Instant | None
    """Null while the request may be on its way."""
    outcome: str | None
    """`accepted`, `refused`, `deferred`, `not_sent`, `unknown`, `exists` or `lost`."""
    certainty: Certainty | None
    """Of a failure: whether the provider may have the task all the same."""
    http_status: int | None
    code: str | None
    message: str | None
    latency_ms: int | None
    provider_task_id: str | None
    provider_request_id: str | None


@with_config(EXACT)
class AttemptList(TypedDict):
    """Every try to submit a task, oldest first."""

    attempts: list[AttemptView]
