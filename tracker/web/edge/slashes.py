"""Find what a path names when it has a slash too many, or one that belongs to an id.

A redirect would be answered before the key is asked for, and most senders of callbacks do not
follow one, or turn their POST into a GET.
"""

import re
from collections.abc import Awaitable
from urllib.parse import unquote

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

ENCODED_SLASH = "%2F"
"""Stays so in paths that are routed: it is a character of an id, and parts no path."""
_ENCODED = re.compile("%2f", re.IGNORECASE)
SLASHES = re.compile("/{2,}")


class EncodedSlashes:
    """Pure ASGI; leaves `%2F` as it is in `path`, which servers decode to a slash."""

    def __init__(self, app: ASGIApp) -> None:
        """app: routes by `path`."""
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request. No coroutine of its own, which every request would pay for."""
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or b""
            if b"%2" in raw and _ENCODED.search(sent := raw.decode("latin-1").partition("?")[0]):
                # In place: whoever answers an exception looks the path up again.
                scope["path"] = unquote(_ENCODED.sub("%252F", sent))
        return self._app(scope, receive, send)


class SlashTolerance:
    """Pure ASGI; where nothing is served at a path, tries it once more without its extra slashes.

    Put it in the place of a router's `default`.
    """

    def __init__(self, router: Router, not_found: ASGIApp) -> None:
        """not_found: answers where that helps nothing either."""
        self._router = router
        self._not_found = not_found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request that no route took."""
        path: str = scope["path"]
        plain = SLASHES.sub("/", path).rstrip("/") or "/"
        if scope["type"] != "http" or plain == path:
            await self._not_found(scope, receive, send)
            return
        # In place: whoever answers an exception looks the path up again.
        scope["path"], scope["raw_path"] = plain, plain.encode()
        await self._router(scope, receive, send)
