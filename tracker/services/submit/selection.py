"""Select tasks of one tenant: by what narrows a list of them, and by error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tracker.domain.task import Task, TaskState
from tracker.store import listing
from tracker.store.filters import TaskFilter
from tracker.store.listing import Order, Position
from tracker.store.store import Reading

_PLAIN = (
    *("provider", "account", "operation"),
    *("external_task_id", "provider_task_id", "overdue"),
)
_TIMES = ("created_after", "created_before", "updated_after", "updated_before")
"""Fields of a TaskFilter that are JSON as they are, and those that are instants."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Every field narrows; None does not.

    error_code: of the error that they ended with.
    """

    tasks: TaskFilter
    error_code: str | None = None

    def build_fields(self) -> dict[str, Any]:
        """Return what narrows it as JSON, by the API's names; the tenant is not among them."""
        wanted = self.tasks
        fields: dict[str, Any] = {name: getattr(wanted, name) for name in _PLAIN}
        for name in _TIMES:
            at = getattr(wanted, name)
            fields[name] = None if at is None else at.isoformat()
        fields |= {
            "error_code": self.error_code,
            "state": [state.value for state in wanted.states] or None,
            "metadata": dict(wanted.metadata) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def parse_fields(cls, tenant: str, fields: Mapping[str, Any]) -> "Selection":
        """Return the selection of one tenant's tasks that `as_fields` was of."""
        given: dict[str, Any] = {name: fields.get(name) for name in _PLAIN}
        given |= {name: datetime.fromisoformat(fields[name]) for name in _TIMES if name in fields}
        wanted = TaskFilter(
            tenant,
            states=[TaskState(word) for word in fields.get("state", ())],
            metadata=sorted(fields.get("metadata", {}).items()),
            **given,
        )
        return cls(wanted, fields.get("error_code"))

    def read_page(
        self, db: Reading, *, after: Position | None, until: datetime, limit: int
    ) -> listing.ListPage:
        """Return tasks that may be meant, oldest first: behind a position, made before `until`."""
        end = min(self.tasks.created_before or until, until)
        earlier = replace(self.tasks, created_before=end)
        return listing.list_page(db, earlier, order=Order.OLDEST, after=after, limit=limit)

    def is_match(self, task: Task) -> bool:
        """Tell whether a task is meant."""
        return self.tasks.is_task_match(task) and self.error_code in (
            None,
            task.error and task.error.code,
        )
