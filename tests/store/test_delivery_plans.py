"""Deliveries are found through their indexes: what is owed elsewhere, or has ended, is not read."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from tracker.clock import make_id
from tracker.domain.delivery import AttemptResult, DeliveryOutcome, DeliveryState
from tracker.domain.work import JobKind
from tracker.store import deliveries, delivery_queue, due_jobs
from tracker.store.deliveries import DeliveryFilter, NewDelivery
from tracker.store.delivery_queue import AttemptedDelivery
from tracker.store.driver.engine import open_engine

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=1)
LANES = [f"default http://{n}.example" for n in range(6)]
EACH = 40


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    """Open a database with deliveries to several destinations, half of them delivered."""
    engine = open_engine(database_url)
    with engine.connect() as connection, connection.begin():
        _fill(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE deliveries"))
            # So few rows are quicker read through and sorted.
            for knob in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
                connection.execute(text(f"SET LOCAL enable_{knob} = off"))
        yield connection
    engine.dispose()


def test_destinations_are_found_by_leaps_through_the_index(db: Connection) -> None:
    (plan,) = _plans(db, lambda: delivery_queue.list_lanes(db))
    assert "ix_deliveries_due" in plan
    _check(plan)
    assert [lane.name for lane in delivery_queue.list_lanes(db)] == LANES


def test_whether_anything_is_owed_is_one_look_however_much_is_delivered(db: Connection) -> None:
    (plan,) = _plans(db, lambda: due_jobs.count_due(db, now=NOW))
    assert "ix_deliveries_due" in plan
    assert "ix_bulk_runs_running" in plan
    _check(plan)
    assert due_jobs.count_due(db, now=NOW).kinds == {JobKind.DELIVER}


def test_what_is_due_of_a_destination_is_read_in_order_and_no_further(db: Connection) -> None:
    asked = dict.fromkeys(LANES[:2], 8)
    ripe, *_ = _plans(db, lambda: delivery_queue.claim(db, asked, token="t", now=NOW, until=UNTIL))
    assert "ix_deliveries_due" in ripe
    _check(ripe)


@pytest.mark.parametrize("states", [(), (DeliveryState.PENDING,)])
def test_a_list_is_read_in_order_and_no_further(
    db: Connection, states: tuple[DeliveryState, ...]
) -> None:
    filter_ = DeliveryFilter("default", states=states)
    (plan,) = _plans(db, lambda: deliveries.list_page(db, filter_, before=10_000, limit=5))
    _check(plan)


def _fill(db: Connection) -> None:
    for lane in LANES:
        body = make_id()
        deliveries.insert_bodies(db, [(body, "default", b"{}")])
        url = lane.partition(" ")[2]
        made = [
            NewDelivery(make_id(), "default", "task.succeeded", body, lane, NOW, url=url)
            for _ in range(EACH)
        ]
        deliveries.insert_many(db, made)
    half = dict.fromkeys(LANES, EACH // 2)
    claimed = delivery_queue.claim(db, half, token="t", now=NOW, until=UNTIL)
    assert len(claimed) == len(LANES) * EACH // 2
    done = AttemptResult(NOW, 1, status=200)
    outcome = DeliveryOutcome(DeliveryState.DELIVERED)
    delivery_queue.settle(db, [AttemptedDelivery(one, done, outcome) for one in claimed], now=NOW)


def _plans(db: Connection, do: Callable[[], object]) -> list[str]:
    """Return how the database carries out each statement."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db, "before_cursor_execute", note)
    do()
    event.remove(db, "before_cursor_execute", note)
    explain = "EXPLAIN " if db.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    return [
        "\n".join(str(row) for row in db.exec_driver_sql(explain + statement, parameters))
        for statement, parameters in sent
    ]


def _check(plan: str) -> None:
    """The table is not read through, and nothing is sorted."""
    assert "Seq Scan on deliveries" not in plan
    assert "SCAN deliveries" not in plan.replace("SCAN deliveries USING", "")
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
