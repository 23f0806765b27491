"""Say what was done on the page that follows it, once.

The text itself does not travel: a cookie holds the key of its words and what varies in them, for
the next page that the browser asks for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

NOTICE_COOKIE = "tracker-notice"
_PREFIX = "done."
_LIVES_S = 60
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Notice:
    """A text for the next page. state: `done`, or `error` where it is no good news."""

    text: str
    state: str


def leave_notice(response: Response, path: str, key: str, **values: str | int) -> None:
    """Leave a notice for the next page. path: of the cookie. key: of words that begin `done.`."""
    text = quote(json.dumps({"key": key, "values": values}), safe="")
    response.set_cookie(
        NOTICE_COOKIE, text, max_age=_LIVES_S, path=path, httponly=True, samesite="strict"
    )


def find_notice(request: Request, say: Callable[..., str]) -> Notice | None:
    """Return the notice that was left; None where there is none, or not one of ours."""
    text = request.cookies.get(NOTICE_COOKIE, "")
    if not text or len(text) > _LONGEST:
        return None
    try:
        told = json.loads(unquote(text))
        key, values = told["key"], told["values"]
        if not isinstance(key, str) or not key.startswith(_PREFIX):
            return None
        if not isinstance(values, Mapping):
            return None
        text = say(key, **{str(name): value for name, value in values.items()})
        return Notice(text, "error" if key.endswith(".error") else "done")
    except (ValueError, KeyError, TypeError, RecursionError):  # somebody else's cookie
        return None
