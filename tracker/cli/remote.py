"""Commands that talk to a running server: where it is, and its errors in one line."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
import httpx

from tracker.cli.shared import fail, say
from tracker.client.http import headers_of

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
EXIT_CODES = {"succeeded": 0}
EXIT_FAILED = 1
EXIT_TIMED_OUT = 2
HELD_S = 30
"""How long the service is asked to hold a request until there is news, in seconds."""
ANSWER_S = 30
"""How long it may take beyond that."""
AGAIN_S = 1.0
_AWAY = frozenset({500, 502, 503, 504})

URL = click.option(
    "--url",
    envvar="TRACKER_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="Where the service is.",
)
KEY = click.option("--api-key", envvar="TRACKER_API_KEY", show_envvar=True, help="Your key.")


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    http: httpx.Client

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a GET; ends the command with one line when it is refused."""
        return self.send("GET", path, **options).json()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request; ends the command with one line when it is refused."""
        try:
            response = self.http.request(method, path, **options)
        except httpx.HTTPError as error:
            fail(f"{self.http.base_url}: {error or type(error).__name__}", code=EXIT_FAILED)
        if response.is_error:
            fail(_reason(response), code=EXIT_FAILED)
        return response

    def patiently(self, path: str, *, wait_s: float, **options: Any) -> httpx.Response:
        """A GET that the service may hold for so long, and that outlives a restart of it."""
        away = False
        while True:
            try:
                response = self.http.get(path, timeout=wait_s + ANSWER_S, **options)
            except httpx.TransportError as error:
                reason = f"{error or type(error).__name__}"
            else:
                if response.status_code not in _AWAY:
                    if response.is_error:
                        fail(_reason(response), code=EXIT_FAILED)
                    return response
                reason = _reason(response)
            if not away:
                say(f"the service is away ({reason}); trying again")
            away = True
            time.sleep(AGAIN_S)

    def watch(self, task_id: str, *, timeout_s: float | None) -> Iterator[dict[str, Any]]:
        """A task each time it has changed, until it is over or the time is.

        timeout_s: None to wait for ever.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        path = f"/v1/tasks/{task_id}"
        response = self.send("GET", path)
        while True:
            if response.status_code != httpx.codes.NOT_MODIFIED:
                task: dict[str, Any] = response.json()
                tag = response.headers["etag"]
                yield task
                if task["state"] in TERMINAL:
                    return
            left_s = HELD_S if deadline is None else min(HELD_S, deadline - time.monotonic())
            if left_s <= 0:
                return
            if left_s < 1:  # the service counts in whole seconds
                time.sleep(left_s)
            response = self.patiently(
                path,
                wait_s=left_s,
                params={"wait": int(left_s)},
                headers={"if-none-match": tag},
            )


@contextmanager
def connect(url: str, api_key: str | None) -> Iterator[Server]:
    """A connection to the service."""
    try:
        headers = headers_of(api_key)
    except ValueError as error:
        fail(f"--api-key, TRACKER_API_KEY: {str(error).removeprefix('api_key: ')}")
    with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False) as http:
        yield Server(http)


def _reason(response: httpx.Response) -> str:
    try:
        problem = response.json()
        lines = [f"{f['path']}: {f['reason']}".lstrip(": ") for f in problem.get("errors", ())]
        return "; ".join(lines) or f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {response.status_code} from {response.url}"
