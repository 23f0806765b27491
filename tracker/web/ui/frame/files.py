"""Static files: read once, compressed once, and served under their digest for good."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tracker.web.ui.frame.reader import Reader

FOLDER = Path(__file__).parents[1] / "static"
ROUTE = "/static/{digest}/{name}"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_DIGEST_CHARS = 16


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file with its digest, as it is and compressed."""

    digest: str
    media: str
    plain: bytes
    gzipped: bytes


@cache
def list_static_files() -> Mapping[str, StaticFile]:
    """Return every file that pages may name, by its name."""
    paths = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in _TYPES]
    return {path.name: _read(path) for path in paths}


def find_static_path(name: str) -> str:
    """Return the path of a file under `/ui`. Raises KeyError where there is none."""
    return f"/static/{list_static_files()[name].digest}/{name}"


async def serve_file(request: Request, _reader: Reader) -> Response:
    """Serve a file. Raises HTTPException (404).

    A page of another release of the service may ask for another digest: it gets the file that
    there is, which its browser does not keep.
    """
    params = request.path_params
    found = list_static_files().get(params["name"])
    if found is None:
        raise HTTPException(404)
    is_this = params["digest"] == found.digest
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if is_this else "no-store",
        "vary": "Accept-Encoding",
    }
    body = found.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = found.gzipped, "gzip"
    return Response(body, headers=headers, media_type=found.media)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(
        digest=hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS],
        media=_TYPES[path.suffix],
        plain=body,
        gzipped=gzip.compress(body, 9, mtime=0),
    )
