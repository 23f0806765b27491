"""The events of a task. Facts only; `lifecycle` decides their effect."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.domain.cost import Cost
from tracker.domain.enum_members import find_members_directly
from tracker.domain.records import record
from tracker.domain.task import Artifact, TaskError


@find_members_directly
class EventKind(StrEnum):
    """The kinds of event. Stored with every transition, by value."""

    CREATED = "created"
    """We accepted it. Only ever the first transition."""
    SUBMIT_SENT = "submit_sent"
    """The call that makes it is under way for a while, and the answer will be its result."""
    ANSWER_BEGUN = "answer_begun"
    """The answer that is its result has begun to come."""
    SUBMIT_DEFERRED = "submit_deferred"
    """The answer that was waited for is that it is to be sent again later: nothing was made."""
    SUBMIT_ACCEPTED = "submit_accepted"
    """The provider answered our submit with an id."""
    SUBMIT_REFUSED = "submit_refused"
    """The provider's answer proves that nothing was created, and asking again will not help."""
    SUBMIT_UNKNOWN = "submit_unknown"
    """The request may have left us and no usable answer came."""
    SUBMIT_ABANDONED = "submit_abandoned"
    """It never left us and we stopped trying."""
    SEEN_SUBMITTED = "seen_submitted"
    SEEN_RUNNING = "seen_running"
    SEEN_SUCCEEDED = "seen_succeeded"
    SEEN_FAILED = "seen_failed"
    SEEN_CANCELLED = "seen_cancelled"
    RESULT_COMPLETED = "result_completed"
    """A later statement of the same success names the result that the first one left out."""
    NEWS = "news"
    """A running task has another stage, or more pieces of its result."""
    COSTS_CHANGED = "costs_changed"
    """The provider bills a task that has ended otherwise than it said before."""
    SEEN_UNKNOWN_WORD = "seen_unknown_word"
    """The provider used a status word that nobody knows."""
    ABSENT = "absent"
    """The provider says, confirmed, that it has no such task."""
    CANCEL_REQUESTED = "cancel_requested"
    """Cancelled before it was sent."""
    CANCEL_ASKED = "cancel_asked"
    """A caller wants it cancelled at its provider, which is asked to."""
    CANCEL_REFUSED = "cancel_refused"
    """The provider does not cancel it: the task goes on."""
    RESOLVED_EXISTS = "resolved_exists"
    """A person knows that a submit of unknown outcome made the task, and under which id."""
    RESOLVED_NEVER_MADE = "resolved_never_made"
    """A person knows that it made nothing: the task is sent again."""
    RESOLVED_GIVEN_UP = "resolved_given_up"
    """A person ends the search for what it made."""
    ASSET_KEPT = "asset_kept"
    """A file of the result is in our custody."""
    ASSET_LOST = "asset_lost"
    """A file of the result will not be kept: its URL died first, or it may not be."""
    REREAD = "reread"
    """A kept receipt is read otherwise by an adapter of today."""
    DEADLINE_PASSED = "deadline_passed"
    GIVEN_UP = "given_up"
    """We stop asking."""


SEEN = frozenset(kind for kind in EventKind if kind.value.startswith("seen_"))
OF_OPEN_CALL = frozenset({EventKind.SUBMIT_SENT, EventKind.ANSWER_BEGUN, EventKind.SEEN_RUNNING})
"""The steps of a task while the call that makes it is under way."""
OF_ASSETS = frozenset({EventKind.ASSET_KEPT, EventKind.ASSET_LOST})
"""They tell of a file that we keep, and nothing of the result."""


@find_members_directly
class Source(StrEnum):
    """Where an event came from."""

    SUBMIT = "submit"
    CALLBACK = "callback"
    POLL = "poll"
    CLIENT = "client"
    OPERATOR = "operator"
    SWEEP = "sweep"


@record
class Event:
    """Something that happened to one task.

    provider_at: the provider's own time for it, aware UTC; None when it gave none.
    context:     replaces the task's; None leaves it.
    actor:       who did it, where a person or a program with a key did.
    costs_may_fall: the provider may charge less later than it does now.
    is_alone:    of an end before the provider had the task: a person has said that no earlier
                 request for it, of unknown outcome, made one.
    receipt, attempt: row keys of the evidence, at most one of them.
    The other fields carry what the provider said, where it said something.
    """

    kind: EventKind
    source: Source
    provider_status: str | None = None
    message: str | None = None
    provider_at: datetime | None = None
    provider_task_id: str | None = None
    progress: float | None = None
    artifacts: tuple[Artifact, ...] = ()
    error: TaskError | None = None
    costs: tuple[Cost, ...] = ()
    detail: Mapping[str, Any] | None = None
    receipt: int | None = None
    attempt: int | None = None
    stage: str | None = None
    context: Mapping[str, Any] | None = None
    actor: str | None = None
    is_blocked: bool = False
    costs_may_fall: bool = False
    is_alone: bool = False
