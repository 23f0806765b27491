"""Support of the emulator's tests: a callback receiver and a small API client."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.waiting import PATIENCE_S

MULTI_IMAGE = "/kling/v1/videos/multi-image2video"
TEXT = "/v1/videos/text2video"
KEY = {"authorization": "Bearer emulator-key"}


@dataclass(frozen=True)
class Call:
    """One callback as it arrived."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    body: dict[str, Any]


@dataclass
class Sink:
    """A receiver of callbacks on a real socket."""

    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """HTTP statuses of the next answers; 200 when used up."""

    def __enter__(self) -> Self:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                sink.calls.append(Call(self.path, headers, raw, json.loads(raw)))
                self.send_response(sink.answers.pop(0) if sink.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Return where to call back: the last path segment stands for a token."""
        return f"http://127.0.0.1:{self._server.server_port}/callbacks/token"

    @property
    def words(self) -> list[str]:
        """Status words in the order they arrived."""
        return [call.body.get("task_status") or call.body["status"] for call in self.calls]


class Api:
    """A caller of the emulated provider, with the control routes at hand."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers=KEY, trust_env=False, timeout=PATIENCE_S)

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def post(self, path: str = MULTI_IMAGE, **fields: object) -> httpx.Response:
        """A create call with one picture and these fields."""
        image = {"image_list": [{"image": "https://example.com/a.png"}]}
        return self.http.post(path, json=image | {"prompt": "a cat"} | fields)

    def create(self, path: str = MULTI_IMAGE, scenario: str = "ok", **fields: object) -> str:
        """Make a task that must be accepted; its id."""
        answer = self.post(path, emulator_scenario=scenario, **fields)
        assert answer.status_code == 200, answer.text
        task_id = answer.json()["data"]["task_id"]
        assert isinstance(task_id, str)
        return task_id

    def query(self, reference: str, path: str = MULTI_IMAGE) -> dict[str, Any]:
        """`data` of a query that must succeed."""
        answer = self.http.get(f"{path}/{reference}")
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert isinstance(data, dict)
        return data

    def advance(self, seconds: float) -> None:
        """Move the manual clock."""
        answer = self.http.post("/emulator/advance", json={"seconds": seconds})
        assert answer.status_code == 200, answer.text

    def control(self, name: str) -> Any:
        """Return the answer of a control route."""
        return self.http.get(f"/emulator/{name}").raise_for_status().json()


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Ask until it holds; for the few tests on a wall clock. Fails after so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"


def refused(answer: httpx.Response, status: int, code: int) -> str:
    """Assert the shape of a refusal; its text."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) == {"code", "message", "request_id"}
    assert isinstance(body["message"], str)
    return str(body["message"])
