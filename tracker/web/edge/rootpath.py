"""Serve below a path of somebody else's host, whether or not the proxy strips that path."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

CALLBACK_PREFIX = "/callbacks/"
"""Before provider, task and token. The token is a secret, so the log leaves it out."""
CALLBACK_ROUTE = f"{CALLBACK_PREFIX}{{provider}}/{{subject}}/{{token}}"


class RootPath:
    """Pure ASGI. Tells the app where it is mounted (`root_path`), as the routes and links need."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        """root_path: `/tracker`, with no slash at the end."""
        self._app = app
        self._root = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: its path is made to begin with the root path, which routing takes off."""
        if scope["type"] == "http":
            scope = dict(scope) | {"root_path": self._root}
            path: str = scope["path"]
            if not f"{path}/".startswith(f"{self._root}/"):
                raw = scope.get("raw_path") or path.encode()
                scope |= {"path": self._root + path, "raw_path": self._root.encode() + raw}
        await self._app(scope, receive, send)


def add_root_path(request: Request, path: str) -> str:
    """Return a path of ours as a client of this host must write it."""
    return f"{request.scope.get('root_path', '')}{path}"
