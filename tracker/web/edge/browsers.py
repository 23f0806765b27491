"""Let pages of other sites use what takes a key of their own (CORS, fetch.spec.whatwg.org).

Web clients of providers' APIs run in browsers. A call that carries a key may be read by the page
that sent it: the key is its own, and no cookie stands for one. Where a service asks for no keys,
no page of another site is shown anything.
"""

from starlette.requests import Request
from starlette.responses import Response

from tracker.web.edge.auth import ANYBODY

_DAY_S = 86_400


def answer_preflight(request: Request) -> Response | None:
    """Answer a browser that asks whether a page may send a call; None for every other request."""
    asked = request.headers.get("access-control-request-method")
    if request.method != "OPTIONS" or asked is None or "origin" not in request.headers:
        return None
    fields = request.headers.get("access-control-request-headers", "")
    headers = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": fields,
        "access-control-max-age": str(_DAY_S),
        "vary": "access-control-request-headers",
    }
    return Response(status_code=204, headers=headers)


def allow_reading(request: Request, response: Response) -> None:
    """Let the page that sent a request read its answer, unless no key was asked for."""
    principal = request.scope["state"].get("principal")
    if "origin" in request.headers and principal is not ANYBODY:
        response.headers["access-control-allow-origin"] = "*"
