"""Find what a path names when it has a slash too many, without a redirect.

A redirect would be answered before the key is asked for, and most senders of callbacks do not
follow one, or turn their POST into a GET.
"""

import re

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile("/{2,}")


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
        plain = _SLASHES.sub("/", path).rstrip("/") or "/"
        if scope["type"] != "http" or plain == path:
            await self._not_found(scope, receive, send)
            return
        await self._router(dict(scope) | {"path": plain, "raw_path": plain.encode()}, receive, send)
