"""/openapi.json: the API's own description, the same bytes as docs/reference/openapi.json."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.web.openapi import as_text, build_document
from tracker.web.operation import operation


@operation(scope=None, tag="operations", answers={200: dict})
async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of this service."""
    kept = request.app.state
    if not hasattr(kept, "openapi"):
        kept.openapi = as_text(build_document(request.app.routes))
    return Response(kept.openapi, media_type="application/json")
