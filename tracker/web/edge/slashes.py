"""Find what a path names that has too much in it, or a slash that belongs to an id.

Too much are slashes, `.` parts, and what a client writes twice whose base URL ends with the parts
that its paths begin with (`/v1/v1/…`). A redirect would be answered before the key is asked for,
and most senders of callbacks do not follow one, or turn their POST into a GET. So are blanks, which
are pasted with a URL and which senders escape (github.com/usememos/memos/pull/4411, 2025-02-16).
"""

import re
from collections.abc import Awaitable, Sequence
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from tracker.domain.documents import BLANKS
from tracker.web.edge.rootpath import CALLBACK_PREFIX, CALLBACK_ROUTE

_PASTED = BLANKS.replace("\0", "")
"""A NUL is pasted by nobody: as a name it must not lead to the list of all."""
_ENCODED = re.compile("%2f", re.IGNORECASE)
_CALLBACK_PARTS = CALLBACK_ROUTE.count("/")
"""Parts of a callback's path. More was added by its sender, as Pix adds `/pix` to every webhook's
URL (github.com/bacen/pix-api/issues/241, 2021-01-05)."""
_CALLBACK = re.compile(rf"(?:\.?(?:/|%2f))*{CALLBACK_PREFIX.strip('/')}(?:/|%2f)", re.IGNORECASE)
"""Begins the path of a callback, whose parts hold no slash of their own."""


def split_path(path: str) -> list[str]:
    """Return the parts of a path, without empty and blank ones and `.` (RFC 3986 section 5.2.4)."""
    return [part for part in path.split("/") if part.strip(_PASTED) not in ("", ".")]


def remove_repeat(parts: Sequence[str], end: int, *, least: int = 1) -> list[str]:
    """Return parts of a path without those that stand behind `end` once more.

    E.g. `a/b/c` of `a/b/a/b/c` for 2, of `a/b/b/c` for 2, and of `a/a/b/c` for 1.
    least: how many parts must stand there again.
    """
    found = list(parts)
    for length in range(end, max(least, 1) - 1, -1):
        written, after = found[end - length : end], end
        while len(written) == length and found[after : after + length] == written:
            after += length
        del found[end:after]
    return found


class EncodedSlashes:
    """Pure ASGI; leaves `%2F` as it is in `path`, which servers decode to a slash.

    Not in callback URLs: there it is a slash at the end, and their parts hold no blanks.
    """

    def __init__(self, app: ASGIApp) -> None:
        """app: routes by `path`."""
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request. No coroutine of its own, which every request would pay for."""
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or b""
            if b"%" in raw:
                sent = raw.decode("latin-1").partition("?")[0]
                # In place: whoever answers an exception looks the path up again.
                if _CALLBACK.match(sent.removeprefix(scope.get("root_path", ""))):
                    scope["path"] = "/".join(
                        part.strip(_PASTED) for part in unquote(sent).split("/")
                    )
                elif _ENCODED.search(sent):
                    scope["path"] = unquote(_ENCODED.sub("%252F", sent))
        return self._app(scope, receive, send)


class SlashTolerance:
    """Pure ASGI; where nothing is served at a path, tries it once more without what is too much.

    Put it in the place of a router's `default`.
    """

    def __init__(self, router: ASGIApp, not_found: ASGIApp) -> None:
        """not_found: answers where that helps nothing either."""
        self._router = router
        self._not_found = not_found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request that no route took."""
        path: str = scope["path"]
        plain = _normalise_path(path, scope.get("root_path", ""))
        if scope["type"] != "http" or plain == path:
            await self._not_found(scope, receive, send)
            return
        # In place: whoever answers an exception looks the path up again.
        scope["path"], scope["raw_path"] = plain, plain.encode()
        await self._router(scope, receive, send)


def _normalise_path(path: str, root: str) -> str:
    before = split_path(root)
    parts = [part.strip(_PASTED) for part in split_path(path.removeprefix(root))]
    parts = remove_repeat([*before, *parts], len(before))
    parts = remove_repeat(parts[len(before) :], 1)
    if parts[:1] == [CALLBACK_PREFIX.strip("/")]:
        del parts[_CALLBACK_PARTS:]
    return f"{root}/{'/'.join(parts)}"
