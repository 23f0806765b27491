"""Chromium for tests of the marker `browser`, which run in its thread; clients who signed in."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.browsing import Chromium
from tests.support.dashboard import Person, open_session, sign_in
from tests.support.keys import build_bearer
from tests.web.conftest import Shared, idle_service


class SharedDashboard(Shared):
    """A service whose clients may use the API by their keys, and the dashboard by their cookies."""

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        with super().client() as client:
            sign_in(client, client.headers["authorization"].removeprefix("Bearer "))
            yield client


@pytest.fixture(scope="module")
def shared_idle(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    """Web alone, for all tests of a file."""
    with idle_service(shared_database_url, tmp_path_factory.mktemp("idle")) as url:
        yield SharedDashboard(url, shared_database_url)


@pytest.fixture(scope="module")
def operator(shared_idle: Shared) -> Iterator[Person]:
    """Somebody of the operator's tenant, whose are callbacks of unknown tasks."""
    with open_session(shared_idle.url, shared_idle.database_url) as one:
        yield one


@pytest.fixture
def person(shared_idle: Shared) -> Iterator[Person]:
    """Somebody who has signed in for one test."""
    with open_session(shared_idle.url, shared_idle.database_url) as one:
        yield one


@pytest.fixture(scope="module")
def api(operator: Person) -> Iterator[httpx.Client]:
    """The API for the operator's key."""
    with httpx.Client(
        base_url=operator.http.base_url,
        headers=build_bearer(operator.key),
        trust_env=False,
        timeout=60,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser of this process."""
    made = Chromium()
    yield made
    made.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that drives the browser in the browser's thread."""
    if pyfuncitem.get_closest_marker("browser") is None:
        return None
    made = pyfuncitem.funcargs["chromium"]
    assert isinstance(made, Chromium)
    names = pyfuncitem._fixtureinfo.argnames
    made.call(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True
