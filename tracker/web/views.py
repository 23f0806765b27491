"""The JSON that goes out of /v1, as shapes: what renderers must return and what the OpenAPI
document says. Plain dictionaries at run time.

An instant is RFC 3339 in UTC to the millisecond; what is null is unknown or does not apply.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from tracker.domain.delivery import DeliveryState, EndpointState, Payload
from tracker.domain.events import Kind, Source
from tracker.domain.exchange import Certainty
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import TaskState

EXACT = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Of each shape: it has these fields and no others."""
OPEN = ConfigDict(extra="allow", use_attribute_docstrings=True)

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


@with_config(OPEN)
class Artifact(TypedDict):
    """One piece of a result; what else the provider said of it stands beside these."""

    kind: str
    """`video`, `image`, `audio`, or the provider's own word."""
    url: str | None
    """Where the provider serves it; providers wipe these after a while."""
    id: str | None
    """The provider's id of the piece."""
    duration_s: str | None
    """Length in seconds, as the provider wrote it."""


@with_config(EXACT)
class Result(TypedDict):
    """What a task made."""

    artifacts: list[Artifact]


@with_config(EXACT)
class TaskError(TypedDict):
    """Why a task failed."""

    type: str
    """`refused` (the provider would not create it), `provider` (it failed there) or
    `never_submitted` (it never left us)."""
    code: str | None
    message: str


@with_config(EXACT)
class Cost(TypedDict):
    """One entry of the provider's bill for a task."""

    kind: str
    """`unit` (of a resource pack) or `cash`."""
    amount: str
    """Exact decimal text."""
    unit: str | None
    """What is counted, e.g. the pack's type; of cash, the purse."""
    currency: str | None
    list_price: str | None
    """Of cash, before discounts."""


@with_config(EXACT)
class Task(TypedDict):
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
    result: Result | None
    error: TaskError | None
    costs: list[Cost]
    """What the provider says it charges; empty where it says nothing, which is not nothing."""
    overdue: bool
    """Past its deadline and still open."""
    metadata: dict[str, Any]
    resubmit_of: Uuid | None
    """The task whose input this one submits again."""
    created_at: Instant
    updated_at: Instant
    submitted_at: Instant | None
    finished_at: Instant | None
    deadline_at: Instant | None


@with_config(EXACT)
class NotOne(TypedDict):
    """Why a name brought no task."""

    type: Literal["not-found", "ambiguous"]
    """`ambiguous`: several accounts have a task of this external id."""
    detail: str


@with_config(EXACT)
class FoundTask(TypedDict):
    """What was found by one name."""

    id: str | None
    """As asked for; null where an external id was."""
    external_task_id: str | None
    task: Task | None
    error: NotOne | None


@with_config(EXACT)
class FoundTasks(TypedDict):
    """An item for each name, first the ids, then the external ids, each in the order given."""

    items: list[FoundTask]


@with_config(EXACT)
class TaskPage(TypedDict):
    """A page of tasks."""

    tasks: list[Task]
    next_cursor: str | None
    """Null on the last page."""


@with_config(EXACT)
class Evidence(TypedDict):
    """What a transition rests on."""

    type: Literal["receipt", "attempt"]
    id: str


Transition = TypedDict(  # `from` is no name for a class body
    "Transition",
    {
        "seq": Annotated[int, Field(description="Its place in the change feed.")],
        "version": Annotated[int, Field(description="The task's version since then.")],
        "from": TaskState | None,
        "to": TaskState,
        "kind": Kind,
        "source": Source,
        "provider_status": str | None,
        "message": str | None,
        "provider_at": Annotated[
            Instant | None, Field(description="When, by the provider's clock.")
        ],
        "at": Annotated[Instant, Field(description="When, by ours.")],
        "evidence": Evidence | None,
    },
)
Transition.__doc__ = "One entry of a task's history."
with_config(EXACT)(Transition)


@with_config(EXACT)
class Change(Transition):
    """One entry of the change feed: a step of some task's history, and which task."""

    task_id: Uuid
    provider: str
    account: str
    operation: str
    external_task_id: str


@with_config(EXACT)
class ChangePage(TypedDict):
    """Some of the change feed, oldest first."""

    changes: list[Change]
    next_cursor: str
    """Where to go on; stays good however long nothing happens."""
    has_more: bool
    """Whether there is more to look at now. With filters a page may be short all the same."""


@with_config(EXACT)
class TransitionList(TypedDict):
    """A task's whole history, oldest first."""

    transitions: list[Transition]


@with_config(EXACT)
class Receipt(TypedDict):
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

    receipts: list[Receipt]
    next_cursor: str | None


@with_config(EXACT)
class Attempt(TypedDict):
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

    attempts: list[Attempt]


@with_config(EXACT)
class Delivery(TypedDict):
    """One change owed to one endpoint, or to a URL that came with the task."""

    id: Uuid
    """The `webhook-id`: the same on every attempt."""
    event: str
    """What it tells, e.g. `task.succeeded`."""
    endpoint_id: Uuid | None
    """Null for a URL that came with the task."""
    url: str
    task_id: Uuid | None
    """Null for what is not about a task."""
    version: int | None
    """The task's version that it tells of."""
    state: DeliveryState
    attempts: int
    created_at: Instant
    next_attempt_at: Instant | None
    ended_at: Instant | None
    last_attempt_at: Instant | None
    last_status: int | None
    last_error: str | None


@with_config(EXACT)
class DeliveryPage(TypedDict):
    """A page of deliveries."""

    deliveries: list[Delivery]
    next_cursor: str | None


