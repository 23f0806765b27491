"""The filter by an endpoint: people know its address, the API its id."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.delivery import Endpoint
from tracker.store import endpoints
from tracker.store.store import Reading
from tracker.web.edge import query
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address

FIELD = "endpoint_id"
MOST = 50
"""Endpoints to choose from."""


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """The endpoint that a filter names.

    shown:   the text of the filter's field: an address where it means one endpoint, else what was
             asked for.
    choices: the endpoints that it may mean, when that is not exactly one; None where it is an id.
    """

    shown: str
    choices: list[Endpoint] | None = None


async def find_named_endpoint(
    request: Request, reader: Reader, path: str
) -> NamedEndpoint | Response:
    """Return the endpoint that a filter names, or lead to the filter by its id.

    A whole address goes before one that only holds it.
    """
    text = request.query_params.get(FIELD, "")
    id_ = query.parse_uuid(text)
    if not text.isprintable():  # PostgreSQL can be asked for no NUL, and no address holds any
        return NamedEndpoint(text, [])
    if not text:
        return NamedEndpoint("")

    def load(db: Reading) -> list[Endpoint]:
        named = endpoints.get(db, reader.tenant, id_) if id_ is not None else None
        part = named.url if named is not None else text
        if id_ is not None and named is None:
            return []
        found = endpoints.list_with_address(db, reader.tenant, part, limit=MOST)
        return [one for one in found if one.url == part] or found

    found = await get_services(request).store.read(load)
    if id_ is not None:
        return NamedEndpoint(found[0].url if len(found) == 1 else text)
    if len(found) != 1:
        return NamedEndpoint(text, found)
    pairs = [
        (name, str(found[0].id) if name == FIELD else value)
        for name, value in request.query_params.multi_items()
    ]
    return RedirectResponse(f"{build_address(request, path)}?{urlencode(pairs)}", 303)
