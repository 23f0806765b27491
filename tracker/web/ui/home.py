"""`/ui`: leads to the first page of the header."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import NAVIGATION, build_address

PAGES = Pages()


@PAGES.get("", scope=None)
async def lead(request: Request, _reader: Reader) -> Response:
    """Lead to the first page that is served. Raises HTTPException (404)."""
    pages = request.scope["state"]["pages"]
    for name in NAVIGATION:
        if f"/{name}" in pages:
            return RedirectResponse(build_address(request, f"/{name}"), 307)
    raise HTTPException(404)
