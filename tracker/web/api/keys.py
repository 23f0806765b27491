"""/v1/keys: the API keys of a tenant. A key is shown once, when it is made."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.domain.rendering import format_instant
from tracker.services.access.keys import NO_SUCH_KEY, Grant
from tracker.store import keys
from tracker.store.keys import ApiKey
from tracker.web.api import examples
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import answer_page, read_position
from tracker.web.edge.state import get_services, get_tenant

MAX_PAGE = 500


class NewKeyBody(BaseModel):
    """`POST /v1/keys`."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(max_length=100)] = ""
    """For people: history and audit show it."""
    scopes: Annotated[
        list[Annotated[Scope, Field(strict=False)]], Field(min_length=1, max_length=10)
    ] = [Scope.TASKS_READ, Scope.TASKS_WRITE]
    per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests a minute; null: the limit of the service."""
    kind: Literal["key", "pair"] = "key"
    """`pair`: an access key and a secret key, for clients that sign JWTs."""


@with_config(EXACT)
class KeyView(TypedDict):
    """An API key, without anything that would let somebody in."""

    id: Uuid
    name: str
    kind: Literal["key", "pair"]
    hint: str
    """Its first characters; of a pair the access key."""
    scopes: list[Scope]
    per_minute: int | None
    created_at: Instant
    last_used_at: Instant | None
    revoked_at: Instant | None


@with_config(EXACT)
class KeyPage(TypedDict):
    """A page of keys, oldest first, revoked ones too."""

    keys: list[KeyView]
    next_cursor: str | None


@with_config(EXACT)
class IssuedKey(KeyView):
    """A new key. What lets somebody in is in this answer and nowhere else."""

    key: str | None
    """Null for a pair."""
    access_key: str | None
    secret_key: str | None
    """Null but for a pair."""


@describe_operation(
    scope=Scope.ADMIN,
    tag="keys",
    query=[
        params.define_limit(default=100, high=MAX_PAGE),
        Param("after", "`next_cursor` of the page before."),
    ],
    answers={200: ResponseSpec(KeyPage, headers={"Link": 'The next page, as `rel="next"`.'})},
)
async def list_(request: Request) -> Response:
    """A page of the tenant's API keys, oldest first, revoked ones too."""
    limit = query.read_integer(request, "limit", default=100, low=1, high=MAX_PAGE)
    owner, scope = get_tenant(request), f"keys {get_tenant(request)}"
    after = read_position(request, scope=scope, name="after") or 0
    found = await get_services(request).store.read(
        lambda db: keys.list_page(db, owner, after=after, limit=limit + 1)
    )
    last = found[limit - 1].key if len(found) > limit else None
    body = {"keys": [_build_view(one) for one in found[:limit]]}
    return answer_page(request, body, last=last, scope=scope, name="after")


@describe_operation(
    action="keys.create",
    scope=Scope.ADMIN,
    tag="keys",
    body=NewKeyBody,
    examples=examples.KEY,
    answers={201: IssuedKey},
)
async def create(request: Request) -> Response:
    """Create a key of the tenant's. It is shown once: only its hash is kept.

    Where no key was ever made, every request needs one from then on.
    """
    body = await read_body(request, NewKeyBody)
    if not body.name.isprintable():
        raise InvalidRequest(FieldError("name", "must be printable"))
    ours = get_services(request).keys
    grant = Grant(get_tenant(request), frozenset(body.scopes), body.name, body.per_minute)
    is_pair = body.kind == "pair"
    issued = await (ours.create_pair(grant) if is_pair else ours.create_key(grant))
    told: IssuedKey = {
        **_build_view(issued.row),
        "key": None if is_pair else issued.secret,
        "access_key": issued.access_key,
        "secret_key": issued.secret if is_pair else None,
    }
    return JSONResponse(told, 201, headers={"cache-control": "no-store"})


@describe_operation(action="keys.revoke", scope=Scope.ADMIN, tag="keys", answers={204: None})
async def revoke(request: Request) -> Response:
    """Revoke a key of the tenant's. Every process refuses it within seconds."""
    id_ = query.read_path_id(request, NotFound(NO_SUCH_KEY))
    found = await get_services(request).keys.get(get_tenant(request), id_)
    await get_services(request).keys.revoke(found.id)
    return Response(status_code=204)


def _build_view(one: ApiKey) -> KeyView:
    return {
        "id": str(one.id),
        "name": one.name,
        "kind": one.kind,
        "hint": one.hint,
        "scopes": sorted(one.scopes),
        "per_minute": one.per_minute,
        "created_at": format_instant(one.created_at),
        "last_used_at": format_instant(one.last_used_at),
        "revoked_at": format_instant(one.revoked_at),
    }
