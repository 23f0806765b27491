"""The bare references: a JSON echo and a GET of a fixed document, on Starlette alone."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    """Answer with the body, parsed and written again."""
    return JSONResponse(await request.json())


async def get(request: Request) -> Response:
    """A document as long as `size` says; 304 when the caller has it."""
    if request.headers.get("if-none-match") == '"1"':
        return Response(status_code=304, headers={"etag": '"1"'})
    size = int(request.path_params["size"])
    return JSONResponse({"id": "x", "filler": "x" * (size - 24)}, headers={"etag": '"1"'})


async def ready(_request: Request) -> Response:
    """It serves."""
    return Response()


app = Starlette(
    routes=[
        Route("/echo", echo, methods=["POST"]),
        Route("/get/{size}", get, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
    ]
)
