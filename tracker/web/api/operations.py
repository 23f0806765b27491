"""/v1/operations: what can be submitted, with the JSON Schema of each input."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider
from tracker.web.api.views import EXACT
from tracker.web.edge import query
from tracker.web.edge.operation import Param, describe_operation
from tracker.web.edge.state import Services, get_services


@with_config(EXACT)
class SubmittableOperation(TypedDict):
    """An operation that some account serves."""

    provider: str
    operation: str
    schema: dict[str, Any]
    """JSON Schema (2020-12) of `input`. What depends on several fields at once only the submission
    tells."""
    example: dict[str, Any] | None
    """An input that is accepted."""


@with_config(EXACT)
class OperationList(TypedDict):
    """Every operation, by provider and name."""

    operations: list[SubmittableOperation]


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="providers",
    query=[
        Param("provider", "Only operations of this provider."),
        Param("operation", "Only this operation, of every provider that has it."),
    ],
    answers={200: OperationList},
)
async def list_operations(request: Request) -> Response:
    """List what can be submitted through the accounts of this service, with schemas and examples.

    Operations that are named by their caller, such as a model of a catalogue, are not listed.
    """
    provider, name = query.read_text(request, "provider"), query.read_text(request, "operation")
    found = [
        one for one in collect(get_services(request), provider) if name in (None, one["operation"])
    ]
    return JSONResponse({"operations": found})


def collect(our: Services, provider: str | None = None) -> list[SubmittableOperation]:
    """Return what can be submitted, by provider and name. provider: None for all."""
    return [
        one
        for owner in sorted({owner for owner, _ in our.accounts})
        if provider in (None, owner)
        for one in _list_operations(our.providers[owner], our.accounts)
    ]


def _list_operations(
    provider: Provider, accounts: Mapping[tuple[str, str], Account]
) -> Iterator[SubmittableOperation]:
    own = [account for (owner, _), account in accounts.items() if owner == provider.name]
    for name in sorted(provider.submits.operations):
        model = provider.submits.get_input_model(name)
        if model is None or all(
            provider.submits.explain_unserved(one, name) is not None for one in own
        ):
            continue
        examples = (one for one in provider.examples.values() if one["operation"] == name)
        example = next(examples, None)
        yield {
            "provider": provider.name,
            "operation": name,
            "schema": _build_schema(model),
            "example": None if example is None else dict(example["input"]),
        }


@cache
def _build_schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)
