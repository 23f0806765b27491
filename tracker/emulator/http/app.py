"""Puts the emulator together as one ASGI app. No behaviour of its own but serving media."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.engine import Emulator
from tracker.emulator.http.answers import json_answer
from tracker.emulator.http.control import control_routes
from tracker.emulator.http.gate import Door
from tracker.emulator.providers.kling.acedata import AceData
from tracker.emulator.providers.kling.helpers import SAMPLE
from tracker.emulator.providers.kling.newapi import NewApi
from tracker.emulator.providers.kling.piapi import PiApi
from tracker.emulator.providers.kling.protocol import Kling
from tracker.emulator.providers.kling.results import MEDIA_TYPES, media_bytes, media_file

__all__ = ["create_app"]


def create_app(config: EmulatorConfig | None = None) -> Starlette:
    """An ASGI app that emulates one provider; `app.state.emulator` is its inside.

    Needs a server that speaks lifespan. Cutting connections needs `server.py`; elsewhere those
    scenarios answer HTTP 502.
    Raises ScenarioError when the configured scenario is unknown.
    """
    emulator = Emulator(config or EmulatorConfig())
    faces = (Kling(emulator), NewApi(emulator), PiApi(emulator), AceData(emulator))

    async def media(request: Request) -> Response:
        return _media(emulator, request.path_params["task_id"], request.path_params["name"])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await emulator.close()

    app = Starlette(
        routes=[
            *control_routes(emulator),
            Route("/media/{task_id}/{name}", media, methods=["GET", "HEAD"]),
            Route("/{path:path}", Door(emulator, faces)),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _error},
    )
    app.state.emulator = emulator
    return app


def _media(emulator: Emulator, task_id: str, name: str) -> Response:
    kind = MEDIA_TYPES.get(PurePosixPath(name).suffix)
    if kind is None or (task_id != SAMPLE and emulator.book.find_any(task_id) is None):
        raise HTTPException(404, "no such media")
    path = media_file(name)
    if path is not None:
        return FileResponse(path, media_type=kind)
    return Response(media_bytes(task_id, name), media_type=kind)


async def _error(_request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    detail = problem.detail if isinstance(problem, HTTPException) else "error"
    return json_answer({"error": detail}, status)
