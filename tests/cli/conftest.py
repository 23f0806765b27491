"""A PATH for shells that run printed commands."""

from collections.abc import Iterator

import pytest

from tests.support.fork_server import put_tracker_on_path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the PATH of a shell whose `tracker` need not import anything first."""
    with put_tracker_on_path(tmp_path_factory.mktemp("bin")) as found:
        yield found
