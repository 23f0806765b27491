"""A Task as a row of `tasks`, and back."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter, is_
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tracker.domain.cost import Cost, CostOrigin, Phase
from tracker.domain.records import record
from tracker.domain.task import (
    Artifact,
    ArtifactState,
    Awaits,
    FollowUp,
    Task,
    TaskError,
    TaskState,
)
from tracker.store.driver.decoding import RowReader, read_id, read_instant
from tracker.store.driver.dialect import Dialect
from tracker.store.schema import tasks
from tracker.store.tolerant import read_member, read_optional_member

COLUMNS = tuple(field.name for field in fields(Task))
"""Every field has a column of its name. What only SQL looks at (`slots_held`) is not loaded."""
MOVING = (
    *("state", "version", "provider_status", "message", "progress", "absences", "updated_at"),
)
"""The columns that nearly every transition changes, and most change nothing else."""
NAMING = ("provider_task_id", "submitted_at", "give_up_at")
"""Those that become known when the provider has it."""
ENDING = ("artifacts", "error", "costs", "detail", "finished_at")
"""Those that an end brings, and usually nothing besides."""
USUAL = (*MOVING, *NAMING, *ENDING)
"""Those that callbacks change."""
CHANGING = (
    *USUAL,
    *("overdue", "follow_up", "stage", "context", "cancel_asked_at", "cancel_sent_at"),
    *("blocked_at", "awaits"),
)
"""The columns that a transition may change."""
_STATES: Mapping[str, TaskState] = {state.value: state for state in TaskState}


@record
class TaskStanding:
    """Where a task stands, and nothing else of it."""

    key: int
    id: UUID
    tenant: str
    provider: str
    operation: str
    state: TaskState
    version: int
    submitted_at: datetime | None
    deadline_at: datetime | None
    overdue: bool


STANDING = tuple(field.name for field in fields(TaskStanding))
"""The columns of a Standing."""


def read_standing(row: Sequence[Any], dialect: Dialect) -> TaskStanding:
    """Read a row of STANDING as the driver gives it."""
    key, id_, tenant, provider, operation, state, version, submitted_at, deadline_at, overdue = row
    if dialect.stores_text:
        id_, submitted_at = read_id(id_), read_instant(submitted_at)
        deadline_at, overdue = read_instant(deadline_at), bool(overdue)
    place = _read_state(state)
    return TaskStanding(
        key, id_, tenant, provider, operation, place, version, submitted_at, deadline_at, overdue
    )


def _read_state(word: str) -> TaskState:
    """Return the state; one that a later release has added stands for itself."""
    return _STATES.get(word) or read_member(TaskState, word)


@record
class TaskBill:
    """Whose task it is, when it went out, and what it cost."""

    key: int
    tenant: str
    provider: str
    account: str
    submitted_at: datetime | None
    costs: tuple[Cost, ...]


BILLED = tuple(field.name for field in fields(TaskBill))
"""The columns of a Bill."""


def read_bills(rows: Sequence[Sequence[Any]], dialect: Dialect) -> list[TaskBill]:
    """Read rows of BILLED as the driver gives them."""
    return [
        TaskBill(
            key,
            tenant,
            provider,
            account,
            read_instant(submitted_at) if dialect.stores_text else submitted_at,
            _read_costs(costs),
        )
        for key, tenant, provider, account, submitted_at, costs in rows
    ]


def read_task(row: Row[Any]) -> Task:
    """Read a row of SQLAlchemy's."""
    given = {name: row._mapping[name] for name in COLUMNS}  # noqa: SLF001 - its documented way to the columns
    given["state"] = _read_state(given["state"])
    given["artifacts"] = _parse_artifacts(given["artifacts"])
    given["error"] = TaskError(**given["error"]) if given["error"] else None
    given["costs"] = read_costs(given["costs"])
    given["wants"] = tuple(given["wants"] or ())
    given["awaits"] = _parse_awaits(given["awaits"])
    given["follow_up"] = _follow_up(given["follow_up"])
    given["metadata"] = given["metadata"] or {}
    return Task(**given)


def read_tasks(rows: Sequence[Sequence[Any]], dialect: Dialect) -> list[Task]:
    """Read rows of COLUMNS as the driver gives them."""
    return [Task(*values) for values in _READER.read_values(rows, dialect)]


def build_moving(changed: Task) -> tuple[Any, ...]:
    """Return the values of MOVING."""
    return (
        changed.state._value_,
        changed.version,
        changed.provider_status,
        changed.message,
        changed.progress,
        changed.absences,
        changed.updated_at,
    )


def build_naming(changed: Task) -> tuple[Any, ...]:
    """Return the values of NAMING."""
    return (changed.provider_task_id, changed.submitted_at, changed.give_up_at)


def build_ending(changed: Task) -> tuple[Any, ...]:
    """Return the values of ENDING."""
    return (
        [_render_artifact(piece) for piece in changed.artifacts] if changed.artifacts else None,
        changed.error and _render_error(changed.error),
        [build_cost_document(one) for one in changed.costs] if changed.costs else None,
        changed.detail,
        changed.finished_at,
    )


def build_usual(changed: Task) -> tuple[Any, ...]:
    """Return the values of USUAL."""
    return (*build_moving(changed), *build_naming(changed), *build_ending(changed))


def build_changing(changed: Task) -> tuple[Any, ...]:
    """Return the values of CHANGING."""
    return (
        *build_usual(changed),
        changed.overdue,
        changed.follow_up and changed.follow_up._value_,
        changed.stage,
        changed.context,
        changed.cancel_asked_at,
        changed.cancel_sent_at,
        changed.blocked_at,
        changed.awaits and changed.awaits._value_,
    )


