"""Tell by its headers which site's page a browser sends a request for."""

from enum import Enum
from urllib.parse import urlsplit


class Sender(Enum):
    """The page behind a request, as its browser says."""

    OWN = "own"
    """A page of this service."""
    NO_PAGE = "no page"
    """None: the person typed the address or opened a bookmark."""
    FOREIGN = "foreign"
    """A page of another site, or of another port or name of this machine."""
    UNKNOWN = "unknown"
    """The request says nothing: a program sends it, or an old browser."""


def find_sender(site: str | None, origin: str | None, host: str | None) -> Sender:
    """Return the sender of a request.

    site, origin, host: its Sec-Fetch-Site (w3.org/TR/fetch-metadata, 2026-11-29), Origin and Host.
    The first is set by the browser alone and decides where it is there.
    """
    if site is not None:
        return {"same-origin": Sender.OWN, "none": Sender.NO_PAGE}.get(site, Sender.FOREIGN)
    if origin is None:
        return Sender.UNKNOWN
    return Sender.OWN if host and _read_authority(origin) == host.lower() else Sender.FOREIGN


def _read_authority(origin: str) -> str | None:
    """Return an origin's host and port; None for `null` and for what is none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
