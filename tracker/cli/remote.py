"""Commands that talk to a running server: where it is, and its errors in one line."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
import httpx

from tracker.cli.shared import fail

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
EXIT_CODES = {"succeeded": 0}
EXIT_FAILED = 1
EXIT_TIMED_OUT = 2
POLL_S = 0.5

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

    def watch(self, task_id: str, *, timeout_s: float | None) -> Iterator[dict[str, Any]]:
        """A task each time it has changed, until it is over or the time is.

        timeout_s: None to wait for ever.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        tag = ""
        while True:
            response = self.send("GET", f"/v1/tasks/{task_id}", headers={"if-none-match": tag})
            if response.status_code != httpx.codes.NOT_MODIFIED:
                tag = response.headers["etag"]
                task: dict[str, Any] = response.json()
                yield task
                if task["state"] in TERMINAL:
                    return
            if deadline is not None and time.monotonic() >= deadline:
                return
            time.sleep(POLL_S)


@contextmanager
def connect(url: str, api_key: str | None) -> Iterator[Server]:
    """A connection to the service."""
    headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
        yield Server(http)


def _reason(response: httpx.Response) -> str:
    try:
        problem = response.json()
        lines = [f"{f['path']}: {f['reason']}".lstrip(": ") for f in problem.get("errors", ())]
        return "; ".join(lines) or f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {response.status_code} from {response.url}"
