"""Pages of a list: the cursor that came in, and the one that goes out."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import cursor
from tracker.web.state import services


def place(request: Request, *, scope: str) -> int | None:
    """Where the page begins; None at the start.

    scope: names the list and its filters. Raises InvalidRequest for another list's cursor.
    """
    text = request.query_params.get("cursor")
    if text is None:
        return None
    return int(cursor.decode(services(request).cursor_secrets, scope, text)[0])


def page_answer(
    request: Request, body: Mapping[str, object], *, last: int | None, scope: str
) -> Response:
    """A page. last: the sort key of its last entry; None when nothing follows."""
    headers = {"cache-control": "no-store"}
    after = None
    if last is not None:
        after = cursor.encode(services(request).cursor_secrets[0], scope, [last])
        url = request.url.include_query_params(cursor=after)
        headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
    return JSONResponse({**body, "next_cursor": after}, headers=headers)
