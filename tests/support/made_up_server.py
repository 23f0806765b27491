"""The made-up provider on a socket: keeps tasks, counts creations, calls back when told to."""

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.made_up import SECRET_HEADER
from tests.support.made_up_answers import Statement

SECRET = "made up and shared"
"""Signs its callbacks."""


@dataclass
class MadeTask:
    """A task as the provider keeps it. plan: of the create's body, what becomes of it."""

    said: Statement
    callback: str | None
    parent: str | None
    plan: Mapping[str, Any]


class MadeUpServer:
    """Listens while its block runs.

    A create may carry a plan: `{lose: true}` makes the task and breaks off before the answer,
    `{said: statement}` is answered with a statement, `{parts: n}` makes n further tasks, and
    `{bill: entries}` is told with the answer. `{paint: statement}` is the answer itself, after
    which nothing is known of the task; `{hold: 1}` before it waits until the test sets `may_go_on`,
    and `{half: 1}` breaks off within it. `{wait_within: 1}` waits so in the middle of it.
    `{tell: [{text} | {end} | {hold} | {cut} …]}` is answered with these lines one by one: `hold`
    waits until the test sets `may_go_on`, `cut` breaks off, `{raw: line}` is sent as it is.
    creations: how often each mark of ours was made.
    """

    def __init__(self, secret: str = "") -> None:
        """secret: goes with each callback."""
        self.creations: Counter[str] = Counter()
        self.tasks: dict[str, MadeTask] = {}
        self.may_go_on = threading.Event()
        self._secret = secret
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """Name it to a service as the made-up provider, whose callbacks are signed."""
        return {
            "TRACKER_MADE_UP_BASE_URL": self.url,
            "TRACKER_MADE_UP_API_KEY": "key",
            "TRACKER_MADE_UP_WEBHOOK_SECRET": self._secret,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.may_go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    def find_marked(self, mark: str) -> MadeTask:
        """Return the task that was made for one of ours."""
        with self._lock:
            return next(one for one in self.tasks.values() if one.said.get("mark") == mark)

    def move(self, mark: str, **changes: Any) -> MadeTask:
        """Change what it says of a task."""
        found = self.find_marked(mark)
        found.said |= changes
        return found

    def call_back(self, mark: str, body: Any = None, **changes: Any) -> httpx.Response:
        """Change what it says of a task and tell our callback URL; body: another one instead."""
        found = self.move(mark, **changes)
        assert found.callback is not None
        return httpx.post(
            found.callback,
            json=found.said if body is None else body,
            headers={SECRET_HEADER: self._secret},
            trust_env=False,
            timeout=60,
        )

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a call; None to break off."""
        asked = parse_qs(urlsplit(path).query)
        with self._lock:
            match method, urlsplit(path).path:
                case "POST", "/make":
                    return self._make(body)
                case "POST", "/cancel":
                    self.tasks[str(body["id"])].said["status"] = "cancelled"
                    return {"cancel": "cancelled"}
                case "GET", "/list":
                    return {"tasks": [one.said for one in self.tasks.values()]}
                case "GET", "/tasks":
                    ids = asked.get("ids", [""])[0].split(",")
                    marks = asked.get("mark", [])
                    found = [
                        one.said
                        for id_, one in self.tasks.items()
                        if id_ in ids or one.said.get("mark") in marks
                    ]
                    return {"tasks": found, "absent": {"kind": "denied"}}
                case "GET", path if path.startswith("/facts/"):
                    return {"about": path.removeprefix("/facts/")}
                case _:
                    return {"balance": "7 EUR"}

    def _make(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        mark, plan = str(body["mark"]), body.get("plan", {})
        self.creations[mark] += 1
        if "paint" in plan:
            return None if plan.get("lose") else {"said": plan["paint"]}
        made = [f"theirs-{len(self.tasks) + n}" for n in range(1 + plan.get("parts", 0))]
        parts = [{"id": id_, "mark": str(n)} for n, id_ in enumerate(made[1:], 2)]
        for id_ in made[1:]:
            said = {"id": id_, "status": "submitted"}
            self.tasks[id_] = MadeTask(said, None, None, {})
        first: Statement = {"id": made[0], "mark": mark, "status": "submitted", "parts": parts}
        first |= {"bill": plan.get("bill", []), **plan.get("said", {})}
        self.tasks[made[0]] = MadeTask(first, body.get("callback"), body.get("parent"), plan)
        if plan.get("lose"):
            return None
        told = first if "said" in plan else None
        return {"id": made[0], "parts": parts, "said": told, "bill": first["bill"]}

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                content = self.rfile.read(length)
                if len(content) < length:  # whoever sent it was killed meanwhile
                    self.close_connection = True
                    return
                body = json.loads(content or b"{}")
                self._answer("POST", body, body.get("plan", {}))

            def do_GET(self) -> None:
                self._answer("GET", {}, {})

            def _answer(
                self, method: str, body: Mapping[str, Any], plan: Mapping[str, Any]
            ) -> None:
                said = server.answer(method, self.path, body)
                if plan.get("hold"):
                    server.may_go_on.wait(60)
                if said is None:
                    self.close_connection = True
                    return
                if "tell" in plan:
                    self._tell(plan["tell"])
                    return
                content = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.close_connection = bool(plan.get("half"))
                middle = len(content) // 2
                with suppress(OSError):  # the service died
                    self.wfile.write(content[:middle])
                    if plan.get("wait_within"):
                        server.may_go_on.wait(60)
                    if not plan.get("half"):
                        self.wfile.write(content[middle:])

            def _tell(self, lines: Sequence[Any]) -> None:
                """Send a line each in a chunk of its own."""
                self.close_connection = True
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for line in lines:
                    if "hold" in line:
                        server.may_go_on.wait(60)
                    elif "cut" in line:
                        return
                    else:
                        text = line.get("raw") or json.dumps(line)
                        content = f"{text}\n".encode()
                        with suppress(OSError):  # the service died
                            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
                with suppress(OSError):
                    self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        return Handler
