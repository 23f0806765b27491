"""Figures of what must not pile up: over all tenants, by one statement that ends at a bound."""

import random
from collections import Counter
from dataclasses import replace
from functools import partial

from sqlalchemy import func, select, text

from tests.store.test_gapless_feed import STEP
from tests.store.test_listing import connected, fill
from tests.store.test_query_plans import plans
from tracker.domain.task import OPEN
from tracker.store import feed_head, sizes, transitions
from tracker.store.driver import bulk
from tracker.store.schema import transitions as table


def test_open_tasks_are_counted_by_state_over_all_tenants(database_url: str) -> None:
    with connected(database_url) as db:
        assert sizes.open_tasks(db, most=10) == dict.fromkeys(OPEN, 0)
        made = fill(db, random.Random(3), 200)
        counted = Counter(task.state for task in made if task.state in OPEN)
        assert sizes.open_tasks(db, most=1000) == dict.fromkeys(OPEN, 0) | counted
        of_tenants = Counter((task.state, task.tenant) for task in made if task.state in OPEN)
        bounded: Counter[str] = Counter()
        for (state, _), count in of_tenants.items():
            bounded[state] += min(count, 3)
        assert sizes.open_tasks(db, most=3) == dict.fromkeys(OPEN, 0) | bounded


def test_open_tasks_are_found_through_their_index(database_url: str) -> None:
    with connected(database_url) as db:
        fill(db, random.Random(3), 200)
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE tasks"))
        (plan,) = plans(db, partial(sizes.open_tasks, db, most=10))
    assert "ix_tasks_tenant_state_created_at_key" in plan
    assert "Seq Scan on tasks" not in plan
    assert "SCAN tasks" not in plan.replace("SCAN tasks USING", "")


def test_numbers_that_leapt_are_no_entries_that_a_chore_is_behind(database_url: str) -> None:
    with connected(database_url) as db:
        (task,) = fill(db, random.Random(3), 1)
        for leap in (0, feed_head.LEAP):
            db.execute(text("UPDATE feed_head SET seq = seq + :leap"), {"leap": leap})
            transitions.append(db, [(task, replace(STEP, version=2 + leap))])
            bulk.settle(db)
            counted = sizes.count_behind(db)["counting"]
            there = db.scalar(select(func.count()).select_from(table))
            assert counted == there
