"""Figures of endpoints: of the latest attempts of each, and what each is owed."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, insert

from tracker.clock import make_id
from tracker.domain.delivery import DeliveryState, Endpoint
from tracker.domain.notices import EventFilter
from tracker.store import deliveries, endpoint_figures, endpoints
from tracker.store.deliveries import NewDelivery
from tracker.store.driver.engine import open_engine
from tracker.store.schema import deliveries as table
from tracker.store.schema import delivery_attempts

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _endpoint(db: Connection, tenant: str) -> int:
    return endpoints.insert_one(
        db,
        Endpoint(
            key=0,
            id=make_id(),
            tenant=tenant,
            url="https://a.example/",
            filter=EventFilter(),
            secret=b"x",
            state_at=NOW,
            created_at=NOW,
            updated_at=NOW,
        ),
    )


def _owe(
    db: Connection, tenant: str, endpoint: int | None, *answers: tuple[int | None, int]
) -> None:
    """Owe one delivery, with attempts of these statuses and latencies."""
    body, id_ = make_id(), make_id()
    deliveries.insert_bodies(db, [(body, tenant, b"{}")])
    url = None if endpoint else "https://b.example/"
    new = NewDelivery(id_, tenant, "task.failed", body, "lane", NOW, endpoint_key=endpoint, url=url)
    deliveries.insert_many(db, [new])
    (key,) = deliveries.lock(db, tenant, [id_]).values()
    for status, latency in answers:
        made = {"tenant": tenant, "delivery_key": key, "at": NOW, "latency_ms": latency}
        made |= {"status": status, "error": "it hung up" if status is None else None}
        db.execute(insert(delivery_attempts).values(made))


def test_attempts_and_what_is_owed_are_told_by_endpoint_and_tenant(db: Connection) -> None:
    mine, quiet, others = (_endpoint(db, name) for name in ("me", "me", "them"))
    for latency in range(1, 20):
        _owe(db, "me", mine, (200, latency))
    _owe(db, "me", mine, (502, 500), (None, 9_000))
    _owe(db, "me", None, (500, 1))
    _owe(db, "them", others, (500, 1))
    for found in (
        endpoint_figures.count_latest(db, "me"),
        endpoint_figures.count_latest(db, "me", endpoint_key=mine),
    ):
        assert set(found) == {mine}
        figures = found[mine]
        assert (figures.attempts, figures.accepted) == (21, 19)
        assert figures.p95_ms == 19  # of the 20 that were answered
    assert endpoint_figures.count_latest(db, "me", endpoint_key=quiet) == {}
    owed, is_whole = endpoint_figures.count_owed(db, "me")
    assert (dict(owed), is_whole) == ({mine: 20}, True)
    db.execute(table.update().values(state=DeliveryState.DELIVERED.value))
    assert endpoint_figures.count_owed(db, "me")[0] == {}


def test_counting_what_is_owed_has_an_end(db: Connection) -> None:
    endpoint = _endpoint(db, "me")
    for _ in range(5):
        _owe(db, "me", endpoint)
    owed, is_whole = endpoint_figures.count_owed(db, "me", most=3)
    assert (owed[endpoint], is_whole) == (3, False)
