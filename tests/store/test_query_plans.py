"""The hot reads walk the index that was made for them, and sort nothing, on both databases."""

import random
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from psycopg import Cursor
from sqlalchemy import Connection, event, select, text

from tests.store.test_listing import connected, fill
from tests.support.history import NOW
from tracker.domain.task import TaskState
from tracker.store import feed, listing
from tracker.store.driver.bulk import get_driver
from tracker.store.filters import TaskFilter
from tracker.store.listing import Order, Position
from tracker.store.schema import tasks as table

READS: dict[str, tuple[TaskFilter, list[str]]] = {
    "all": (TaskFilter("default"), ["ix_tasks_tenant_created_at_key"]),
    "created": (
        TaskFilter("default", created_after=NOW, created_before=NOW + timedelta(seconds=9)),
        ["ix_tasks_tenant_created_at_key"],
    ),
    "updated": (
        TaskFilter("default", updated_after=NOW, states=[TaskState.FAILED]),
        ["ix_tasks_tenant_updated_at_key"],
    ),
    "state": (
        TaskFilter("default", states=[TaskState.FAILED]),
        ["ix_tasks_tenant_state_created_at_key"],
    ),
    "states": (
        TaskFilter("default", states=[TaskState.FAILED, TaskState.RUNNING]),
        ["ix_tasks_tenant_state_created_at_key"],
    ),
    "operation": (
        TaskFilter("default", operation="videos/rare"),
        ["ix_tasks_tenant_operation_created_at_key"],
    ),
    "overdue": (TaskFilter("default", overdue=True), ["ix_tasks_once_overdue"]),
    "metadata": (
        TaskFilter("default", metadata=[("order", "3")], states=[TaskState.FAILED]),
        ["pk_task_labels", "PRIMARY KEY"],
    ),
    "external id": (
        TaskFilter("default", external_task_id="mine"),
        ["ix_tasks_external_task_id"],
    ),
    "provider id": (
        TaskFilter("default", provider_task_id="p1"),
        ["ix_tasks_provider_task_id"],
    ),
}


def plans(db: Connection, read: Callable[[], object], *, for_all_values: bool = False) -> list[str]:
    """Return how the database carries out each query of a read, scanning only if it must.

    for_all_values: on PostgreSQL, the plan that a prepared statement may keep for whatever values.
    """
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    is_postgres = db.dialect.name == "postgresql"
    db.execute(text("SELECT 1"))  # begins the transaction, which is no query of the read
    if is_postgres:  # so few rows are quicker scanned and sorted
        for knob in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
            db.execute(text(f"SET LOCAL enable_{knob} = off"))
    event.listen(db, "before_cursor_execute", note)
    read()
    event.remove(db, "before_cursor_execute", note)
    assert sent
    if is_postgres and for_all_values:
        return [_generic_plan(db, statement) for statement, _ in sent]
    explain = "EXPLAIN " if is_postgres else "EXPLAIN QUERY PLAN "
    return [
        "\n".join(str(row) for row in db.exec_driver_sql(explain + statement, parameters))
        for statement, parameters in sent
    ]


def _generic_plan(db: Connection, statement: str) -> str:
    numbers = count(1)
    numbered = re.sub(r"%\(\w+\)s", lambda _: f"${next(numbers)}", statement).replace("%%", "%")
    rows = get_driver(db).execute(f"EXPLAIN (GENERIC_PLAN) {numbered}".encode())
    return "\n".join(str(row) for row in rows)


def driver_plans(db: Connection, read: Callable[[], object]) -> list[str]:
    """Return `plans` of a read whose statements go straight to the driver."""
    sent: list[tuple[Any, Any]] = []

    class NotedCursor(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            sent.append((query, params))
            return super().execute(query, params, **more)

    raw = get_driver(db)
    if db.dialect.name != "postgresql":
        raw.set_trace_callback(lambda statement: sent.append((statement, ())))
        read()
        raw.set_trace_callback(None)
        return ["\n".join(map(str, raw.execute(f"EXPLAIN QUERY PLAN {one}"))) for one, _ in sent]
    for knob in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
        db.execute(text(f"SET LOCAL enable_{knob} = off"))
    kept, raw.cursor_factory = raw.cursor_factory, NotedCursor
    read()
    raw.cursor_factory = kept
    found = [raw.execute(f"EXPLAIN {one}", given, binary=False) for one, given in sent]
    return ["\n".join(str(row) for row in rows) for rows in found]


def check(plan: str) -> None:
    """No table is read through, nothing is sorted."""
    assert "Seq Scan" not in plan
    assert "SCAN tasks" not in plan.replace("SCAN tasks USING", "")
    assert "TEMP B-TREE FOR ORDER BY" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("name", READS)
def test_a_list_walks_its_index(database_url: str, name: str, order: Order) -> None:
    asked, indexes = READS[name]
    after = Position(NOW + timedelta(seconds=10), 5)
    with connected(database_url) as db:
        fill(db, random.Random(1), 200)
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE tasks"))
        walks = plans(
            db, lambda: listing.list_page(db, asked, order=order, after=after, limit=5, scan=20)
        )
    assert any(index in walks[0] for index in indexes), walks[0]
    for plan in walks:
        if name == "states":  # the branches come sorted, and a few rows of each are merged
            assert "Seq Scan" not in plan
            assert "SCAN tasks" not in plan.replace("SCAN tasks USING", "")
        else:
            check(plan)


def test_the_feed_walks_its_index(database_url: str) -> None:
    asked = TaskFilter("default", states=[TaskState.FAILED])
    with connected(database_url) as db:
        fill(db, random.Random(1), 200)
        for plan in plans(db, lambda: feed.list_page(db, asked, after=3, limit=5)):
            check(plan)
            assert "SCAN transitions" not in plan
        for plan in plans(db, lambda: feed.list_tail(db, 3, limit=5)):
            check(plan)


@pytest.mark.parametrize("column", ["id", "key", "external_task_id"])
def test_tasks_are_found_by_name_without_reading_others(database_url: str, column: str) -> None:
    with connected(database_url) as db:
        (task, *_) = fill(db, random.Random(1), 200)
        wanted = select(table.c.version).where(table.c[column].in_([getattr(task, column)]))
        (plan,) = plans(db, lambda: db.execute(wanted).all())
    check(plan)
    assert "SCAN" not in plan.replace("Index Scan", "").upper(), plan
