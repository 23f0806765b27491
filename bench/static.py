"""The bare reference of served files: Starlette's StaticFiles over a folder."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def ready(_request: Request) -> Response:
    """It serves."""
    return Response()


app = Starlette(
    routes=[
        Route("/ready", ready, methods=["GET"]),
        Mount("/", StaticFiles(directory=os.environ["DATABASE_URL"] or ".")),
    ]
)
