"""/openapi.json and /docs: the API's own description, and a page to read and try it.

Everything the page needs is in `static/`; it asks no other server for anything.
"""

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from tracker.domain.errors import NotFound
from tracker.web.api.openapi import build_document, format_document
from tracker.web.edge.operation import ResponseSpec, describe_operation

STATIC = Path(__file__).parent / "static"
_FILES: Mapping[str, tuple[str, str]] = {
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css"),
    "docs.js": ("docs.js", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}


@describe_operation(scope=None, tag="documentation", answers={200: dict})
async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of this service."""
    kept = request.app.state
    if not hasattr(kept, "openapi"):
        kept.openapi = format_document(build_document(request.app.routes))
    return Response(kept.openapi, media_type="application/json")


@describe_operation(
    scope=None, tag="documentation", answers={200: ResponseSpec(None, media="text/html")}
)
async def page(_request: Request) -> Response:
    """Show the API's reference as a page, with a button to try each operation."""
    return FileResponse(STATIC / "docs.html", media_type="text/html", headers=_HEADERS)


async def serve_asset(request: Request) -> Response:
    """Return a file of that page. Raises NotFound."""
    found = _FILES.get(request.path_params["file"])
    if found is None:
        raise NotFound("the page has no such file")
    path, kind = found
    return FileResponse(STATIC / path, media_type=kind, headers=_HEADERS)
