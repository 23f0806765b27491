"""Plans of the looks of operators: the audit, runs, and conditions that are over."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text, update

from tests.store.test_listing import connected, fill
from tests.store.test_query_plans import check, driver_plans, plans
from tests.support.history import NOW
from tracker.clock import make_id
from tracker.store import attempts, audit, bulk_runs, conditions, held_slots, holds
from tracker.store.audit import AuditFilter
from tracker.store.holds import Hold
from tracker.store.retention import EndedRow, WalkPlace
from tracker.store.schema import audit_entries, bulk_run_tasks
from tracker.store.schema import bulk_runs as runs_table
from tracker.store.schema import conditions as conditions_table
from tracker.store.schema import holds as holds_table
from tracker.store.schema import tasks as tasks_table
from tracker.store.task_drops import Droppable, find_droppable_later

LOOKS: dict[str, tuple[str, Callable[[Connection], object]]] = {
    "all": (
        "ix_audit_entries_tenant_key",
        partial(audit.list_page, wanted=AuditFilter("t-1"), before=900, limit=5),
    ),
    "action": (
        "ix_audit_entries_tenant_action_key",
        partial(audit.list_page, wanted=AuditFilter("t-1", action="a-1"), before=900, limit=5),
    ),
    "target": (
        "ix_audit_entries_tenant_target_key",
        partial(audit.list_page, wanted=AuditFilter("t-1", target="o-1"), before=900, limit=5),
    ),
    "runs": (
        "ix_bulk_runs_tenant_key",
        partial(bulk_runs.list_page, tenant="t-1", before=900, limit=5),
    ),
    "next run": ("ix_bulk_runs_running", bulk_runs.find_next_key),
    "holds": ("ix_holds_tenant_key", partial(holds.list_page, tenant="t-1", before=900, limit=5)),
    "conditions": (
        "ix_conditions_provider_account_key",
        partial(conditions.list_past, provider="p-1", account="main", limit=5),
    ),
    "a condition that is over": (
        "ix_conditions_provider_account_key",
        partial(conditions.find_last_cleared, name="c-1", provider="p-1", account="main"),
    ),
    "slots": ("ix_tasks_slots_held", partial(held_slots.count, accounts=[("kling", "main")])),
    "calls that nobody makes": ("ix_tasks_give_up_at", partial(attempts.find_unattended, limit=5)),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_walks_its_index(database_url: str, name: str) -> None:
    index, look = LOOKS[name]
    with connected(database_url) as db:
        db.execute(audit_entries.insert(), [_entry(number) for number in range(600)])
        db.execute(runs_table.insert(), [_run(number) for number in range(600)])
        db.execute(conditions_table.insert(), [_condition(number) for number in range(600)])
        db.execute(holds_table.insert(), [_hold(number) for number in range(600)])
        if db.dialect.name == "postgresql":
            for table in (audit_entries, runs_table, conditions_table, holds_table):
                db.execute(text(f"ANALYZE {table.name}"))
        for plan in plans(db, partial(look, db), for_all_values=True):
            assert index in plan
            check(plan)


def test_the_next_tasks_of_a_run_are_read_by_their_key(database_url: str) -> None:
    with connected(database_url) as db:
        db.execute(runs_table.insert(), [_run(0)])
        for plan in plans(db, lambda: bulk_runs.list_undone(db, 1, limit=5)):
            assert bulk_run_tasks.name in plan or "pk_bulk_run_tasks" in plan
            check(plan)
            assert "SCAN bulk_run_tasks" not in plan


def test_holds_of_a_task_are_found_by_it_and_by_its_tenant(database_url: str) -> None:
    with connected(database_url) as db:
        db.execute(holds_table.insert(), [_hold(number) for number in range(600)])
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE holds"))
        found: list[Hold] = []
        own, of_all = plans(
            db, lambda: found.extend(holds.list_of_task(db, "t-0", UUID(int=60), limit=5))
        )
    assert "ix_holds_task_id_key" in own
    assert "ix_holds_of_all" in of_all
    check(own)
    check(of_all)
    assert [one.task_id for one in found] == [None, UUID(int=60), None]


def test_holds_of_a_batch_are_looked_up_for_each_of_its_tasks(database_url: str) -> None:
    with connected(database_url) as db:
        made = fill(db, random.Random(1), 60)
        held, whole = made[3], next(one for one in made if one.tenant == "other")
        for tenant, id_ in ((held.tenant, held.id), ("other", None)):
            assert holds.add(db, tenant, id_, "a reason", now=NOW)
        db.execute(holds_table.insert(), [_hold(number) for number in range(600)])
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE holds"))
        rows = [
            EndedRow(WalkPlace(NOW, one.key), one.tenant, one.provider, one.state) for one in made
        ]
        found: list[set[int]] = []
        walks = driver_plans(db, lambda: found.append(holds.prepare_held(db, rows)()))
        assert found == [{one.key for one in made if one.tenant == "other" or one.id == held.id}]
        assert whole.key in found[0]
        for plan in walks:
            assert "ix_holds_" in plan
            assert "SCAN holds" not in plan
            check(plan)


def test_parents_of_a_batch_are_looked_up_for_each_of_its_tasks(database_url: str) -> None:
    with connected(database_url) as db:
        made = fill(db, random.Random(1), 60)
        open_ = made[0]
        parent = next(one for one in made if one.key != open_.key)
        db.execute(update(tasks_table).values(finished_at=NOW))
        named = update(tasks_table).where(tasks_table.c.key == open_.key)
        db.execute(named.values(parent_id=parent.id, finished_at=None))
        found: list[Droppable] = []
        keys = [one.key for one in made]
        walks = driver_plans(db, lambda: found.append(find_droppable_later(db, keys, lock=False)()))
        assert parent.key in found[0].needed
        assert len([plan for plan in walks if "ix_tasks_parent_id" in plan]) == 1
        for plan in walks:
            assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "")
            check(plan)


def _hold(number: int) -> dict[str, Any]:
    return {
        "tenant": f"t-{number % 60}",
        "task_id": UUID(int=number) if number % 100 else None,
        "reason": "r",
        "created_at": NOW,
    }


def _entry(number: int) -> dict[str, Any]:
    return {
        "tenant": f"t-{number % 60}",
        "at": NOW,
        "actor": "somebody",
        "action": f"a-{number % 7}",
        "target": f"o-{number % 50}",
        "number": 1,
        "request_id": "r",
    }


def _run(number: int) -> dict[str, Any]:
    return {
        "id": make_id(),
        "tenant": f"t-{number % 60}",
        "action": "cancel",
        "filter": {},
        "until": NOW,
        "matching": 1,
        "actor": "somebody",
        "state": "running" if number % 50 == 0 else "done",
        **dict.fromkeys(("done", "refused", "failed"), 0),
        "created_at": NOW,
        "updated_at": NOW + timedelta(seconds=number),
    }


def _condition(number: int) -> dict[str, Any]:
    return {
        "tenant": "default",
        "name": "callbacks_degraded",
        "provider": f"p-{number % 20}",
        "account": "main",
        "reason": "words",
        "raised_at": NOW,
        "cleared_at": NOW,
    }
