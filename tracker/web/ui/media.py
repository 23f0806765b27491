"""`/ui/tasks/{id}/media/{n}`: a piece of a result, shown without asking another host."""

import asyncio
import logging
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from tracker.domain.access import Scope
from tracker.domain.custody import AssetState
from tracker.domain.errors import NO_SUCH_TASK, BrokenTransfer, NotFound, UnkeepableFile
from tracker.services.read.previewing import CannotShow, NoPreview, OpenPreview
from tracker.web.edge import query
from tracker.web.edge.asset_bytes import SHOWN_POLICY, iterate_bytes
from tracker.web.edge.slow_readers import SlowReader, send_piece
from tracker.web.edge.state import get_services
from tracker.web.edge.waiting import wait_until_gone
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import aim, redirect_back
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page

log = logging.getLogger(__name__)

PAGES = Pages()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": SHOWN_POLICY,
    "content-disposition": "inline",
}
_GAVE_UP = "its reader took nothing for too long"
"""Why a preview ends that nothing else is said of."""
STATUSES = {
    NoPreview.NOTHING: 404,
    NoPreview.GONE: 410,
    NoPreview.FORBIDDEN: 403,
    NoPreview.TYPE: 415,
    NoPreview.LARGE: 413,
    NoPreview.BUSY: 503,
    NoPreview.UNREACHABLE: 502,
}


@PAGES.get("/tasks/{id}/media/{n}", scope=Scope.TASKS_READ, known=())
async def show(request: Request, reader: Reader) -> Response:
    """Show a piece of a result, by its place from 0: our copy, or the provider's file."""
    our, number = get_services(request), _parse_number(request)
    file = await our.previews.find(reader.tenant, query.read_task_id(request), number)
    if file.asset is not None and file.asset.state is AssetState.KEPT:
        return await iterate_bytes(request, file.asset, {"cache-control": "no-store"})
    try:
        opened = await our.previews.open(file, request.headers.get("range"))
    except CannotShow as error:
        return render_page(
            request,
            reader,
            "no_media.html",
            status=STATUSES[error.why],
            headers={"retry-after": "5"} if error.why is NoPreview.BUSY else None,
            task=file.task,
            piece=file.piece,
            number=number,
            why=error.why.value,
            detail=error.detail,
        )
    return _PassedOn(opened, our.limits.slow_reader_s)


@PAGES.post("/tasks/{id}/media/{n}/fetch", scope=Scope.TASKS_WRITE, action="assets.fetch")
async def fetch(request: Request, reader: Reader) -> Response:
    """Have the file of a piece fetched once more, that we have no copy of."""
    our, id_, number = get_services(request), query.read_task_id(request), _parse_number(request)
    form = await read_form(request)
    file = await our.previews.find(reader.tenant, id_, number)
    if file.asset is None:
        raise NotFound("there is no such asset")
    aim([str(file.asset.id)])
    await our.serving.fetch_again(reader.tenant, file.asset.id)
    return redirect_back(request, form, f"/tasks/{id_}", "done.fetch")


def _parse_number(request: Request) -> int:
    """Return the place of the path's piece. Raises NotFound for what is none."""
    text: str = request.path_params["n"]
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise NotFound(NO_SUCH_TASK)
    return int(text)


class _PassedOn(Response):
    """A provider's file, sent for as long as the reader takes it."""

    def __init__(self, opened: OpenPreview, slow_s: float) -> None:
        super().__init__(None, opened.status, {**opened.headers, **_HEADERS})
        if "content-length" not in opened.headers:
            del self.headers["content-length"]
        self._opened, self._slow_s = opened, slow_s

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Send it. A player that pauses is cut, and asks for the rest when it goes on."""
        del scope
        gone = asyncio.create_task(wait_until_gone(receive))
        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            async with aclosing(self._opened.iterate_chunks()) as chunks:
                async for chunk in chunks:
                    await send_piece(send, chunk, self._slow_s)
                    if gone.done():
                        return
            await send({"type": "http.response.body", "body": b""})
        except (BrokenTransfer, UnkeepableFile, SlowReader) as error:
            # Without its last piece the answer is seen to be cut.
            log.info("a preview ended early: %(reason)s", {"reason": str(error) or _GAVE_UP})
        finally:
            gone.cancel()
            await self._opened.aclose()
