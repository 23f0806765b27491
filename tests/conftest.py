"""Fixtures of every test: databases on SQLite and on PostgreSQL."""

import gc
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from hypothesis import settings

from tests.support.databases import PostgresTemplate, SqliteTemplate
from tests.support.fork_server import Shared
from tests.support.memory import find_memory_folder
from tests.support.postgres import PostgresServer

pytest_plugins = ["tests.support.forking"]

# At the interpreter's own thresholds, the garbage collector took an eighth of the processor time of
# collection, and 3 to 7 % of that of the tests.
gc.set_threshold(50_000, 20, 50)

# Where the tests are started in the background of a shell, SIGINT is ignored, and so it would be by
# every command that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Every client of httpx and every service reads a list of authorities when it is made: 30 ms of
# processor time for the whole list, thousands of times in a run. The tests speak to nobody outside.
NO_AUTHORITY = Path(__file__).parent / "support" / "one_authority.pem"
os.environ["SSL_CERT_FILE"] = str(NO_AUTHORITY)
certifi.where = lambda: str(NO_AUTHORITY)

# No example has a time that it must keep: the machine's pace is no property of ours.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

if memory := find_memory_folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let all processes that run tests fork services from one, which imports once.

    No garbage is collected until all tests are: it took a quarter of the time of their collection.
    """
    gc.disable()
    if session.config.option.processes > 1:
        session.config.add_cleanup(Shared().close)


def pytest_collection_finish() -> None:
    """Leave out of every later garbage collection what stays until the end anyway.

    Thousands of tests and the libraries' classes: walking through them again and again took a
    quarter of some tests' time, and fell into what others measure. The garbage among them stays
    too: finding it took 0.8 s in which no test ran.
    """
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def logging_stays() -> Iterator[None]:
    """Undo what a test does to logging: commands that it runs in this process configure it."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    if root.handlers != handlers:
        root.handlers[:] = handlers


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
        yield server.start().build_url()
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


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database that the tests of one file share; each test runs once on each kind."""
    if request.param == "sqlite":
        sqlite: SqliteTemplate = request.getfixturevalue("sqlite_template")
        yield sqlite.copy(tmp_path_factory.mktemp("shared"))
        return
    postgres: PostgresTemplate = request.getfixturevalue("postgres_template")
    with postgres.copy() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
