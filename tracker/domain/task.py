"""The task: its states and fields. Nothing here decides; `lifecycle` does."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from tracker.domain.cost import Cost
from tracker.domain.enum_members import find_members_directly
from tracker.domain.records import record, replace_fields


@find_members_directly
class TaskState(StrEnum):
    """Where a task stands. Stored and shown by value."""

    QUEUED = "queued"
    """Durable here, not at the provider."""
    UNCERTAIN = "uncertain"
    """A submit was sent and its outcome is unknown: it may exist and be billed."""
    SUBMITTED = "submitted"
    """The provider has it."""
    RUNNING = "running"
    """The provider says it works on it."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Nobody can tell any more; a late verdict still replaces it."""


VERDICTS = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED})
"""Immutable: nothing moves a task out of these."""
TERMINAL = VERDICTS | {TaskState.EXPIRED}
OPEN = frozenset(TaskState) - TERMINAL
AT_PROVIDER = frozenset({TaskState.UNCERTAIN, TaskState.SUBMITTED, TaskState.RUNNING})
"""Open, and possibly known to the provider: these are polled."""
KNOWN_TO_PROVIDER = AT_PROVIDER - {TaskState.UNCERTAIN}
"""Open, and certainly known to the provider."""
UNKNOWN_OPERATION = "unknown"
"""Of an adopted task: a callback does not say which operation made it, so it cannot be polled."""
ASKABLE = AT_PROVIDER | {TaskState.EXPIRED}
"""The provider can be asked about these, and about whatever has a follow-up."""


@find_members_directly
class ArtifactState(StrEnum):
    """How far a piece of a result is."""

    PREVIEW = "preview"
    """It will be replaced: a first version, or what there is so far."""
    READY = "ready"
    FAILED = "failed"


@record
class Artifact:
    """One piece of a result.

    kind:       `video`, `image`, `audio`, or the provider's own word for anything else.
    url:        where the provider serves it; providers wipe these (Kling: after 30 days).
    id:         the provider's id of the piece, if it has one.
    duration_s: length in seconds as the provider wrote it, e.g. "5.041".
    extra:      whatever else the provider said of it.
    key:        names the piece within its task, the same in every statement about it; None where
                its place among the others is all that names it.
    expires_at: when the provider deletes it; None where it does not say.
    needs_auth: the URL answers only with the account's credentials.
    refreshable: a query brings a new URL once this one has died.
    """

    kind: str
    url: str | None
    id: str | None = None
    duration_s: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    state: ArtifactState = ArtifactState.READY
    expires_at: datetime | None = None
    needs_auth: bool = False
    refreshable: bool = False


@record
class TaskError:
    """Why a task failed.

    type:     `refused` (the provider would not create it), `provider` (it failed there),
              `never_submitted` (it never left us), `outcome_unknown` (nobody could find out).
    code:     the provider's code, verbatim, if it gave one.
    message:  for people; the provider's words where there are any.
    doubtful: failures of this kind are known to be taken back: a later success replaces it.
    """

    type: str
    code: str | None
    message: str
    doubtful: bool = False


@find_members_directly
class Awaits(StrEnum):
    """The reasons why a verdict waits for more than the provider's next statement."""

    PROOF = "proof"
    """A query: the callback that brought it proved nothing about who sent it."""
    DETAIL = "detail"
    """A query: the callback that brought it left out what the caller asked for."""
    ANSWER = "answer"
    """The answer to the call that makes it, which is under way: nothing else tells of it."""


@find_members_directly
class FollowUp(StrEnum):
    """Why the provider is still asked, now and then, about a task that has ended."""

    NO_RESULT = "no_result"
    """It succeeded, and no statement so far names anything to fetch."""
    DENIED = "denied"
    """It was accepted, and expired because the provider said for long that it has no such task."""
    DOUBTFUL = "doubtful"
    """It failed in a way that is known to be taken back."""
    REFUND = "refund"
    """It ended without a result, and a gateway still held its quota: it may come back, or twice."""
    COSTS = "costs"
    """It was charged, and its provider is known to charge less for some tasks days later."""


