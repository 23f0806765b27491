"""Which file a SQLite URL names."""

from pathlib import Path

import pytest

from tracker.store.driver.engine import find_sqlite_file


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////data/tracker.db", "/data/tracker.db"),
        ("sqlite:///data/tracker.db", "data/tracker.db"),
        ("sqlite:///file:/data/a%2520b.db?mode=ro&uri=true", "/data/a b.db"),
        ("sqlite:///file:data/tracker.db?uri=true", "data/tracker.db"),
        ("sqlite:///file:///data/tracker.db?uri=true", "/data/tracker.db"),
        ("sqlite:///file://localhost/data/tracker.db?uri=true", "/data/tracker.db"),
        ("sqlite:///file:odd.db", "file:odd.db"),
    ],
)
def test_the_file_of_a_url_is_found_however_it_is_spelt(url: str, path: str) -> None:
    assert find_sqlite_file(url) == Path(path)


def test_a_server_is_no_file() -> None:
    assert find_sqlite_file("postgresql://host/tracker") is None
