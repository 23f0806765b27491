"""Shapes of what the service says of itself: attention, health, problems, stats; see `views`."""

from typing import Literal, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from tracker.domain.delivery import EndpointState
from tracker.domain.delivery_trouble import Trouble
from tracker.domain.task import TaskState
from tracker.web.api.views import EXACT, Instant, Uuid


@with_config(EXACT)
class ConditionView(TypedDict):
    """Something that is wrong with a provider account for a while."""

    name: str
    provider: str
    account: str
    reason: str
    raised_at: Instant


@with_config(EXACT)
class PastCondition(ConditionView):
    """Something that was wrong with a provider account, and is over."""

    cleared_at: Instant


@with_config(EXACT)
class StuckTask(TypedDict):
    """A task that may need a human."""

    task_id: Uuid
    provider: str
    account: str
    operation: str
    external_task_id: str
    state: TaskState
    message: str | None
    """The last that was said of it; of an unsent or uncertain one, to its latest attempt."""
    since: Instant
    resolve: str | None
    """Why only a person can find out whether it exists; `POST /v1/tasks/{id}/resolve` settles it.
    Null for every other task."""


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
class ForgeryKindView(TypedDict):
    """Forged callbacks of one kind. All names are empty for those beyond the bound of an hour."""

    provider: str
    subject: str
    """The task that their URL names, as it was written."""
    sender: str
    """The address that they came from."""
    count: int
    last_at: Instant


@with_config(EXACT)
class Forgeries(TypedDict):
    """Forged callbacks of a day, of which few are kept as receipts. The operator's alone."""

    since: Instant
    total: int
    kinds: list[ForgeryKindView]
    """The most frequent first."""


@with_config(EXACT)
class DismissalView(TypedDict):
    """The actor and the time of a dismissal from what needs a human."""

    dismissed_at: Instant
    actor: str


@with_config(EXACT)
class TroubledEndpoint(TypedDict):
    """An endpoint that gets nothing, or answers nothing but failures."""

    endpoint_id: Uuid
    url: str
    state: EndpointState
    reason: str | None
    failing_since: Instant | None
    """Since when it has answered nothing but failures."""
    cause: Trouble | None
    """The kind of its latest failure; null where none is known, as where a person paused it."""
    advice: str | None
    """Words on what mends it."""
    last_error: str | None
    """The fault of the latest failure, in words."""
    last_failed_at: Instant | None
    owed: int
    """Deliveries that have not ended; at most 1,000 are counted."""


@with_config(EXACT)
class UnknownWordView(TypedDict):
    """A status word of a provider that means nothing here; it finishes no task."""

    provider: str
    word: str
    count: int
    """Receipts that have it, among the latest."""
    task_id: Uuid | None
    """One of the tasks."""
    last_at: Instant


@with_config(EXACT)
class Attention(TypedDict):
    """The things that need a human, the newest of each kind."""

    conditions: list[ConditionView]
    endpoints: list[TroubledEndpoint]
    overdue: list[StuckTask]
    uncertain: list[StuckTask]
    blocked: list[StuckTask]
    """They wait for a call of their caller's, and do not expire meanwhile."""
    without_result: list[StuckTask]
    """They succeeded, and no answer names anything to fetch; the provider is asked on."""
    denied: list[StuckTask]
    """Accepted, then expired because the provider denied them; still asked about."""
    doubtful: list[StuckTask]
    """Failed in a way that is known to be taken back; asked about until that is certain."""
    lost_files: list[StuckTask]
    """Tasks that lost a file of their result in the last day; `message` says why."""
    unknown_words: list[UnknownWordView]
    """Status words that no table knows, the most frequent first."""
    receipts: dict[str, list[OddReceipt]]
    """By verdict; of forged ones those of a day."""
    forgeries: Forgeries


@with_config(EXACT)
class ServiceView(TypedDict):
    """The name and version of this service, and the paths to go on with."""

    service: str
    version: str
    description: str
    documentation: str
    problems: str
    openapi: str
    tasks: str
    attention: str
    stats: str
    readiness: str


@with_config(EXACT)
class AccountHealth(TypedDict):
    """How an account fares."""

    status: Literal["ok", "troubled"]
    """`troubled` while a condition of the account stands."""
    conditions: list[str]
    """The names of those that stand; `/v1/attention` has them whole."""
    reason: str | None


@with_config(EXACT)
class AccountSlots(TypedDict):
    """The tasks that an account may have at its provider at once."""

    held: int
    allowed: int | None
    """Null for no limit of ours."""


@with_config(EXACT)
class LatestSubmit(TypedDict):
    """How a submit ended."""

    ended_at: Instant
    outcome: str
    http_status: int | None
    code: str | None
    message: str | None


@with_config(EXACT)
class AccountView(TypedDict):
    """A provider account of the settings, without its secrets."""

    provider: str
    name: str
    profile: str | None
    """The server behind the account's address; null where the adapter tells by the host."""
    has_credentials: bool
    """False: the provider will refuse its tasks."""
    weight: int
    """Its share of the tasks whose caller names no account."""
    max_in_flight: int | None
    """Tasks at the provider at once; null for no limit of ours."""
    health: AccountHealth
    slots: AccountSlots
    latest_submits: list[LatestSubmit]
    """Up to five, the newest first, among the latest submits of all accounts."""
    unknown_words: list[UnknownWordView]
    """Status words of its provider that nobody knows, the most frequent first."""
    past_conditions: list[PastCondition]
    """Up to ten that are over, the newest first."""


@with_config(EXACT)
class AccountList(TypedDict):
    """Every account, by provider and name."""

    accounts: list[AccountView]


@with_config(EXACT)
class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


@with_config(EXACT)
class Connections(TypedDict):
    """Connections of the process that answers. `gave_way`: closed or refused for want of room."""

    open: int
    most: int
    gave_way: int


@with_config(EXACT)
class Readiness(TypedDict):
    """Readiness: the database answers, takes writes, and has the expected schema.

    has_worker: whether any process on the database does the background work.
    lag_s: of a process that only reads: by how many seconds its database is behind; null where that
        is not known.
    """

    status: Literal["ok", "read-only", "unavailable"]
    schema: NotRequired[str]
    has_worker: NotRequired[bool]
    connections: NotRequired[Connections]
    lag_s: NotRequired[float | None]
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
    state: NotRequired[TaskState]
    """The last one of a task that is not kept any more."""
    finished_at: NotRequired[Instant]
    """The end of that task."""


@with_config(EXACT)
class CostSumView(TypedDict):
    """The provider's charges, added up."""

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
    costs: list[CostSumView]


@with_config(EXACT)
class HourStats(TypedDict):
    """How tasks ended within one hour."""

    hour: Instant
    """When it began."""
    accounts: list[AccountStats]


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
    hours: list[HourStats] | None
    """`lately`, hour by hour, oldest first; hours in which nothing ended are left out. Null unless
    asked for."""
