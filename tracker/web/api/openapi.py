"""The OpenAPI 3.1 document, built from the routes and what `operation` says of their handlers."""

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter
from starlette.routing import BaseRoute, Route

from tracker import __version__
from tracker.domain.event_types import EventType
from tracker.web.api import service_views
from tracker.web.api.event_views import EVENTS
from tracker.web.edge import problems
from tracker.web.edge.operation import OperationSpec, Param, ResponseSpec, find_operation

_SCHEMAS = "#/components/schemas/"
_REF = _SCHEMAS + "{model}"
_SHOWN = {
    f"{name}View": name
    for name in (
        "Account",
        "Artifact",
        "Attempt",
        "Change",
        "Condition",
        "Cost",
        "Delivery",
        "Dismissal",
        "Endpoint",
        "Evidence",
        "ForgeryKind",
        "Receipt",
        "Resubmitted",
        "Task",
        "TaskError",
        "UnknownWord",
    )
}
"""Schemas whose names in the document are older than their classes: clients are made of them."""
Mode = Literal["validation", "serialization"]

_DESCRIPTION = """\
Submit media-generation tasks, read their state and history, follow the change feed.

Errors are `application/problem+json` (RFC 9457) with a stable `type`. Lists are paged by opaque
cursors. Unknown query parameters are refused. What belongs to another tenant answers 404.
"""