_names_of = attrgetter(*NAMING)
_end_of = attrgetter(*ENDING)
_rest_of = attrgetter(*CHANGING[len(USUAL) :])


def is_naming_kept(before: Task, after: Task) -> bool:
    """Return true if the columns of NAMING stay as they are.

    By identity, as a transition keeps what it does not change: Python takes 1 and true for equal.
    """
    return all(map(is_, _names_of(before), _names_of(after)))


def is_ending_kept(before: Task, after: Task) -> bool:
    """Return true if the columns of ENDING stay as they are; see `is_naming_kept`."""
    return all(map(is_, _end_of(before), _end_of(after)))


def is_rest_kept(before: Task, after: Task) -> bool:
    """Return true if all columns but those of USUAL stay as they are."""
    return all(map(is_, _rest_of(before), _rest_of(after)))


NEW = (
    *("id", "tenant", "provider", "account", "operation", "external_task_id", "metadata"),
    *("wants", "slots", "slots_held", "callback_url", "webhook_url", "resubmit_of", "parent_id"),
    *("created_at", "deadline_at", "submitter", "traceparent"),
    *CHANGING,
)
"""The columns of a task that has no row yet; `key` is numbered by the database."""


def build_new(made: Task) -> tuple[Any, ...]:
    """Return the values of NEW."""
    return (
        made.id,
        made.tenant,
        made.provider,
        made.account,
        made.operation,
        made.external_task_id,
        dict(made.metadata) or None,
        list(made.wants) or None,
        made.slots,
        0,
        made.callback_url,
        made.webhook_url,
        made.resubmit_of,
        made.parent_id,
        made.created_at,
        made.deadline_at,
        made.submitter,
        made.traceparent,
        *build_changing(made),
    )


def _parse_artifacts(found: Sequence[Mapping[str, Any]] | None) -> tuple[Artifact, ...]:
    return tuple(map(_parse_artifact, found or ()))


def _parse_artifact(found: Mapping[str, Any]) -> Artifact:
    if found.keys().isdisjoint(("state", "expires_at")):
        return Artifact(**found)
    given = dict(found)
    given["state"] = read_member(ArtifactState, given.get("state", ArtifactState.READY))
    dies = given.get("expires_at")
    given["expires_at"] = None if dies is None else datetime.fromisoformat(dies)
    return Artifact(**given)


def read_costs(found: Sequence[Mapping[str, Any]] | None) -> tuple[Cost, ...]:
    """Return costs as they were stored."""
    return tuple(map(_parse_cost, found or ()))


def _parse_cost(found: Mapping[str, Any]) -> Cost:
    if "phase" not in found:
        return Cost(**found)
    origin = read_member(CostOrigin, found.get("origin", CostOrigin.PROVIDER))
    return Cost(**{**found, "phase": read_member(Phase, found["phase"]), "origin": origin})


def build_cost_document(one: Cost) -> dict[str, Any]:
    """Return a cost as it is stored."""
    row = asdict(one)
    if one.phase is Phase.SETTLE:  # nearly all are
        del row["phase"]
    if one.origin is CostOrigin.PROVIDER:
        del row["origin"]
    return row


def _render_error(error: TaskError) -> dict[str, Any]:
    row: dict[str, Any] = {"type": error.type, "code": error.code, "message": error.message}
    return row | {"doubtful": True} if error.doubtful else row


def _parse_awaits(word: str | None) -> Awaits | None:
    return read_optional_member(Awaits, word)


def _follow_up(word: str | None) -> FollowUp | None:
    return read_optional_member(FollowUp, word)


def _render_artifact(piece: Artifact) -> dict[str, Any]:
    return {
        "kind": piece.kind,
        "url": piece.url,
        "id": piece.id,
        "duration_s": piece.duration_s,
        "extra": dict(piece.extra),
        **_render_rare_fields(piece),
    }


def _render_rare_fields(piece: Artifact) -> dict[str, Any]:
    """Return what few pieces have, so that the rows of the others stay as short as they were."""
    rare: dict[str, Any] = {}
    if piece.key is not None:
        rare["key"] = piece.key
    if piece.state is not ArtifactState.READY:
        rare["state"] = piece.state.value
    if piece.expires_at is not None:
        rare["expires_at"] = piece.expires_at.isoformat()
    if piece.needs_auth:
        rare["needs_auth"] = True
    if piece.refreshable:
        rare["refreshable"] = True
    return rare


def _read_artifacts(text: str | None) -> tuple[Artifact, ...]:
    return () if text is None else _parse_artifacts(json.loads(text))


def _read_costs(text: str | None) -> tuple[Cost, ...]:
    return () if text is None else read_costs(json.loads(text))


def _read_wants(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(json.loads(text))


def _read_error(text: str | None) -> TaskError | None:
    return None if text is None else TaskError(**json.loads(text))


def _read_metadata(text: str | None) -> Any:
    return {} if text is None else json.loads(text)


_ALWAYS: Mapping[str, Callable[[Any], Any]] = {
    "state": _read_state,
    "artifacts": _read_artifacts,
    "error": _read_error,
    "costs": _read_costs,
    "wants": _read_wants,
    "awaits": _parse_awaits,
    "follow_up": _follow_up,
    "metadata": _read_metadata,
}


_READER = RowReader(tasks, COLUMNS, _ALWAYS)
