"""Sessions come into a table of keys, and leave it, with keys in it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tracker.clock import make_id
from tracker.domain.access import Scope
from tracker.store import keys, sessions
from tracker.store.driver.engine import open_engine
from tracker.store.keys import ApiKey
from tracker.store.migrate import build_alembic_config, upgrade
from tracker.store.sessions import NewSession

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
INSERT = text(
    "INSERT INTO api_keys (id, tenant, name, hint, digest, kind, scopes, created_at) "
    "VALUES (:id, 'mine', 'old', 'trk_abc…', :digest, :kind, 'tasks:read', :now)"
)
"""Written as code before the migration writes it."""


def test_keys_stay_sessions_go_and_code_before_runs_beside(database_url: str) -> None:
    command.downgrade(build_alembic_config(database_url), "0025")
    engine = open_engine(database_url)
    with engine.begin() as db:
        db.execute(INSERT, _row(db, b"1" * 32))
        with pytest.raises(IntegrityError), db.begin_nested():
            db.execute(INSERT, _row(db, b"2" * 32, kind="session"))
    upgrade(database_url)
    with engine.begin() as db:
        db.execute(INSERT, _row(db, b"3" * 32))  # a process of the release before makes a key
        old = keys.find(db, b"1" * 32)
        assert old is not None
        assert old.scopes == {Scope.TASKS_READ}
        new = NewSession(make_id(), old, b"4" * 32, NOW, NOW + timedelta(hours=1))
        sessions.insert_one(db, new)
        found = sessions.find(db, b"4" * 32)
        assert found is not None
        assert found.parent == old
        # A process of the release before finds a row that is no key, and refuses it.
        looked_up = text("SELECT kind FROM api_keys WHERE digest = :digest")
        assert db.execute(looked_up, {"digest": b"4" * 32}).scalar_one() == "session"
        with pytest.raises(IntegrityError), db.begin_nested():
            db.execute(INSERT, _row(db, b"5" * 32, kind="guest"))
    command.downgrade(build_alembic_config(database_url), "0025")
    with engine.begin() as db:
        kinds = db.scalars(text("SELECT kind FROM api_keys ORDER BY key")).all()
        assert kinds == ["key", "key"]
        if db.dialect.name == "sqlite":
            assert db.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
    upgrade(database_url)
    engine.dispose()


def test_a_session_is_no_key_for_any_statement_on_keys(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as db:
        rights = frozenset({Scope.ADMIN})
        keys.insert_one(db, ApiKey(make_id(), "mine", "ops", "trk_", b"1" * 32, "key", rights, NOW))
        parent = keys.find(db, b"1" * 32)
        assert parent is not None
        new = NewSession(make_id(), parent, b"2" * 32, NOW, NOW + timedelta(hours=1))
        sessions.insert_one(db, new)
        (session,) = sessions.list_by_key(db, range(parent.key, parent.key + 5)).values()
        assert keys.find(db, b"2" * 32) is None
        assert keys.find_by_id(db, new.id) is None
        assert list(keys.list_by_key(db, {parent.key, session.key})) == [parent.key]
        assert keys.list_all(db, tenant="mine") == [parent]
        assert keys.list_page(db, "mine", after=0, limit=9) == [parent]
        assert keys.revoke(db, [new.id], now=NOW) == set()
        assert sessions.find(db, b"1" * 32) is None
        sessions.end(db, [b"1" * 32, b"2" * 32], now=NOW)
        assert keys.find(db, b"1" * 32) == parent
        ended = sessions.find(db, b"2" * 32)
        assert ended is not None
        assert ended.ended_at == NOW
    engine.dispose()


def _row(db: Connection, digest: bytes, *, kind: str = "key") -> dict[str, Any]:
    id_ = make_id()
    is_sqlite = db.dialect.name == "sqlite"
    return {
        "id": id_.bytes if is_sqlite else id_,
        "digest": digest,
        "kind": kind,
        "now": NOW.strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else NOW,
    }
