"""Open deliveries of the version before stay open, with their ids and bytes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from alembic import command
from sqlalchemy import Connection, text

from tracker.clock import make_id
from tracker.store.deliveries import list_of_task
from tracker.store.delivery_queue import claim, list_lanes
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import build_alembic_config, upgrade

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DUE = NOW + timedelta(hours=1)


def test_what_was_owed_before_is_owed_after(database_url: str) -> None:
    command.downgrade(build_alembic_config(database_url), "0002")
    engine = open_engine(database_url)
    with engine.begin() as db:
        task, owed, done = make_id(), make_id(), make_id()
        key = _insert_task(db, task)
        _insert_delivery(db, owed, key, version=1, state="pending", attempts=2)
        _insert_delivery(db, done, key, version=2, state="delivered", attempts=1)
        db.execute(
            text(
                "INSERT INTO jobs (tenant, kind, task_key, delivery_key, dedup_key, lane, run_at, "
                "attempts, created_at) SELECT 'default', 'deliver', task_key, key, 'd', 'x', :due, "
                "2, created_at FROM deliveries WHERE version = 1"
            ),
            {"due": _bound(db, DUE)},
        )
    upgrade(database_url)
    with engine.begin() as db:
        before, after = list_of_task(db, key)
        assert (before.id, before.state, before.attempts) == (owed, "pending", 2)
        assert (before.event, before.url) == ("task.submitted", "https://hooks.example:8443/done")
        assert before.next_at == DUE
        assert (after.id, after.state, after.event) == (done, "delivered", "task.failed")
        (lane,) = list_lanes(db)
        assert (lane.name, lane.due_at) == ("default https://hooks.example:8443", DUE)
        until = DUE + timedelta(minutes=1)
        (claimed,) = claim(db, {lane.name: 5}, token="t", now=DUE, until=until)
        assert (claimed.id, claimed.body, claimed.tries) == (owed, b"owed 1", 2)
        assert db.scalar(text("SELECT count(*) FROM jobs")) == 0
    engine.dispose()


def _insert_task(db: Connection, id_: UUID) -> int:
    at = _bound(db, NOW)
    db.execute(
        text(
            "INSERT INTO tasks (id, tenant, provider, account, operation, external_task_id, state, "
            "version, overdue, slots, slots_held, absences, created_at, updated_at) VALUES "
            "(:id, 'default', 'kling', 'default', 'videos/text2video', 'x', 'failed', 2, false, 1, "
            "0, 0, :at, :at)"
        ),
        {"id": _bound(db, id_), "at": at},
    )
    key: int = db.execute(text("SELECT key FROM tasks")).scalar_one()
    for version, state in enumerate(("submitted", "failed"), start=1):
        db.execute(
            text(
                "INSERT INTO transitions (tenant, task_key, version, to_state, kind, source, at) "
                "VALUES ('default', :key, :version, :state, 'created', 'client', :at)"
            ),
            {"key": key, "version": version, "state": state, "at": at},
        )
    return key


def _insert_delivery(
    db: Connection, id_: UUID, task_key: int, *, version: int, state: str, attempts: int
) -> None:
    db.execute(
        text(
            "INSERT INTO deliveries (id, tenant, task_key, version, url, body, state, attempts, "
            "created_at) VALUES (:id, 'default', :task, :version, "
            "'https://hooks.example:8443/done', :body, :state, :attempts, :at)"
        ),
        {
            "id": _bound(db, id_),
            "task": task_key,
            "version": version,
            "body": f"owed {version}".encode(),
            "state": state,
            "attempts": attempts,
            "at": _bound(db, NOW),
        },
    )


def _bound(db: Connection, value: Any) -> Any:
    """Return the value in the form that the database's driver takes."""
    if db.dialect.name == "postgresql":
        return value
    return value.bytes if isinstance(value, UUID) else value.strftime("%Y-%m-%d %H:%M:%S.%f")
