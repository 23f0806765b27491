"""A running service, and how commands ask it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tracker.bounded_http import limit_requests
from tracker.cli.exits import FAILED
from tracker.cli.refusals import explain_refusal, explain_silence, hide_password
from tracker.cli.remote import ANSWER_S, HELD_S, TERMINAL
from tracker.cli.shared import fail, print_note

AGAIN_S = 1.0
WHOLE_S = 10 * ANSWER_S
"""For a whole answer, which may be large and the line slow, but must end."""
PAGE = 100
"""Entries that are asked for at once; every list allows as many."""
UNSENDABLE = (
    "an argument cannot be sent: it is too long, nested too deep, or holds a control character or "
    "bytes that are no text"
)
_UNSENDABLE = (httpx.InvalidURL, UnicodeError, RecursionError)
_AWAY = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    http: httpx.Client

    @property
    def url(self) -> str:
        """Return where it is, without a slash at the end."""
        return str(self.http.base_url).rstrip("/")

    @property
    def shown_url(self) -> str:
        """Its address as it may be printed."""
        return hide_password(self.url)

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON of a GET; ends the command with one line when it is refused."""
        return self.read_json(self.send("GET", path, **options))

    def post(self, path: str, **options: Any) -> Any:
        """Return the JSON of a POST; ends the command with one line when it is refused."""
        return self.read_json(self.send("POST", path, **options))

    def get_all(self, path: str, name: str) -> list[dict[str, Any]]:
        """Return the entries of every page of a list. name: under which they stand."""
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": PAGE}
        while True:
            page = self.get(path, params=params)
            found += page[name]
            if page["next_cursor"] is None:
                return found
            params["after"] = page["next_cursor"]

    def read_json(self, response: httpx.Response) -> Any:
        """Return an answer's JSON; ends the command when it is none."""
        try:
            return response.json()
        except ValueError:
            fail(
                f"{self.shown_url}: the answer is no JSON: is this a tracker service?", code=FAILED
            )

    def read_version(self) -> str | None:
        """Return the service's version; None when it does not answer or does not say."""
        try:
            with limit_requests(WHOLE_S):
                found = self.http.get("/openapi.json").json()
            return str(found["info"]["version"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; ends the command with one line when it is refused."""
        try:
            with limit_requests(WHOLE_S + options.get("timeout", ANSWER_S)):
                response = self.http.request(method, path, **options)
        except _UNSENDABLE:
            fail(UNSENDABLE)
        except httpx.HTTPError as error:
            fail(explain_silence(self.url, error), code=FAILED)
        if not response.is_success and response.status_code != httpx.codes.NOT_MODIFIED:
            fail(explain_refusal(response), code=FAILED)
        return response

    def download(self, asset: dict[str, Any], out: Path) -> None:
        """Write a kept file to the disk; ends the command with one line when that fails."""
        from tracker.client import Client, ClientError, Refused  # noqa: PLC0415 - for this alone

        key = self.http.headers.get("authorization", "").removeprefix("Bearer ") or None
        with Client(self.url, key, http=self.http) as client:
            try:
                client.download_asset(asset, out)
            except Refused as error:
                fail(error.detail or str(error), code=FAILED)
            except ClientError as error:
                fail(str(error), code=FAILED)
            except OSError as error:
                fail(f"{error.filename or out}: {error.strerror}", code=FAILED)

    def get_held(self, path: str, *, wait_s: float, **options: Any) -> httpx.Response:
        """Send a GET that the service may hold for so long, and that outlives a restart of it."""
        away = False
        while True:
            try:
                with limit_requests(wait_s + WHOLE_S):
                    response = self.http.get(path, timeout=wait_s + ANSWER_S, **options)
            except _UNSENDABLE:
                fail(UNSENDABLE)
            except httpx.TransportError as error:
                reason = explain_silence(self.url, error)
            else:
                if response.status_code not in _AWAY:
                    if response.is_error:
                        fail(explain_refusal(response), code=FAILED)
                    return response
                reason = explain_refusal(response)
            if not away:
                print_note(f"the service is away ({reason}); trying again")
            away = True
            time.sleep(AGAIN_S)

    def watch(self, task_id: str, *, timeout_s: float | None) -> Iterator[dict[str, Any]]:
        """Yield a task each time it has changed, until it is over or the time is.

        timeout_s: None to wait for ever.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        path = f"/v1/tasks/{task_id}"
        response = self.send("GET", path)
        while True:
            if response.status_code != httpx.codes.NOT_MODIFIED:
                task: dict[str, Any] = self.read_json(response)
                tag = response.headers["etag"]
                yield task
                if task["state"] in TERMINAL:
                    return
            left_s = HELD_S if deadline is None else min(HELD_S, deadline - time.monotonic())
            if left_s <= 0:
                return
            if left_s < 1:  # the service counts in whole seconds
                time.sleep(left_s)
            response = self.get_held(
                path,
                wait_s=left_s,
                params={"wait": int(left_s)},
                headers={"if-none-match": tag},
            )
