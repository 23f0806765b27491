"""Calls as httpx has them, for both clients."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tracker.call_failures import explain_failure
from tracker.client.calls import Answer, Call, Lost
from tracker.pasted import strip_secret

WHOLE = 10
"""Times that a whole exchange may take what one silence in it may: pictures of 50 MB go over slow
lines too, and an answer that drips must end."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def build_headers(api_key: str | None) -> Mapping[str, str]:
    """Return the headers of every request.

    Raises ValueError, which does not hold the key, when it cannot stand in a header.
    """
    api_key = strip_secret(api_key or "")
    if api_key and not all("!" <= char <= "~" for char in api_key):
        # httpx would quote the key in its error.
        raise ValueError("api_key: holds a character that no key has; copy the key again")
    agent = {"accept": "application/json", "user-agent": "tracker-python"}
    return agent | ({"authorization": f"Bearer {api_key}"} if api_key else {})


def request_of(
    call: Call, url: str, headers: Mapping[str, str], timeout_s: float
) -> dict[str, Any]:
    """Return the arguments of httpx's `request`."""
    options: dict[str, Any] = {
        "method": call.method,
        "url": url + call.path,
        "params": list(call.params),
        "headers": {**headers, **call.headers},
        "timeout": timeout_s + call.wait_s,
    }
    if call.body is not None:
        options["content"] = json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode()
        options["headers"]["content-type"] = "application/json"
    return options


def read_outcome(response: httpx.Response) -> Answer:
    """Return a whole answer."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content)


def report_no_answer(error: httpx.HTTPError) -> Lost:
    """Return that no answer came, and whether the request may have arrived."""
    return Lost(explain_failure(error), was_sent=not isinstance(error, _NOT_SENT))