@with_config(EXACT)
class DeliveryAttempt(TypedDict):
    """One try to deliver."""

    at: Instant
    latency_ms: int
    status: int | None
    """The answer's; null when no answer came, and then `error` says why."""
    error: str | None
    answer: str
    """The answer's first bytes."""
    encoding: Literal["utf-8", "base64"]
    """How `answer` is written."""


@with_config(EXACT)
class WholeDelivery(TypedDict):
    """A delivery with its bytes and every attempt."""

    delivery: Delivery
    body: str
    """What every attempt sends."""
    attempts: list[DeliveryAttempt]
    """Oldest first."""


@with_config(EXACT)
class DeliveryReference(TypedDict):
    """Where to follow it: `/v1/deliveries/{delivery_id}`."""

    delivery_id: Uuid


@with_config(EXACT)
class Redelivered(TypedDict):
    """What a redelivery by filter did, or would do."""

    dry_run: bool
    matching: int
    """How many matched that have somewhere to go."""
    by_event: dict[str, int]
    sample: list[Uuid]
    """Some of them, the newest first."""
    redelivered: int
    """How many are owed once more; 0 in a dry run."""


@with_config(EXACT)
class Endpoint(TypedDict):
    """Where a subscriber is told."""

    id: Uuid
    url: str
    description: str | None
    event_types: list[str]
    """Empty for all; so are the other filters."""
    providers: list[str]
    operations: list[str]
    metadata: dict[str, Any]
    payload: Payload
    ordered: bool
    state: EndpointState
    state_reason: str | None
    state_at: Instant
    failing_since: Instant | None
    """When it began to give nothing but failures; null while it answers."""
    old_secret_until: Instant | None
    """Until then the secret before signs as well."""
    created_at: Instant
    updated_at: Instant


@with_config(EXACT)
class EndpointWithSecret(Endpoint):
    """An endpoint whose secret has just been made: shown this once."""

    secret: str
    """`whsec_…`; verify with any Standard Webhooks library."""


@with_config(EXACT)
class EndpointPage(TypedDict):
    """A page of endpoints."""

    endpoints: list[Endpoint]
    next_cursor: str | None


@with_config(EXACT)
class DeliveryList(TypedDict):
    """What a task owes or owed."""

    deliveries: list[Delivery]


@with_config(EXACT)
class Condition(TypedDict):
    """Something that is wrong with a provider account for a while."""

    name: str
    provider: str
    account: str
    reason: str
    raised_at: Instant


@with_config(EXACT)
class StuckTask(TypedDict):
    """A task that may need a human."""

    task_id: Uuid
    operation: str
    external_task_id: str
    state: TaskState
    message: str | None
    since: Instant


@with_config(EXACT)
class OddReceipt(TypedDict):
    """A receipt that may need a human."""

    receipt_id: str
    task_id: Uuid | None
    """Null where it belongs to no task."""
    provider: str
    reason: str | None
    received_at: Instant


@with_config(EXACT)
class TroubledEndpoint(TypedDict):
    """An endpoint that gets nothing, or answers nothing but failures."""

    endpoint_id: Uuid
    url: str
    state: EndpointState
    reason: str | None
    failing_since: Instant | None


@with_config(EXACT)
class Attention(TypedDict):
    """What needs a human, the newest of each kind."""

    conditions: list[Condition]
    endpoints: list[TroubledEndpoint]
    overdue: list[StuckTask]
    uncertain: list[StuckTask]
    receipts: dict[str, list[OddReceipt]]
    """By verdict."""


@with_config(EXACT)
class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


@with_config(EXACT)
class Readiness(TypedDict):
    """Whether it can work: the database answers, and has the schema it should."""

    status: Literal["ok", "unavailable"]
    schema: NotRequired[str]
    reason: NotRequired[str]


@with_config(EXACT)
class FieldProblem(TypedDict):
    """One wrong field."""

    path: str
    """`input.image_list[2].image`; empty for the body itself."""
    reason: str


@with_config(EXACT)
class Problem(TypedDict):
    """Every error (RFC 9457)."""

    type: str
    """Stable: `urn:tracker:problem:…`."""
    title: str
    status: int
    detail: str
    request_id: str
    errors: NotRequired[list[FieldProblem]]
    """Each wrong field, where fields are what is wrong."""


@with_config(EXACT)
class Sum(TypedDict):
    """What the provider charged, added up."""

    kind: str
    """`unit` (of a resource pack) or `cash`."""
    unit: str | None
    currency: str | None
    amount: str
    """Exact decimal text."""


@with_config(EXACT)
class Latency(TypedDict):
    """Seconds from the provider's acceptance to the verdict; at most 9 % too high."""

    p50: float | None
    p90: float | None
    p99: float | None


@with_config(EXACT)
class AccountStats(TypedDict):
    """How the tasks of one account ended."""

    provider: str
    account: str
    ended: dict[str, int]
    """By state."""
    callback_ratio: float | None
    """The share of the verdicts that callbacks brought; the rest was polled for."""
    latency_s: Latency
    costs: list[Sum]


@with_config(EXACT)
class Stats(TypedDict):
    """How many tasks stand where, and how they ended."""

    as_of: Instant
    since: Instant
    """When `lately` begins: a whole hour."""
    is_whole: bool
    """False while no worker counts: then the newest ends are missing."""
    open: dict[str, int]
    """Open tasks by state."""
    lately: list[AccountStats]
    ever: list[AccountStats]
