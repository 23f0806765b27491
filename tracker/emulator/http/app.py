"""Puts the emulator together as one ASGI app. No behaviour of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.http.answers import build_json_answer
from tracker.emulator.http.control import build_control_routes
from tracker.emulator.http.media import answer_media
from tracker.emulator.http.request_gate import RequestGate
from tracker.emulator.registry import REGISTRY, ProviderLoader

__all__ = ["create_app"]


def create_app(
    config: EmulatorConfig | None = None,
    *,
    registry: Mapping[str, ProviderLoader] = REGISTRY,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """Return an ASGI app that emulates all registered providers; `app.state.emulator` is inside.

    transport: takes the place of the network for callbacks.

    Needs a server that speaks lifespan. Cutting connections needs `server.py`; elsewhere those
    scenarios answer HTTP 502.
    Raises ScenarioError when the configured scenario is unknown.
    """
    emulator = Emulator(config or EmulatorConfig(), transport)
    for load in registry.values():
        emulator.add(load()(emulator))
    emulator.set_configured_scenario()

    async def serve_media(request: Request) -> Response:
        return answer_media(emulator, request)

    @asynccontextmanager
    async def run_lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await emulator.close()

    app = Starlette(
        routes=[
            *build_control_routes(emulator),
            Route("/media/{task_id}/{name}", serve_media, methods=["GET", "HEAD"]),
            Route("/{path:path}", RequestGate(emulator)),
        ],
        lifespan=run_lifespan,
        exception_handlers={HTTPException: _answer_error},
    )
    app.state.emulator = emulator
    return app


async def _answer_error(_request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        return build_json_answer({"error": "error"}, 500)
    return build_json_answer({"error": problem.detail}, problem.status_code, problem.headers)
