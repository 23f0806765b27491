"""Every body that the OpenAPI document shows is accepted, and answered as the document says."""

from typing import Any

import httpx
import pytest

from tracker.web.openapi import operations
from tracker.web.routes import ROUTES

EXAMPLES = [
    pytest.param(method, route.path, body, min(said.answers), id=f"{method} {route.path} {name}")
    for route, method, said in operations(ROUTES)
    for name, body in said.examples.items()
]


@pytest.mark.parametrize(("method", "path", "body", "status"), EXAMPLES)
def test_a_documented_example_is_accepted(
    http: httpx.Client, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
