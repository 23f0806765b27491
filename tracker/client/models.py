"""Answers as frozen dataclasses. Fields that a newer service adds are left to `raw`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
"""States in which a task is over."""


def read_fields(kind: type[Any], data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record by their names in an answer, times read; `raw` is the answer.

    own: fields that are read otherwise. One that has a default may be missing.
    """
    found = {**data, "raw": data, **own}
    names = [one.name for one in fields(kind) if one.name in found or _is_needed(one)]
    return {
        name: read_optional_instant(found[name]) if _is_time(name, own) else found[name]
        for name in names
    }


def _is_needed(one: "Field[Any]") -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _is_time(name: str, own: Mapping[str, Any]) -> bool:
    return name not in own and (name == "at" or name.endswith("_at"))


class AnswerRecord:
    """An answer, or a part of one, whose fields have the names of ours."""

    __slots__ = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        make: Callable[..., Self] = cls
        return make(**read_fields(cls, data, {}))


@dataclass(frozen=True, slots=True)
class Asset(AnswerRecord):
    """A file of a result that the service keeps, or is to keep.

    state:      wanted, kept, lost, refused or gone.
    url:        where the service serves it, with your key; None where it is not kept.
    bytes:      its size; None until it is kept.
    sha256:     in hex.
    media_type: by its first bytes.
    reason:     why it is not kept (yet), or what is to be said of it.
    expires_at: when the service drops it; None where that is not known, or never.
    """

    id: str
    state: str
    url: str | None
    bytes: int | None
    sha256: str | None
    media_type: str | None
    reason: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Artifact:
    """One piece of a result.

    kind:       `video`, `image`, `audio`, or the provider's own word.
    url:        where the provider serves it; providers wipe these after a while.
    duration_s: as the provider wrote it.
    raw:        with whatever else the provider said of it.
    """

    kind: str
    url: str | None
    id: str | None
    duration_s: str | None
    state: str = "ready"
    expires_at: datetime | None = None
    url_expires_at: datetime | None = None
    asset: Asset | None = None
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        asset = Asset.parse(data["asset"]) if data.get("asset") else None
        own = {"id": data.get("id"), "duration_s": data.get("duration_s"), "asset": asset}
        return cls(**read_fields(cls, data, own))


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why a task failed. type: `refused`, `provider` or `never_submitted`."""

    type: str
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it stood when it was asked for. Times are aware UTC.

    state:   queued, uncertain, submitted, running; succeeded, failed, cancelled, expired.
    version: goes up by one with each change.
    costs:   what the provider says it charges; empty where it says nothing.
    overdue: past its deadline and still open.
    stage:   the step of a running task, where the provider names steps.
    cancel_asked_at: when somebody asked to cancel it at the provider.
    parent_id: the task that this one continues, or whose create made this one as well.
    resubmit_of: the task whose input this one submits again.
    warnings:    `field: reason` for each field of the input that is not known; of a submit alone.
    """

    id: str
    provider: str
    account: str
    operation: str
    external_task_id: str
    provider_task_id: str | None
    state: str
    version: int
    provider_status: str | None
    message: str | None
    progress: float | None
    stage: str | None
    artifacts: tuple[Artifact, ...]
    error: TaskError | None
    costs: tuple[Mapping[str, Any], ...]
    overdue: bool
    metadata: Mapping[str, Any]
    cancel_asked_at: datetime | None
    parent_id: str | None
    resubmit_of: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime | None
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Return true if nothing more is expected of the task."""
        return self.state in TERMINAL

    @property
    def has_succeeded(self) -> bool:
        """Return true if there is a result."""
        return self.state == "succeeded"

    @property
    def urls(self) -> list[str]:
        """Return where the pieces of its result are."""
        return [piece.url for piece in self.artifacts if piece.url is not None]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        result, error = data["result"] or {"artifacts": ()}, data["error"]
        newer = ("stage", "cancel_asked_at", "parent_id", "resubmit_of")
        own = {
            "artifacts": tuple(Artifact.parse(piece) for piece in result["artifacts"]),
            "error": error and TaskError(error["type"], error["code"], error["message"]),
            "costs": tuple(data["costs"]),
            "warnings": tuple(
                f"{one['path']}: {one['reason']}" for one in data.get("warnings", ())
            ),
        }
        return cls(**read_fields(cls, dict.fromkeys(newer) | dict(data), own | {"raw": data}))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The record behind a transition. type: `receipt` or `attempt`."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a task's history.

    seq:         its place in the change feed.
    version:     the task's since then.
    source:      submit, callback, poll, client, operator or sweep.
    provider_at: when, by the provider's clock; `at` by the service's.
    actor:       who did it, where a person or a program with a key did.
    """

    seq: int
    version: int
    from_state: str | None
    to_state: str
    kind: str
    source: str
    provider_status: str | None
    message: str | None
    provider_at: datetime | None
    at: datetime
    actor: str | None
    evidence: Evidence | None
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        return cls(**_step(cls, data, {}))


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed: a step of some task's history, and which task's.

    cursor: where to go on after a restart. Some changes before this one may come again (their
            `seq` is not higher), and none behind it is missed.
    """

    seq: int
    version: int
    from_state: str | None
    to_state: str
    kind: str
    source: str
    provider_status: str | None
    message: str | None
    provider_at: datetime | None
    at: datetime
    actor: str | None
    evidence: Evidence | None
    task_id: str
    provider: str
    account: str
    operation: str
    external_task_id: str
    cursor: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, cursor: str | None) -> Self:
        """Read the fields of an answer."""
        return cls(**_step(cls, data, {"cursor": cursor}))


def _step(kind: type[Any], data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    evidence = data["evidence"]
    renamed = {"from_state": data["from"], "to_state": data["to"], "actor": data.get("actor")}
    found = evidence and Evidence(evidence["type"], evidence["id"])
    return read_fields(kind, data, {**renamed, "evidence": found, **own})


@dataclass(frozen=True, slots=True)
class Resubmitted:
    """The result of submitting many tasks again.

    matching:    how many of those that were looked through match; by_state and by_code tell which.
    sample:      ids of some of them, the oldest first.
    resubmitted: how many were submitted again; 0 in a dry run.
    refused:     how many of those that match there is no room for, by the reason.
    tasks:       new task's id and the id of the one that it submits again, for each.
    next_cursor: for the next call; None where there is nothing left.
    """

    dry_run: bool
    matching: int
    by_state: Mapping[str, int]
    by_code: Mapping[str, int]
    sample: Sequence[str]
    resubmitted: int
    tasks: Sequence[tuple[str, str]]
    refused: Mapping[str, int]
    next_cursor: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        own = {"refused": _count_reasons(data), "tasks": _list_pairs(data["tasks"])}
        return cls(**read_fields(cls, data, own))


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The result of one action on many tasks, or its preview.

    matching: how many tasks it is about; by_state, by_account and by_operation tell which.
    sample:   ids of some of them, the oldest first.
    done:     how many were acted on; in a dry run, how many would be.
    refused:  how many were left as they are, by the reason.
    tasks:    new task's id and the id of the one that it submits again, for each.
    token:    of a dry run: `start_run` takes it, until token_expires_at.
    expected_costs: of a resubmission: mappings of kind, unit, currency and amount.
    confirm_cursor: of a dry run on a filter: given as `cursor`, it does this to the same tasks.
    next_cursor:    for the next call; None where there is nothing left.
    """

    dry_run: bool
    action: str
    matching: int
    by_state: Mapping[str, int]
    by_account: Mapping[str, int]
    by_operation: Mapping[str, int]
    sample: Sequence[str]
    done: int
    refused: Mapping[str, int]
    tasks: Sequence[tuple[str, str]]
    expected_costs: Sequence[Mapping[str, Any]]
    token: str | None
    token_expires_at: datetime | None
    confirm_cursor: str | None
    next_cursor: str | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        own = {"refused": _count_reasons(data), "tasks": _list_pairs(data["tasks"])}
        return cls(**read_fields(cls, data, own))


def _count_reasons(data: Mapping[str, Any]) -> dict[str, int]:
    return {one["reason"]: one["count"] for one in data.get("refused", ())}


def _list_pairs(made: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(one["id"], one["resubmit_of"]) for one in made]


def read_instant(text: str) -> datetime:
    """Read a time as the service writes it. Raises ValueError."""
    return datetime.fromisoformat(text)


def read_optional_instant(text: str | None) -> datetime | None:
    """Read a time that may be missing."""
    return None if text is None else datetime.fromisoformat(text)
