"""Routes for people and tests that steer the emulator. No credentials: for loopback only."""

import json
import math
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.provider import EmulatedProvider
from tracker.emulator.core.scenario import ScenarioError
from tracker.emulator.core.signing import build_signature_headers
from tracker.emulator.core.tasks import EmulatedTask, TaskStep
from tracker.emulator.core.timeline import ManualTimeline
from tracker.emulator.http.answers import build_json_answer

__all__ = ["build_control_routes"]

_MOST_BYTES = 10_000
_LONGEST_WORD = 64


class _ControlRoutes:
    """The control routes of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def show_index(self, _request: Request) -> Response:
        """Show the clock, the providers, the scenario, and all scenario words."""
        emulator = self._emulator
        by_provider = emulator.list_words()
        words = {name: spec.summary for each in by_provider.values() for name, spec in each.items()}
        return build_json_answer(
            {
                "now": emulator.get_now_ms(),
                "manual_clock": isinstance(emulator.timeline, ManualTimeline),
                "scenario": emulator.scenario,
                "scenarios": words,
                "providers": {
                    each.name: {
                        "prefixes": [p for service in each.services for p in service.prefixes],
                        "scenario": str(each.engine.scenario),
                        "scenarios": list(by_provider[each.name]),
                    }
                    for each in emulator.providers
                },
                "routes": [
                    f"{','.join(sorted(r.methods or ()))} {r.path}" for r in self.list_routes()[:-1]
                ],
            }
        )

    async def show_creations(self, _request: Request) -> Response:
        """Show creation key -> how often a task was made: the proof against double billing."""
        return build_json_answer(self._emulator.count_creations())

    async def show_tasks(self, request: Request) -> Response:
        """Show the newest tasks, oldest of them first."""
        limit = _read_limit(request)
        pairs = self._emulator.list_tasks()
        return build_json_answer([_describe(*pair) for pair in (pairs[-limit:] if limit else ())])

    async def show_callbacks(self, request: Request) -> Response:
        """Show the newest callbacks, with their outcome."""
        records = self._emulator.callbacks.list_newest(_read_limit(request))
        return build_json_answer([asdict(record) for record in records])

    async def show_requests(self, request: Request) -> Response:
        """Show the newest calls to the providers, with their answers."""
        records = self._emulator.requests.list_newest(_read_limit(request))
        return build_json_answer([asdict(record) for record in records])

    async def get_scenario(self, _request: Request) -> Response:
        """Show the scenario of tasks that name none."""
        return build_json_answer({"scenario": self._emulator.scenario})

    async def put_scenario(self, request: Request) -> Response:
        """Change it, for tasks made from now on."""
        body = await _read_body(request)
        text, provider = body.get("scenario"), body.get("provider")
        if not isinstance(text, str) or not isinstance(provider, str | None):
            raise HTTPException(400, 'expected {"scenario": "...", "provider": "..." or none}')
        try:
            self._emulator.set_scenario(text, provider)
        except ScenarioError as problem:
            raise HTTPException(400, str(problem)) from problem
        return await self.get_scenario(request)

    async def get_secrets(self, _request: Request) -> Response:
        """Show the secrets that sign callbacks now, the new one first."""
        return build_json_answer({"secrets": self._emulator.secrets})

    async def put_secrets(self, request: Request) -> Response:
        """Replace them: two for a rotation, one for its end or an emergency, none to stop."""
        secrets = (await _read_body(request)).get("secrets")
        if not isinstance(secrets, list) or not all(map(_is_secret, secrets)):
            raise HTTPException(400, 'expected {"secrets": ["whsec_…", …]}')
        self._emulator.secrets = tuple(secrets)
        return await self.get_secrets(request)

    async def test_callback(self, request: Request) -> Response:
        """Do as the button in a provider's console does (the first provider that has one)."""
        body = await _read_body(request)
        url, name = body.get("url"), body.get("provider")
        if not isinstance(url, str):
            raise HTTPException(400, 'expected {"url": "..."}')
        for each in self._emulator.providers:
            if each.test_callback is not None and name in (None, each.name):
                await each.engine.post(url, each.test_callback())
                return build_json_answer(asdict(self._emulator.callbacks.list_newest(1)[0]))
        raise HTTPException(400, "no such provider, or it has no test callback")

    async def reset(self, _request: Request) -> Response:
        """Forget everything that happened."""
        self._emulator.reset()
        return build_json_answer({})

    async def move(self, request: Request) -> Response:
        """Give a task any status now, and call back."""
        found = self._emulator.find_any(request.path_params["reference"])
        if found is None:
            raise HTTPException(404, "no such task")
        provider, task = found
        body = await _read_body(request)
        status, message = body.get("status"), body.get("message", "")
        if not isinstance(status, str) or not 0 < len(status) <= _LONGEST_WORD:
            raise HTTPException(400, 'expected {"status": "...", "message": "..."}')
        step = TaskStep(after=0, status=status, message=str(message)[:1000])
        await provider.engine.move(task, step, back=True)
        return build_json_answer(_describe(provider, task))

    async def advance(self, request: Request) -> Response:
        """Move a manual clock; answers when everything that fell due has been done."""
        seconds = (await _read_body(request)).get("seconds")
        if not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
            raise HTTPException(400, 'expected {"seconds": N}, not negative')
        if not isinstance(self._emulator.timeline, ManualTimeline):
            raise HTTPException(409, "the clock of this emulator is not manual")
        await self._emulator.timeline.advance(min(seconds, 1e9))
        return build_json_answer({"now": self._emulator.get_now_ms()})

    async def refuse_path(self, _request: Request) -> Response:
        """Keep mistyped control paths away from the provider's own routes."""
        raise HTTPException(404, "no such control route, see GET /emulator")

    def list_routes(self) -> list[Route]:
        """Return all of the above."""
        return [
            Route("/emulator", self.show_index, methods=["GET"]),
            Route("/emulator/creations", self.show_creations, methods=["GET"]),
            Route("/emulator/tasks", self.show_tasks, methods=["GET"]),
            Route("/emulator/tasks/{reference:path}/move", self.move, methods=["POST"]),
            Route("/emulator/callbacks", self.show_callbacks, methods=["GET"]),
            Route("/emulator/requests", self.show_requests, methods=["GET"]),
            Route("/emulator/scenario", self.get_scenario, methods=["GET"]),
            Route("/emulator/scenario", self.put_scenario, methods=["PUT"]),
            Route("/emulator/secrets", self.get_secrets, methods=["GET"]),
            Route("/emulator/secrets", self.put_secrets, methods=["PUT"]),
            Route("/emulator/test-callback", self.test_callback, methods=["POST"]),
            Route("/emulator/reset", self.reset, methods=["POST"]),
            Route("/emulator/advance", self.advance, methods=["POST"]),
            Route("/emulator/{rest:path}", self.refuse_path),
        ]


def build_control_routes(emulator: Emulator) -> list[Route]:
    """Return the control routes of an emulator."""
    return _ControlRoutes(emulator).list_routes()


def _describe(provider: EmulatedProvider[Any], task: EmulatedTask[Any]) -> dict[str, Any]:
    return {
        **provider.describe(task),
        "provider": provider.name,
        "account": task.account,
        "operation": task.operation,
        "external_task_id": task.external_id,
        "scenario": str(task.scenario),
        "callback_url": task.callback_url,
        "request": task.request,
    }


def _is_secret(value: object) -> bool:
    try:
        build_signature_headers([str(value)], message_id="", timestamp=0, body=b"")
    except ValueError:
        return False
    return isinstance(value, str) and value.startswith("whsec_")


def _read_limit(request: Request) -> int:
    text = request.query_params.get("limit", "1000")
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise HTTPException(400, "limit must be a number")
    return int(text)


async def _read_body(request: Request) -> dict[str, Any]:
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
