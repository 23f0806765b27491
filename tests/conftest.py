"""Fixtures of every test: databases on SQLite and on PostgreSQL."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import PostgresTemplate, SqliteTemplate
from tests.support.postgres import PostgresServer

# Where the tests are started in the background of a shell, SIGINT is ignored, and so it would be by
# every command that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """The server that TRACKER_TEST_DATABASE_URL names, else one that is started here."""
    named = os.environ.get("TRACKER_TEST_DATABASE_URL")
    if named:
        yield named
        return
    server = PostgresServer()
    try:
        yield server.start().url()
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres_template(postgres_server_url: str) -> Iterator[PostgresTemplate]:
    template = PostgresTemplate(postgres_server_url)
    yield template
    template.close()


@pytest.fixture
def sqlite_url(sqlite_template: SqliteTemplate, tmp_path: Path) -> str:
    return sqlite_template.copy(tmp_path)


@pytest.fixture
def postgres_url(postgres_template: PostgresTemplate) -> Iterator[str]:
    with postgres_template.copy() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
