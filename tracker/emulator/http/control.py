"""Routes for people and tests that steer the emulator. No credentials: for loopback only."""

import json
import math
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tracker.emulator.core.engine import Emulator
from tracker.emulator.core.scenario import Scenario, ScenarioError
from tracker.emulator.core.signing import signature_headers
from tracker.emulator.core.tasks import Task
from tracker.emulator.core.timeline import ManualTimeline
from tracker.emulator.http.answers import json_answer
from tracker.emulator.providers.kling.wire import plain_view
from tracker.emulator.providers.kling.words import SPECS

__all__ = ["control_routes"]

_MOST_BYTES = 10_000
_LONGEST_WORD = 64


class _Control:
    """The control routes of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def index(self, _request: Request) -> Response:
        """What there is: the clock, the scenario, and all scenario words."""
        emulator = self._emulator
        words = {name: spec.summary for name, spec in SPECS.items()}
        return json_answer(
            {
                "now": emulator.now_ms(),
                "manual_clock": isinstance(emulator.timeline, ManualTimeline),
                "scenario": str(emulator.scenario),
                "scenarios": words,
                "routes": [
                    f"{','.join(sorted(r.methods or ()))} {r.path}" for r in self.routes()[:-1]
                ],
            }
        )

    async def creations(self, _request: Request) -> Response:
        """External id -> how often a task was made for it: the proof against double billing."""
        return json_answer(self._emulator.book.creations())

    async def tasks(self, request: Request) -> Response:
        """The newest tasks, oldest of them first."""
        tasks = list(self._emulator.book)
        return json_answer([_described(task) for task in _last(tasks, request)])

    async def callbacks(self, request: Request) -> Response:
        """The newest callbacks, with what became of them."""
        records = self._emulator.callbacks.last(_limit(request))
        return json_answer([asdict(record) for record in records])

    async def requests(self, request: Request) -> Response:
        """The newest calls to the provider, with their answers."""
        records = self._emulator.requests.last(_limit(request))
        return json_answer([asdict(record) for record in records])

    async def get_scenario(self, _request: Request) -> Response:
        """The scenario of tasks that name none."""
        return json_answer({"scenario": str(self._emulator.scenario)})

    async def put_scenario(self, request: Request) -> Response:
        """Change it, for tasks made from now on."""
        text = (await _body(request)).get("scenario")
        if not isinstance(text, str):
            raise HTTPException(400, 'expected {"scenario": "..."}')
        try:
            self._emulator.scenario = Scenario.parse(text)
        except ScenarioError as problem:
            raise HTTPException(400, str(problem)) from problem
        return await self.get_scenario(request)

    async def get_secrets(self, _request: Request) -> Response:
        """The secrets that sign callbacks now, the new one first."""
        return json_answer({"secrets": self._emulator.secrets})

    async def put_secrets(self, request: Request) -> Response:
        """Replace them: two for a rotation, one for its end or an emergency, none to stop."""
        secrets = (await _body(request)).get("secrets")
        if not isinstance(secrets, list) or not all(map(_is_secret, secrets)):
            raise HTTPException(400, 'expected {"secrets": ["whsec_…", …]}')
        self._emulator.secrets = tuple(secrets)
        return await self.get_secrets(request)

    async def test_callback(self, request: Request) -> Response:
        """What the button in the provider's console does."""
        url = (await _body(request)).get("url")
        if not isinstance(url, str):
            raise HTTPException(400, 'expected {"url": "..."}')
        await self._emulator.send_test(url)
        return json_answer(asdict(self._emulator.callbacks.last(1)[0]))

    async def reset(self, _request: Request) -> Response:
        """Forget everything that happened."""
        self._emulator.reset()
        return json_answer({})

    async def move(self, request: Request) -> Response:
        """Give a task any status now, and call back."""
        task = self._emulator.book.find_any(request.path_params["reference"])
        if task is None:
            raise HTTPException(404, "no such task")
        body = await _body(request)
        status, message = body.get("status"), body.get("message", "")
        if not isinstance(status, str) or not 0 < len(status) <= _LONGEST_WORD:
            raise HTTPException(400, 'expected {"status": "...", "message": "..."}')
        await self._emulator.move(task, status, str(message)[:1000], back=True)
        return json_answer(_described(task))

    async def advance(self, request: Request) -> Response:
        """Move a manual clock; answers when everything that fell due has been done."""
        seconds = (await _body(request)).get("seconds")
        if not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
            raise HTTPException(400, 'expected {"seconds": N}, not negative')
        if not isinstance(self._emulator.timeline, ManualTimeline):
            raise HTTPException(409, "the clock of this emulator is not manual")
        await self._emulator.timeline.advance(min(seconds, 1e9))
        return json_answer({"now": self._emulator.now_ms()})

    async def nothing(self, _request: Request) -> Response:
        """Keep mistyped control paths away from the provider's own routes."""
        raise HTTPException(404, "no such control route, see GET /emulator")

    def routes(self) -> list[Route]:
        """All of the above."""
        return [
            Route("/emulator", self.index, methods=["GET"]),
            Route("/emulator/creations", self.creations, methods=["GET"]),
            Route("/emulator/tasks", self.tasks, methods=["GET"]),
            Route("/emulator/tasks/{reference:path}/move", self.move, methods=["POST"]),
            Route("/emulator/callbacks", self.callbacks, methods=["GET"]),
            Route("/emulator/requests", self.requests, methods=["GET"]),
            Route("/emulator/scenario", self.get_scenario, methods=["GET"]),
            Route("/emulator/scenario", self.put_scenario, methods=["PUT"]),
            Route("/emulator/secrets", self.get_secrets, methods=["GET"]),
            Route("/emulator/secrets", self.put_secrets, methods=["PUT"]),
            Route("/emulator/test-callback", self.test_callback, methods=["POST"]),
            Route("/emulator/reset", self.reset, methods=["POST"]),
            Route("/emulator/advance", self.advance, methods=["POST"]),
            Route("/emulator/{rest:path}", self.nothing),
        ]


def control_routes(emulator: Emulator) -> list[Route]:
    """The control routes of an emulator."""
    return _Control(emulator).routes()


def _described(task: Task) -> dict[str, Any]:
    return plain_view(task) | {
        "account": task.account,
        "operation": task.operation.path,
        "dialect": task.dialect,
        "model": task.model,
        "external_task_id": task.external_id,
        "scenario": str(task.scenario),
        "callback_url": task.callback_url,
        "request": task.request,
    }


def _is_secret(value: object) -> bool:
    try:
        signature_headers([str(value)], message_id="", timestamp=0, body=b"")
    except ValueError:
        return False
    return isinstance(value, str) and value.startswith("whsec_")


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "1000")
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise HTTPException(400, "limit must be a number")
    return int(text)


def _last(tasks: list[Task], request: Request) -> list[Task]:
    limit = _limit(request)
    return tasks[-limit:] if limit else []


async def _body(request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BYTES:
            raise HTTPException(413, "too large")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, "expected a JSON object")
    return body
