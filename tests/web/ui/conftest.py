"""Chromium for the tests of the marker `browser`, which run in its thread."""

from collections.abc import Iterator

import pytest

from tests.support.browsing import Chromium


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
