"""One decorator per handler says everything about a route: who may, what goes in, what comes out.

The same words guard the route (scope, unknown parameters) and make docs/reference/openapi.json, so
that document and behaviour cannot differ. How to add a route: CONTRIBUTING.md.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from tracker.domain.access import Scope
from tracker.domain.errors import InvalidRequest
from tracker.domain.validation import field_errors
from tracker.web.edge import auth, query
from tracker.web.edge.body import read_json
from tracker.web.edge.state import services

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
class Answer:
    """One way in which an operation answers.

    shape:   a TypedDict or model; None for no body.
    media:   the content type.
    headers: names of headers that it carries, with what they mean.
    """

    shape: Any
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known about a handler.

    scope:    what the key must allow; None for everybody, with or without a key.
    tag:      the group that it is shown in.
    query:    parameters; any other one is refused.
    headers:  request headers that mean something here.
    body:     the model of a JSON body; `Any` for raw bytes.
    examples: bodies by name. Each is sent by a test and must be accepted.
    answers:  by status.
    problems: statuses of problem answers beyond those that follow from the rest.
    """

    scope: Scope | None
    tag: str
    query: Sequence[Param]
    headers: Sequence[Param]
    body: type[BaseModel] | None
    examples: Mapping[str, Mapping[str, Any]]
    answers: Mapping[int, Answer]
    problems: Sequence[int]


_DESCRIBED: dict[Any, Operation] = {}


def operation(  # noqa: PLR0913 - each is one thing to say, and nearly all have a default
    *,
    scope: Scope | None,
    tag: str,
    answers: Mapping[int, Any],
    query: Sequence[Param] = (),
    headers: Sequence[Param] = (),
    body: type[BaseModel] | None = None,
    examples: Mapping[str, Mapping[str, Any]] | None = None,
    problems: Sequence[int] = (),
) -> Callable[[Handler], "Guarded"]:
    """Describe a handler and guard it.

    answers: by status: a TypedDict, a model, None for no body, or an `Answer`.
    The other parameters: see Operation.

    The guard comes first: 401 and 403 by scope, 429 by rate, 400 for parameters nobody declared.
    The handler finds who asks by `state.principal(request)`, and the tenant by `state.tenant`.
    """
    described = Operation(
        scope=scope,
        tag=tag,
        query=query,
        headers=headers,
        body=body,
        examples=examples or {},
        answers={status: _answer(shape) for status, shape in answers.items()},
        problems=problems,
    )

    def mark(handler: Handler) -> Guarded:
        guarded = Guarded(handler, described)
        _DESCRIBED[guarded] = described
        return guarded

    return mark


async def read_body(request: Request, model: type[Model]) -> Model:
    """The JSON body as its model.

    Raises InvalidRequest naming every wrong field, and what `read_json` raises.
    """
    limits = services(request).limits
    body = await read_json(request, limit=limits.body_bytes, timeout_s=limits.body_timeout_s)
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(*field_errors(error)) from None


def described(endpoint: Any) -> Operation | None:
    """What was said about a route's endpoint; None when nothing was."""
    return _DESCRIBED.get(endpoint)


class Guarded:
    """A handler behind its guard, as an ASGI app: that spares each request Starlette's wrapping,
    which costs 15 µs, and each waiter 2 KB.
    """

    def __init__(self, handler: Handler, said: Operation) -> None:
        """Carries the handler's name and text."""
        update_wrapper(self, handler)
        self._handler = handler
        self._scope = said.scope
        self._known = {param.name for param in said.query}
        self._repeatable = {param.name for param in said.query if param.repeatable}
        self._prefixes = tuple(
            name.removesuffix("<key>") for name in self._known if name.endswith("<key>")
        )

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive, send)
        if self._scope is not None:
            await auth.admit(request, self._scope)
        query.check_known(
            request, self._known, repeatable=self._repeatable, prefixes=self._prefixes
        )
        response = await self._handler(request)
        await response(scope, receive, send)


def _answer(shape: Any) -> Answer:
    return shape if isinstance(shape, Answer) else Answer(shape)
