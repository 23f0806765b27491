"""One decorator per handler says everything about a route: who may, what goes in, what comes out.

The same words guard the route (scope, unknown parameters) and make docs/reference/openapi.json, so
that document and behaviour cannot differ. How to add a route: CONTRIBUTING.md.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from tracker.domain.access import Principal, Scope
from tracker.domain.errors import MOST_NAMED, FieldError, InvalidRequest
from tracker.domain.validation import REASONS, list_field_errors
from tracker.store.driver import acting
from tracker.store.driver.acting import ActorAction
from tracker.telemetry.logs import REQUEST_ID
from tracker.web.edge import auth, query
from tracker.web.edge.body import read_json
from tracker.web.edge.state import get_services
from tracker.web.edge.whole_answers import answer_with

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Param:
    """A query parameter or a request header.

    name:        with `<key>` at its end it stands for all that begin so.
    schema:      JSON Schema of one value; `type: integer` where the text must be one.
    repeatable:  may come more than once; all values count.
    """

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """One way in which an operation answers.

    shape:   a TypedDict or model; None for no body.
    media:   the content type.
    headers: names of headers that it carries, with what they mean.
    also:    further content types in which the caller may have it, as text.
    """

    shape: Any
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """The description of a handler: its access, parameters, body and answers.

    scope:    what the key must allow; None for everybody, with or without a key.
    tag:      the group that it is shown in.
    query:    parameters; any other one is refused.
    headers:  request headers that mean something here.
    body:     the model of a JSON body; `Any` for raw bytes.
    body_bytes: the most that a body may have; None for TRACKER_MAX_BODY_BYTES alone, which always
              holds too.
    examples: bodies by name. Each is sent by a test and must be accepted.
    answers:  by status.
    problems: statuses of problem answers beyond those that follow from the rest.
    action:   its name in the audit; None where what it does is not written down there.
    counts:   how many objects one write of the action was about; see `acting.Act`.
    """

    scope: Scope | None
    tag: str
    query: Sequence[Param]
    headers: Sequence[Param]
    body: type[BaseModel] | None
    body_bytes: int | None
    examples: Mapping[str, Mapping[str, Any]]
    answers: Mapping[int, ResponseSpec]
    problems: Sequence[int]
    action: str | None
    counts: Callable[[Any], int] | None


SMALL_BODY = 64 * 1024
"""Bytes of a body that carries no pictures and no long lists."""
_DESCRIBED: dict[Any, OperationSpec] = {}


def describe_operation(  # noqa: PLR0913 - each is one thing to say, and nearly all have a default
    *,
    scope: Scope | None,
    tag: str,
    answers: Mapping[int, Any],
    query: Sequence[Param] = (),
    headers: Sequence[Param] = (),
    body: type[BaseModel] | None = None,
    body_bytes: int | None = SMALL_BODY,
    examples: Mapping[str, Mapping[str, Any]] | None = None,
    problems: Sequence[int] = (),
    action: str | None = None,
    counts: Callable[[Any], int] | None = None,
) -> Callable[[Handler], "GuardedHandler"]:
    """Describe a handler and guard it.

    answers: by status: a TypedDict, a model, None for no body, or a `ResponseSpec`.
    The other parameters: see OperationSpec.

    The guard comes first: 401 and 403 by scope, 429 by rate, 400 for parameters nobody declared.
    The handler finds who asks by `state.principal(request)`, and the tenant by `state.tenant`.
    """
    described = OperationSpec(
        scope=scope,
        tag=tag,
        query=query,
        headers=headers,
        body=body,
        body_bytes=body_bytes,
        examples=examples or {},
        answers={status: _answer(shape) for status, shape in answers.items()},
        problems=problems,
        action=action,
        counts=counts,
    )

    def mark(handler: Handler) -> GuardedHandler:
        guarded = GuardedHandler(handler, described)
        _DESCRIBED[guarded] = described
        return guarded

    return mark


async def read_body(request: Request, model: type[Model]) -> Model:
    """Read the JSON body as its model, up to the size that the operation declares.

    Raises InvalidRequest naming the wrong fields, and what `read_json` raises.
    """
    limits, declared = get_services(request).limits, request.scope["state"]["body_bytes"]
    limit = limits.body_bytes if declared is None else min(declared, limits.body_bytes)
    body = await read_json(request, limit=limit, timeout_s=limits.body_timeout_s)
    known = model.model_fields
    unknown = [name for name in body if name not in known]
    if len(unknown) > MOST_NAMED and model.model_config.get("extra") == "forbid":
        # Validation would make a finding of each, which takes long for very many.
        named = [FieldError(name, "there is no such field") for name in unknown[:MOST_NAMED]]
        raise InvalidRequest(*named, omitted=len(unknown) - MOST_NAMED)
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(*_name_known(list_field_errors(error, body), unknown, known)) from None


def _name_known(
    errors: Sequence[FieldError], unknown: Collection[str], known: Collection[str]
) -> list[FieldError]:
    """Return findings of a body; those of fields that it has too many name the ones there are."""
    listed = ", ".join(sorted(known))
    return [
        FieldError(one.path, f"there is no such field; known here: {listed}")
        if one.path in unknown and one.reason == REASONS["extra_forbidden"]
        else one
        for one in errors
    ]


def find_operation(endpoint: Any) -> OperationSpec | None:
    """Return the description of a route's endpoint; None when it has none."""
    return _DESCRIBED.get(endpoint)


class GuardedHandler:
    """A handler behind its guard, as an ASGI app: that spares each request Starlette's wrapping,
    which costs 15 µs, and each waiter 2 KB.
    """

    def __init__(self, handler: Handler, spec: OperationSpec) -> None:
        """Carries the handler's name and text."""
        update_wrapper(self, handler)
        self._handler = handler
        self._scope = spec.scope
        self._action, self._counts = spec.action, spec.counts
        self._body_bytes = spec.body_bytes
        self._known = {param.name for param in spec.query}
        self._repeatable = {param.name for param in spec.query if param.repeatable}
        self._prefixes = tuple(
            name.removesuffix("<key>") for name in self._known if name.endswith("<key>")
        )

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive, send)
        scope["state"]["body_bytes"] = self._body_bytes
        if self._scope is not None:
            principal = await auth.admit(request, self._scope)
            if self._action is not None:
                acting.begin(act_of(request, principal, self._action, self._counts))
        query.check_known(
            request, self._known, repeatable=self._repeatable, prefixes=self._prefixes
        )
        await answer_with(await self._handler(request), scope, receive, send)


def act_of(
    request: Request, principal: Principal, action: str, counts: Callable[[Any], int] | None
) -> ActorAction:
    """Return the action of a request; its target is the id in the path, where there is one."""
    named = request.path_params.get("id")
    id_ = None if named is None else query.parse_uuid(named)
    return ActorAction(
        tenant=principal.tenant,
        actor=principal.actor,
        action=action,
        target=named if id_ is None else str(id_),
        request_id=REQUEST_ID.get(),
        count=counts,
    )


def _answer(shape: Any) -> ResponseSpec:
    return shape if isinstance(shape, ResponseSpec) else ResponseSpec(shape)
