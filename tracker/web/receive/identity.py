"""Answer `tracker doctor`, which calls the public URL to learn whether callbacks arrive here."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import identity
from tracker.domain.errors import NotFound
from tracker.web.edge.state import get_services


async def prove(request: Request) -> Response:
    """Prove to one who knows a callback secret that this service knows one too.

    Raises NotFound for everybody else.
    """
    nonce, given = request.path_params["nonce"], request.path_params["token"]
    answer = identity.build_proof(get_services(request).cursor_secrets, nonce, given)
    if answer is None:
        raise NotFound("the token in this URL was not issued by this service")
    return JSONResponse({"proof": answer}, headers={"cache-control": "no-store"})
