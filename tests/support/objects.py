"""How a tenant comes by the objects that stand in paths: for tests that walk the route table."""

from collections.abc import Callable, Mapping

import httpx

from tests.support.requests import submit

MAKERS: Mapping[str, Callable[[httpx.Client], str]] = {
    "/v1/tasks/{id}": lambda http: str(submit(http)["id"]),
}
"""By the beginning of a path: makes one object as whoever the client is, and returns its id."""


def fill(path: str, http: httpx.Client) -> str:
    """A route's path with an object of the client's in it."""
    for beginning, make in MAKERS.items():
        if path.startswith(beginning):
            name = beginning.rpartition("{")[2].rstrip("}")
            return path.replace(f"{{{name}}}", make(http), 1)
    raise AssertionError(f"{path}: say in tests/support/objects.py how a tenant makes one")