def build_document(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """Return the document of every described route, in the order of the table."""
    found = list(list_operations(routes))
    refs, schemas = _build_schemas([spec for _, _, spec in found])
    paths: dict[str, dict[str, Any]] = {}
    for route, method, spec in found:
        item = paths.setdefault(_spell_path(route.path), {})
        item[method.lower()] = _build_operation(route, spec, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tracker",
            "version": __version__,
            "summary": "Webhook receiver and task tracker for media-generation APIs",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "webhooks": {type_.value: _build_webhook(type_, refs) for type_ in EventType},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key of `tracker keys create`, or a JWT (HS256) that is "
                    "signed with the secret key of a pair made by `tracker keys create --pair`.",
                },
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def list_operations(routes: Iterable[BaseRoute]) -> Iterable[tuple[Route, str, OperationSpec]]:
    """(route, method, what is said of it) of each described one."""
    for route in routes:
        if not isinstance(route, Route):
            continue
        spec = find_operation(route.endpoint)
        if spec is not None:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield route, method, spec


def _build_schemas(found: Sequence[OperationSpec]) -> tuple[Mapping[Any, Any], dict[str, Any]]:
    """Return references by (shape, mode), and what they refer to."""
    wanted: dict[tuple[Any, Mode], TypeAdapter[Any]] = {}
    for spec in found:
        if spec.body is not None:
            wanted[spec.body, "validation"] = _make_adapter(spec.body)
        for answer in spec.answers.values():
            if answer.shape is not None:
                wanted[answer.shape, "serialization"] = _make_adapter(answer.shape)
    for shape, _ in EVENTS.values():
        wanted[shape, "serialization"] = _make_adapter(shape)
    wanted[service_views.Problem, "serialization"] = _make_adapter(service_views.Problem)
    refs, defs = TypeAdapter.json_schemas(
        [(shape, mode, adapter) for (shape, mode), adapter in wanted.items()], ref_template=_REF
    )
    shown = _rename_schemas(defs["$defs"])
    return _rename_schemas(refs), {name: _tidy(schema) for name, schema in sorted(shown.items())}


@cache
def _make_adapter(shape: Any) -> TypeAdapter[Any]:
    """Make a shape's adapter, once in a process: it reads the source of each class in it."""
    return TypeAdapter(shape)


def _rename_schemas(found: Any) -> Any:
    """Name schemas as callers know them, in the keys and references of a document's part."""
    if isinstance(found, list):
        return [_rename_schemas(part) for part in found]
    if isinstance(found, dict):
        return {_SHOWN.get(name, name): _rename_schemas(value) for name, value in found.items()}
    if isinstance(found, str) and found.startswith(_SCHEMAS):
        name = found.removeprefix(_SCHEMAS)
        return _SCHEMAS + _SHOWN.get(name, name)
    return found


def _tidy(schema: Any) -> Any:
    """Leave out the titles that pydantic derives from names: they say nothing more."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _tidy(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _tidy(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }


def _build_operation(route: Route, spec: OperationSpec, refs: Mapping[Any, Any]) -> dict[str, Any]:
    text = inspect.cleandoc(route.endpoint.__doc__ or route.name)
    summary, _, rest = text.partition("\n\n")
    name = route.endpoint.__name__.strip("_").removesuffix("_" + spec.tag.removesuffix("s"))
    described_as: dict[str, Any] = {
        "operationId": f"{spec.tag}_{name}",
        "tags": [spec.tag],
        "summary": " ".join(summary.split()),
    }
    if rest:
        described_as["description"] = rest
    described_as["parameters"] = [
        *(_build_path_parameter(name) for name in re.findall(r"{(\w+)", route.path)),
        *(_build_parameter(param, "query") for param in spec.query),
        *(_build_parameter(param, "header") for param in spec.headers),
    ]
    if spec.body is not None:
        content: dict[str, Any] = {"schema": refs[spec.body, "validation"]}
        if spec.examples:
            content["examples"] = {name: {"value": v} for name, v in spec.examples.items()}
        described_as["requestBody"] = {"required": True, "content": {"application/json": content}}
    described_as["responses"] = {
        **{str(status): _answer(status, a, refs) for status, a in spec.answers.items()},
        **{str(status): _build_problem(status, refs) for status in _list_problems(route, spec)},
    }
    described_as["security"] = (
        [] if spec.scope is None else [{"bearer": [spec.scope]}, {"header": [spec.scope]}]
    )
    return described_as


_WEBHOOK_HEADERS = {
    "webhook-id": "The same on every attempt, and when sent again: recognise repeats by it.",
    "webhook-timestamp": "Unix seconds of this attempt.",
    "webhook-signature": "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several, "
    "separated by spaces, while a secret is rotated.",
}


def _build_webhook(type_: EventType, refs: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one event, as it is sent to an endpoint (OpenAPI 3.1, Webhooks Object)."""
    shape, summary = EVENTS[type_]
    media = {"application/json": {"schema": refs[shape, "serialization"]}}
    return {
        "post": {
            "operationId": f"webhook_{type_.value.replace('.', '_')}",
            "tags": ["webhooks"],
            "summary": summary,
            "parameters": [
                {**_build_parameter(Param(name, text), "header"), "required": True}
                for name, text in _WEBHOOK_HEADERS.items()
            ],
            "requestBody": {"required": True, "content": media},
            "responses": {
                "2XX": {"description": "Received. Anything else is tried again."},
                "410": {"description": "The endpoint wants nothing any more: it is disabled."},
            },
        }
    }


def _spell_path(path: str) -> str:
    """Spell a path without Starlette's convertors: `{rest:path}` becomes `{rest}`."""
    return re.sub(r":\w+}", "}", path)


def _build_path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _build_parameter(param: Param, place: str) -> dict[str, Any]:
    schema: Mapping[str, Any] = param.schema
    if param.repeatable:
        schema = {"type": "array", "items": schema}
    return {"name": param.name, "in": place, "description": param.description, "schema": schema}


def _answer(status: int, answer: ResponseSpec, refs: Mapping[Any, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if answer.shape is not None:
        body["content"] = {answer.media: {"schema": refs[answer.shape, "serialization"]}}
    elif answer.media != "application/json":
        body["content"] = {answer.media: {"schema": {"type": "string"}}}
    for media in answer.also:
        body["content"][media] = {"schema": {"type": "string"}}
    if answer.headers:
        body["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in answer.headers.items()
        }
    return body


def _build_problem(status: int, refs: Mapping[Any, Any]) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": refs[service_views.Problem, "serialization"]}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _list_problems(route: Route, spec: OperationSpec) -> list[int]:
    """Return the statuses that follow from what a route takes, and those that were named."""
    found = {400, 503, *spec.problems}  # an unknown parameter; the database away
    if spec.scope is not None:
        found |= {401, 403, 429}
    if "{" in route.path:
        found.add(404)
    if spec.body is not None:
        found |= {408, 413, 415, 422}
    return sorted(found - spec.answers.keys())


def format_document(document: Mapping[str, Any]) -> str:
    """Return the document as it is printed, served and committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