@record
class Task:
    """One media generation that a user asked for.

    key:              internal row number; 0 before the row exists.
    id:               UUIDv7, the public identity, minted before anything is sent.
    provider_task_id: opaque, never a number; None until the provider gave one.
    version:          1 at creation, plus one per transition.
    provider_status:  the provider's own last word, verbatim.
    progress:         percent 0..100, where the provider says so.
    detail:           the provider's remaining fields of its verdict, for answering in its dialect.
    costs:            what the provider charges for it; empty where it says nothing.
    wants:            what the caller asked for that a callback may leave out, for the adapter.
    awaits:           what its verdict waits for; None for most.
    slots:            how many of the account's concurrency slots it takes while at the provider.
    callback_url:     the caller's, told of the end in the provider's own shape.
    webhook_url:      the caller's, told of every change in ours.
    give_up_at:       after this nobody asks about it any more; None while it has not left us.
    resubmit_of:      the task whose input this one submits again.
    absences:         how often in a row the provider said it never heard of it, with pauses.
    denied_at:        when it last said so.
    follow_up:        why it is asked about although it has ended; None for nearly all.
    never_created:    the provider certainly never had it: its external id may be used again.
    stage:            the step of a running task that the provider names, in its own word.
    context:          what the adapter's later calls for the task need; never shown.
    parent_id:        the task that this one continues, or whose create made this one as well.
    cancel_asked_at:  when a caller asked to cancel it at the provider; None for most.
    cancel_sent_at:   when the provider took that request; None until then.
    submitter:        the row of the API key that asked for it; None where no key was used.
    blocked_at:       since when it waits for a call of its caller's; None where it does not.
    traceparent:      the place in a trace that it was submitted from; None outside of one.
    """

    key: int
    id: UUID
    tenant: str
    provider: str
    account: str
    operation: str
    external_task_id: str
    state: TaskState
    version: int
    created_at: datetime
    updated_at: datetime
    provider_task_id: str | None = None
    provider_status: str | None = None
    message: str | None = None
    progress: float | None = None
    artifacts: tuple[Artifact, ...] = ()
    error: TaskError | None = None
    costs: tuple[Cost, ...] = ()
    detail: Mapping[str, Any] | None = None
    overdue: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    wants: tuple[str, ...] = ()
    awaits: Awaits | None = None
    slots: int = 1
    absences: int = 0
    denied_at: datetime | None = None
    follow_up: FollowUp | None = None
    never_created: bool = False
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    give_up_at: datetime | None = None
    callback_url: str | None = None
    webhook_url: str | None = None
    resubmit_of: UUID | None = None
    stage: str | None = None
    context: Mapping[str, Any] | None = None
    parent_id: UUID | None = None
    cancel_asked_at: datetime | None = None
    cancel_sent_at: datetime | None = None
    blocked_at: datetime | None = None
    submitter: int | None = None
    traceparent: str | None = None


def replace_unknown_state(task: Task) -> Task:
    """Return a task whose state this release knows: one of a later release counts as running.

    For clients that know the words of their provider alone: they ask on until all processes are of
    one release.
    """
    is_known = task.state in TaskState.__members__.values()
    return task if is_known else replace_fields(task, state=TaskState.RUNNING)


class HasDeadline(Protocol):
    """Whatever tells how a task stands to its deadline."""

    @property
    def state(self) -> TaskState: ...  # noqa: D102
    @property
    def overdue(self) -> bool: ...  # noqa: D102
    @property
    def deadline_at(self) -> datetime | None: ...  # noqa: D102


def is_unflagged(task: HasDeadline, now: datetime) -> bool:
    """Return whether an open task is past its deadline and nothing has flagged it yet.

    Where no process does the background work, nothing does.
    """
    is_past = task.deadline_at is not None and task.deadline_at <= now
    return is_past and not task.overdue and task.state in OPEN


def update_overdue(task: Task, now: datetime) -> Task:
    """Return a task with `overdue` as it is now."""
    return replace_fields(task, overdue=True) if is_unflagged(task, now) else task


def is_askable(task: Task) -> bool:
    """Return whether an answer of the provider could still change a task.

    While the answer to its create is under way, no query finds it.
    """
    if task.awaits is Awaits.ANSWER:
        return False
    return task.state in ASKABLE or task.follow_up is not None


def is_unanswered(task: Task) -> bool:
    """Return whether its provider has not answered a task's create: it waits, or is under way."""
    return task.state is TaskState.QUEUED or task.awaits is Awaits.ANSWER


def select_by_name(named: Iterable[Task]) -> list[Task]:
    """Return, of tasks of one external id, the one of each account that has it now.

    A name is given again only once its task certainly never was at the provider: the newest has it.
    """
    newest: dict[tuple[str, str], Task] = {}
    for task in sorted(named, key=lambda task: task.key):
        newest[task.provider, task.account] = task
    return list(newest.values())


_FETCHED = frozenset({"video", "image", "audio"})
"""Kinds of artifacts that are nothing without a URL."""


def compute_shape(artifacts: Iterable[Artifact]) -> tuple[tuple[str, str, str], ...]:
    """Return what makes a change of a running task's pieces news: key, kind and state of each.

    A changed URL alone is none: some providers sign theirs anew at every poll.
    """
    return tuple(
        (piece.key or str(index), piece.kind, piece.state.value)
        for index, piece in enumerate(artifacts)
    )


# In Python 3.11 a member of an enum takes long to get at.
_PIECE_FAILED, _PIECE_READY = ArtifactState.FAILED, ArtifactState.READY


def is_fully_named(artifacts: tuple[Artifact, ...]) -> bool:
    """Return whether a success names everything that it made: no piece of it is without its URL.

    A piece that failed is not waited for.
    """
    made = [piece for piece in artifacts if piece.state is not _PIECE_FAILED]
    return bool(made) and all(_is_there(piece) for piece in made)


def is_more_complete(before: tuple[Artifact, ...], after: tuple[Artifact, ...]) -> bool:
    """Return whether a later statement of the same success names more than is known of it."""
    if is_fully_named(before) or not after:
        return False
    return sum(map(_is_there, after)) > sum(map(_is_there, before))


def _is_there(piece: Artifact) -> bool:
    if piece.state is not _PIECE_READY:
        return False
    if piece.kind in _FETCHED:
        return bool(piece.url)
    return bool(piece.url or piece.id or piece.extra)
