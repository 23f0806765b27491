"""Where a callback came from: the peer's address, or what a trusted proxy says in its place."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_HEADER = "x-forwarded-for"


def find_sender(peer: str, headers: Mapping[str, str], proxies: list[str] | str) -> str:
    """Return the address that a trusted proxy saw; the peer's own where it is none.

    proxies: addresses and networks of those that are trusted, as uvicorn takes them from
             FORWARDED_ALLOW_IPS.
    """
    if _HEADER not in headers:
        return peer
    trusted = _make_trusted(proxies if isinstance(proxies, str) else ",".join(proxies))
    if peer not in trusted:
        return peer
    return trusted.get_trusted_client_address(headers[_HEADER])[0] or peer


@lru_cache(maxsize=8)
def _make_trusted(proxies: str) -> Any:
    return ProxyHeadersMiddleware(_refuse_app, proxies).trusted_hosts


async def _refuse_app(*_: object) -> None:
    """Stand for the app that the middleware is not used for."""
