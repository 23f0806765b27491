"""The beginning of URLs of ours in answers."""

from starlette.requests import Request

from tracker.web.edge.state import get_services


def find_base(request: Request) -> str:
    """Return what URLs of ours begin with: the public URL, else where the caller has found us."""
    return get_services(request).public_url or str(request.base_url).rstrip("/")
