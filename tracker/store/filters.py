"""Which tasks, or which changes of tasks, are asked for. One meaning, in SQL and in memory."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TaskState
from tracker.store.schema import tasks, transitions


class Changed(Protocol):
    """What a filter looks at in a change (`feed.Change` is one)."""

    @property
    def tenant(self) -> str: ...  # noqa: D102
    @property
    def provider(self) -> str: ...  # noqa: D102
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
    def step(self) -> Transition: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Every field narrows; None does not.

    states:    of a list, those that tasks are in; of the feed, those that changes lead to.
    updated_…: of a list, when tasks last changed; of the feed, when changes were made.
    …_after, …_before: both ends are left out.
    """

    tenant: str
    provider: str | None = None
    operation: str | None = None
    states: Collection[TaskState] = ()
    external_task_id: str | None = None
    provider_task_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    overdue: bool | None = None

    def narrows(self) -> bool:
        """Whether it asks for less than all that the tenant has."""
        return any(getattr(self, field.name) not in (None, ()) for field in fields(self)[1:])

    def of_changes(self) -> Iterator[ColumnElement[bool]]:
        """As conditions on `transitions` joined with `tasks`; the tenant is not among them."""
        yield from self._of_facts()
        if self.states:
            yield transitions.c.to_state.in_(sorted(self.states))
        if self.updated_after is not None:
            yield transitions.c.at > self.updated_after
        if self.updated_before is not None:
            yield transitions.c.at < self.updated_before

    def _of_facts(self) -> Iterator[ColumnElement[bool]]:
        for column, value in (
            (tasks.c.provider, self.provider),
            (tasks.c.operation, self.operation),
            (tasks.c.external_task_id, self.external_task_id),
            (tasks.c.provider_task_id, self.provider_task_id),
        ):
            if value is not None:
                yield column == value
        if self.overdue is not None:
            yield tasks.c.overdue.is_(self.overdue)
        if self.created_after is not None:
            yield tasks.c.created_at > self.created_after
        if self.created_before is not None:
            yield tasks.c.created_at < self.created_before

    def matches(self, change: Changed) -> bool:
        """Whether a change is asked for; says the same as `of_changes`."""
        return (
            change.tenant == self.tenant
            and _is(change.provider, self.provider)
            and _is(change.operation, self.operation)
            and _is(change.external_task_id, self.external_task_id)
            and _is(change.provider_task_id, self.provider_task_id)
            and _is(change.overdue, self.overdue)
            and (not self.states or change.step.to_state in self.states)
            and _between(change.created_at, self.created_after, self.created_before)
            and _between(change.step.at, self.updated_after, self.updated_before)
        )


def _is(value: Any, asked: Any) -> bool:
    return asked is None or value == asked


def _between(at: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or at > after) and (before is None or at < before)
