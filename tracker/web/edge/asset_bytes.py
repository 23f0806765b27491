"""Serve the bytes of a kept file, safe to open in a browser whatever they are."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.custody import Asset
from tracker.services.custody.serving import build_headers
from tracker.web.edge.ranged import answer_file
from tracker.web.edge.state import get_services

SHOWN_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'"
)
"""Of media: opened by itself, a file stands in a page of the browser's own, where no script runs.
Of an origin of nobody's, as `sandbox` alone has it, Chromium 156 loads no video there."""
_DOWNLOADED_POLICY = "sandbox; default-src 'none'"


async def iterate_bytes(request: Request, asset: Asset, headers: Mapping[str, str]) -> Response:
    """Return a file's bytes, or the range of them that is asked for.

    Raises Conflict while it is fetched, NotFound where it is not kept, Unavailable.
    """
    serving = get_services(request).serving
    serving.check_kept(asset)
    if request.method == "HEAD":  # a GET reads before it answers
        await serving.check_there(asset)
    served = build_headers(asset)
    is_shown = served["content-disposition"] == "inline"
    return answer_file(
        request,
        lambda start, end: serving.read(asset, start, end),
        size=asset.size or 0,
        etag=f'"{(asset.sha256 or b"").hex()}"',
        changed_at=asset.ended_at or asset.created_at,
        headers={
            **served,
            **headers,
            "x-content-type-options": "nosniff",
            "content-security-policy": SHOWN_POLICY if is_shown else _DOWNLOADED_POLICY,
        },
    )
