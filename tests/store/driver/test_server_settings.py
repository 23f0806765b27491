"""Settings that a role or a database has for its sessions change nothing that is acknowledged."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import Connection, text

from tests.support.databases import PostgresTemplate
from tests.support.pgbouncer import run_pgbouncer
from tracker.clock import ServerClock, SystemClock
from tracker.store.driver import bulk, encoding
from tracker.store.driver.engine import open_engine
from tracker.store.driver.line import WriteConnection
from tracker.store.probe import explain_outage, find_schema_problem

HOSTILE = {
    "client_encoding": "LATIN1",
    "datestyle": "German",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-15",
    "idle_session_timeout": "1min",
    "session_replication_role": "replica",
    "synchronous_commit": "on",
    "timezone": "Asia/Kathmandu",
    "transaction_timeout": "1min",
}
OURS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, DMY",
    "extra_float_digits": "1",
    "session_replication_role": "origin",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "transaction_isolation": "read committed",
    "transaction_timeout": "0",
}
WORD, NUMBER = "déjà 中文", 0.1 + 0.2


@pytest.fixture(scope="module")
def url(postgres_template: PostgresTemplate) -> Iterator[str]:
    with postgres_template.copy() as made:
        name = urlsplit(made).path[1:]
        with psycopg.connect(made, autocommit=True) as db:
            for setting, value in HOSTILE.items():
                db.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        yield made


@pytest.fixture(scope="module", params=["straight", "pooled"])
def reached_url(url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The database, straight or through a pooler."""
    if request.param == "straight":
        yield url
        return
    with run_pgbouncer(url, mode="transaction") as made:
        yield made


def _check(db: Connection) -> None:
    asked = text(
        "SELECT name, current_setting(name) FROM unnest(CAST(:names AS text[])) AS s (name)"
    )
    assert db.execute(asked, {"names": list(OURS)}).all() == list(OURS.items())
    row = db.execute(
        text("SELECT CAST(:word AS text), CAST(:number AS float), clock_timestamp()"),
        {"word": WORD, "number": NUMBER},
    ).one()
    assert tuple(row)[:2] == (WORD, NUMBER)
    statement = f"SELECT word, octet_length(word) FROM (VALUES ('{WORD}')) AS s (word) WHERE word"
    found = bulk.find(db, statement, [WORD], encoding.encode_texts)
    assert found == [(WORD, len(WORD.encode()))]


def test_no_setting_of_a_role_reaches_a_transaction(reached_url: str) -> None:
    clock = ServerClock(SystemClock())
    engine = open_engine(reached_url, pool_size=2, clock=clock)
    line = WriteConnection(engine)
    with engine.connect() as db:
        for _ in range(2):
            _check(db)
            db.rollback()
        _check(line.begin())
        line.roll_back()
    line.close()
    engine.dispose()
    assert abs((clock.now() - SystemClock().now()).total_seconds()) < 60


def test_durable_commits_are_fixed_for_the_session_and_idle_ones_are_kept(url: str) -> None:
    """A server's configuration that is loaded anew changes what a session has not set itself."""
    engine = open_engine(url, pool_size=1)
    names = ("synchronous_commit", "idle_session_timeout")
    with engine.connect() as db:
        asked = text("SELECT name, setting, source FROM pg_settings WHERE name = ANY(:names)")
        found = {tuple(row) for row in db.execute(asked, {"names": list(names)})}
    engine.dispose()
    assert found == {
        ("synchronous_commit", "on", "session"),
        ("idle_session_timeout", "0", "session"),
    }


def test_without_foreign_keys_that_its_user_may_switch_on_nothing_starts(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE ROLE plain LOGIN")
        plain = url.replace("postgres@", "plain@")
        problem, is_waited_for = find_schema_problem(plain), explain_outage(plain) is not None
        db.execute("DROP ROLE plain")
    assert not is_waited_for
    assert problem is not None
    assert "session_replication_role is replica" in problem


def test_a_database_that_lacks_characters_is_refused(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        problem = find_schema_problem(urlsplit(url)._replace(path="/latin1").geturl())
        db.execute("DROP DATABASE latin1")
    assert problem is not None
    assert "its encoding is LATIN1" in problem
