"""A provider whose tasks never end: tells when it was asked about each of them."""

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_looks: dict[str, float] = {}
"""When each task was looked at last, in seconds since 1970."""
_times: list[float] = []
"""When each call came, in seconds since 1970."""
_facts = {"calls": 0, "most_ids": 0, "shortest_gap_s": 3600.0}


def _look(ids: list[str]) -> None:
    now = time.time()
    _facts["calls"] += 1
    _times.append(now)
    _facts["most_ids"] = max(_facts["most_ids"], len(ids))
    for one in ids:
        gap_s = now - _looks.get(one, 0.0)
        _facts["shortest_gap_s"] = min(_facts["shortest_gap_s"], gap_s)
        _looks[one] = now


async def of_several(request: Request) -> Response:
    """Midjourney's answer about a list of tasks."""
    ids = (await request.json())["ids"]
    _look(ids)
    return JSONResponse(
        [{"id": one, "status": "IN_PROGRESS", "progress": "50%", "imageUrl": None} for one in ids]
    )


async def of_one(request: Request) -> Response:
    """Runway's answer about one task."""
    id_ = request.path_params["id"]
    _look([id_])
    said = {"id": id_, "status": "RUNNING", "createdAt": "2026-11-01T00:00:00Z", "progress": 0.5}
    return JSONResponse(said | {"estimatedCost": {"credits": 25}})


async def of_prediction(request: Request) -> Response:
    """Replicate's answer about one task."""
    id_ = request.path_params["id"]
    _look([id_])
    return JSONResponse({"id": id_, "status": "processing", "input": {}, "output": None})


async def stats(_request: Request) -> Response:
    """All that was seen."""
    return JSONResponse(_facts | {"looks": _looks, "times": _times})


app = Starlette(
    routes=[
        Route("/mj/task/list-by-condition", of_several, methods=["POST"]),
        Route("/v1/tasks/{id}", of_one, methods=["GET"]),
        Route("/v1/predictions/{id}", of_prediction, methods=["GET"]),
        Route("/ready", stats, methods=["GET"]),
    ]
)
