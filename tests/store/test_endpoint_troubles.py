"""Why endpoints take nothing: the latest failure is found behind any backlog, by index."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from tests.store.test_listing import connected
from tests.store.test_query_plans import check, plans
from tracker.clock import make_id
from tracker.domain.delivery import Endpoint, EndpointState, get_endpoint_lane
from tracker.domain.delivery_trouble import Trouble
from tracker.domain.notices import EventFilter
from tracker.store import deliveries, endpoint_troubles, endpoints
from tracker.store.schema import deliveries as table

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
UNTRIED = 80
"""More than are looked at."""


def test_the_latest_failure_is_told_whatever_waits_before_it(database_url: str) -> None:
    with connected(database_url) as db:
        dead, gone, paused, ordered = (_endpoint(db, ordered=name == "o") for name in "dgpo")
        _owe(db, dead, turn=1, next_at=NOW, **_failed(1, 502, "HTTP 502"))
        _owe(db, dead, turn=1, next_at=SOON, **_failed(9, None, "ConnectError: refused"))
        _owe(db, gone, state="failed", **_failed(2, 410, "HTTP 410"))
        _owe(db, gone, state="delivered", last_attempt_at=NOW, last_status=200)
        for _ in range(UNTRIED):
            _owe(db, dead)
        _owe(db, paused)
        _owe(db, ordered)
        _owe(db, ordered, state="waiting")
        found = endpoint_troubles.list_troubles(db, [dead, gone, paused, ordered])
    told = [(found[one.key].kind, found[one.key].owed) for one in (dead, gone, paused, ordered)]
    assert told == [(Trouble.UNREACHABLE, UNTRIED + 2), (Trouble.GONE, 0), (None, 1), (None, 2)]
    assert found[dead.key].failed_at == NOW + timedelta(seconds=9)
    assert found[dead.key].error == "ConnectError: refused"


def test_troubles_walk_indexes(database_url: str) -> None:
    with connected(database_url) as db:
        one, *others = (_endpoint(db, ordered=True) for _ in range(30))
        for number in range(300):
            state = "pending" if number % 7 else "delivered"
            owner = one if number < 30 else others[number % len(others)]
            _owe(db, owner, turn=number % 2, state=state)
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE deliveries"))
        counted, behind, again, ended = plans(
            db, partial(endpoint_troubles.list_troubles, db=db, some=[one])
        )
        if db.dialect.name == "sqlite":  # PostgreSQL reads so few rows in the order of their keys
            assert "ix_deliveries_due" in counted
            assert "ix_deliveries_endpoint_key_key" in behind
            assert "ix_deliveries_endpoint_key_key" in ended
    assert "ix_deliveries_due" in again
    for plan in (behind, again, ended):
        check(plan)


def test_many_endpoints_take_no_more_statements_than_one(database_url: str) -> None:
    with connected(database_url) as db:
        some = [_endpoint(db, ordered=True) for _ in range(50)]
        for one in some:
            _owe(db, one, turn=1, **_failed(1, 502, "HTTP 502"))
        assert len(plans(db, partial(endpoint_troubles.list_troubles, db=db, some=some))) == 3
        found = endpoint_troubles.list_troubles(db, some)
    assert {(one.kind, one.owed) for one in found.values()} == {(Trouble.BREAKS, 1)}
    assert found.keys() == {one.key for one in some}


def _failed(second: int, status: int | None, error: str) -> dict[str, Any]:
    at = NOW + timedelta(seconds=second)
    return {"last_attempt_at": at, "last_status": status, "last_error": error, "attempts": 1}


def _endpoint(db: Connection, *, ordered: bool) -> Endpoint:
    new = Endpoint(
        key=0,
        id=make_id(),
        tenant="me",
        url="https://a.example/hook",
        filter=EventFilter(),
        secret=b"sealed",
        state_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        ordered=ordered,
        state=EndpointState.PAUSED,
    )
    endpoints.insert_one(db, new)
    made = endpoints.get(db, "me", new.id)
    assert made is not None
    return made


def _owe(db: Connection, one: Endpoint, **changed: Any) -> None:
    body = make_id()
    deliveries.insert_bodies(db, [(body, "me", b"{}")])
    row = {
        "id": make_id(),
        "tenant": "me",
        "event": "task.failed",
        "body_id": body,
        "endpoint_key": one.key,
        "lane": get_endpoint_lane(one.key),
        "state": "pending",
        "turn": 0,
        "next_at": NOW,
        "attempts": 0,
        "tries": 0,
        "created_at": NOW,
    }
    db.execute(table.insert().values(row | changed))
