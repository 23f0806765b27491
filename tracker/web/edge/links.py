"""The beginning of URLs of ours in answers."""

from starlette.requests import Request

from tracker.web.edge.state import services


def base_of(request: Request) -> str:
    """Return what URLs of ours begin with: the public URL, else where the caller has found us."""
    return services(request).public_url or str(request.base_url).rstrip("/")
