"""Tell a request of a program on this machine from one that something else passed on.

Where no keys are asked for, only the former is answered. A proxy or a tunnel on this machine
connects from loopback too, so the connection alone proves nothing.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from starlette.types import Scope

_PASSED_ON = re.compile(
    rb"forwarded|via|x-forwarded(-.+)?|x-original-.+|x-envoy-.+|x-amz(n)?-.+|x-azure-.+"
    rb"|x-real-ip|x-client-ip|x-cluster-client-ip|x-proxyuser-ip|x-remote-(ip|addr)|client-ip"
    rb"|true-client-ip|do-connecting-ip|cf-.+|cdn-.+|fly-.+|fastly-.+|ngrok-.+|tailscale-.+"
    rb"|x-vercel-.+|x-appengine-.+|x-cloud-trace-context|x-arr-.+|proxy-connection"
)
"""Headers that proxies, tunnels and content networks add; programs that ask directly send none."""
_USUAL = frozenset(
    {
        *(b"host", b"user-agent", b"accept", b"accept-encoding", b"accept-language"),
        *(b"connection", b"content-type", b"content-length", b"authorization", b"x-api-key"),
        *(b"if-none-match", b"prefer", b"idempotency-key", b"x-request-id", b"traceparent"),
        *(b"cookie", b"origin", b"referer", b"cache-control", b"transfer-encoding"),
        *(b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"tracker-position"),
    }
)
"""Headers of most requests, none of which is one of those: to know a name takes less time than to
match it."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


def is_local(scope: Scope) -> bool:
    """Return true if a program on this machine sends this request to it directly.

    True only where the connection is made over loopback (or a Unix socket) from loopback, no
    header says that the request was passed on, and its one Host names loopback. The last keeps out
    pages whose name was made to lead here (DNS rebinding), and proxies that add no header.
    """
    hosts = []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name not in _USUAL and _PASSED_ON.fullmatch(name):
            return False
    return (
        len(hosts) == 1
        and _is_loopback(hosts[0])
        and _is_loopback_end(scope.get("server"))
        and _is_loopback_end(scope.get("client"))
    )


def _is_loopback_end(end: Sequence[object] | None) -> bool:
    """Return true if an end of a connection is on loopback or of a Unix socket.

    TRACKER_HOST does not bind every server that runs this app (uvicorn has its own --host), so
    the address that was connected to decides as well.
    """
    if end is None or end[1] is None:
        return True
    return is_loopback(str(end[0]))


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    """Return true if a Host field, with or without a port, names loopback."""
    found = _HOST.fullmatch(host.strip())
    return found is not None and is_loopback(found[1].strip("[]"))


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return true if a name or an address is loopback's. No name is looked up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
