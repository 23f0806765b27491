"""Which tasks, or which changes of tasks, are asked for. One meaning, in SQL and in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement

from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store import labels
from tracker.store.schema import tasks, transitions

_PLAIN = (
    *("provider", "account", "operation"),
    *("external_task_id", "provider_task_id", "overdue"),
)
"""Fields that are compared with a column of their name."""


class FilterFields(Protocol):
    """The fields a filter reads, in a task and in a change alike."""

    @property
    def tenant(self) -> str: ...  # noqa: D102
    @property
    def provider(self) -> str: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def operation(self) -> str: ...  # noqa: D102
    @property
    def external_task_id(self) -> str: ...  # noqa: D102
    @property
    def provider_task_id(self) -> str | None: ...  # noqa: D102
    @property
    def created_at(self) -> datetime: ...  # noqa: D102
    @property
    def overdue(self) -> bool: ...  # noqa: D102
    @property
    def metadata(self) -> Mapping[str, Any]: ...  # noqa: D102


class Changed(FilterFields, Protocol):
    """A change, as `feed.Change` is one."""

    @property
    def step(self) -> Transition: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Every field narrows; None does not.

    states:    of a list, those that tasks are in; of the feed, those that changes lead to.
    updated_…: of a list, when tasks last changed; of the feed, when changes were made.
    …_after, …_before: both ends are left out.
    metadata:  entries that tasks carry, with their values as text (`labels.format_value`).
    """

    tenant: str
    provider: str | None = None
    account: str | None = None
    operation: str | None = None
    states: Collection[TaskState] = ()
    external_task_id: str | None = None
    provider_task_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    overdue: bool | None = None
    metadata: Sequence[tuple[str, str]] = ()

    def is_narrow(self) -> bool:
        """Return true if the filter asks for less than all that the tenant has."""
        return any(getattr(self, field.name) not in (None, ()) for field in fields(self)[1:])

    def is_about_changes(self) -> bool:
        """Return true if the filter asks for tasks by when they last changed."""
        return self.updated_after is not None or self.updated_before is not None

    def build_task_conditions(
        self, *, only: Collection[str] | None = None, besides: Collection[str] = ()
    ) -> Iterator[ColumnElement[bool]]:
        """Yield the filter as conditions on `tasks`; the tenant is not among them.

        only, besides: some of the fields, by name; an entry of metadata is `metadata.<key>`.
        """
        for name, condition in self._build_plain_conditions():
            if name not in besides and (only is None or name in only):
                yield condition

    def build_change_conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield conditions on `transitions` joined with `tasks`; the tenant is not among them."""
        yield from self.build_task_conditions(besides=("states", "updated_after", "updated_before"))
        if self.states:
            yield transitions.c.to_state.in_(sorted(self.states))
        if self.updated_after is not None:
            yield transitions.c.at > self.updated_after
        if self.updated_before is not None:
            yield transitions.c.at < self.updated_before

    def _build_plain_conditions(self) -> Iterator[tuple[str, ColumnElement[bool]]]:
        for name in _PLAIN:
            value = getattr(self, name)
            if value is not None:
                yield name, tasks.c[name] == value
        if self.states:
            yield "states", tasks.c.state.in_(sorted(self.states))
        for column in ("created", "updated"):
            after, before = getattr(self, f"{column}_after"), getattr(self, f"{column}_before")
            if after is not None:
                yield f"{column}_after", tasks.c[f"{column}_at"] > after
            if before is not None:
                yield f"{column}_before", tasks.c[f"{column}_at"] < before
        for name, text in self.metadata:
            yield f"metadata.{name}", labels.match_entry(name, text)

    def is_change_match(self, change: Changed) -> bool:
        """Return true if a change passes; agrees with `of_changes`."""
        return self._is_match(change, change.step.to_state, change.step.at)

    def is_task_match(self, task: Task) -> bool:
        """Return true if a task passes; agrees with `of_tasks`."""
        return self._is_match(task, task.state, task.updated_at)

    def _is_match(self, of: FilterFields, state: TaskState, at: datetime) -> bool:
        return (
            of.tenant == self.tenant
            and _is(of.provider, self.provider)
            and _is(of.account, self.account)
            and _is(of.operation, self.operation)
            and _is(of.external_task_id, self.external_task_id)
            and _is(of.provider_task_id, self.provider_task_id)
            and _is(of.overdue, self.overdue)
            and labels.is_carried(of.metadata, self.metadata)
            and (not self.states or state in self.states)
            and _is_between(of.created_at, self.created_after, self.created_before)
            and _is_between(at, self.updated_after, self.updated_before)
        )


def _is(value: Any, asked: Any) -> bool:
    return asked is None or value == asked


def _is_between(at: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or at > after) and (before is None or at < before)
