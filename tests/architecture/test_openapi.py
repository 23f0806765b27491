"""The OpenAPI document: valid, committed, and whole."""

from collections.abc import Iterable
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import BaseRoute, Route

from docs import draw
from tests.support.description import copy_document
from tracker.domain.event_types import EventType
from tracker.web.api.openapi import list_operations
from tracker.web.edge.operation import find_operation
from tracker.web.fronts.host import FrontHost
from tracker.web.routes import ROUTES

DOCUMENT = copy_document()


def _named(routes: Iterable[BaseRoute]) -> list[Any]:
    return [
        pytest.param(route, id=f"{method} {route.path}")
        for route in routes
        if isinstance(route, Route)
        if route.path.startswith("/v1/") and not isinstance(route.endpoint, FrontHost)
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]


def test_what_is_committed_is_what_the_routes_say() -> None:
    assert draw.OPENAPI.read_text() == draw.openapi(), "run `make docs`"


def test_the_document_is_valid() -> None:
    errors = OpenAPIV31SpecValidator(DOCUMENT).iter_errors()
    assert [str(error) for error in errors] == []


@pytest.mark.parametrize("route", _named(ROUTES))
def test_every_route_of_the_api_is_described_and_guarded(route: Route) -> None:
    said = find_operation(route.endpoint)
    assert said is not None, "it needs @describe_operation(...): see CONTRIBUTING.md, Add a route"
    assert said.scope is not None
    assert route.endpoint.__doc__


def test_no_two_operations_have_one_name() -> None:
    names = [
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    ]
    assert len(names) == len(set(names)) == len(list(list_operations(ROUTES)))


def test_submitting_comes_first_and_each_event_is_a_webhook() -> None:
    assert next(iter(DOCUMENT["paths"])) == "/v1/tasks"
    assert list(DOCUMENT["webhooks"]) == [type_.value for type_ in EventType]


@pytest.mark.parametrize(
    ("name", "schema"), DOCUMENT["components"]["schemas"].items(), ids=lambda value: str(value)[:40]
)
def test_every_shape_says_what_it_is(name: str, schema: dict[str, Any]) -> None:
    assert schema.get("description") or "enum" in schema, name
