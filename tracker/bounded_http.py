"""Bound a whole exchange of httpx in time: its own timeouts are for each read.

A page that gives a byte now and then is never silent, and never whole. Light: the commands and the
client start with it.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_until: ContextVar[float | None] = ContextVar("until", default=None)
"""When what this thread asks for must be over, by the monotonic clock; None: at no time."""
_opened: ContextVar[httpcore.NetworkStream | None] = ContextVar("opened", default=None)
"""The connection that was opened last for what this thread asks for."""


@contextmanager
def limit_requests(seconds: float) -> Iterator[None]:
    """Have each request of the block be over in so many seconds, by a `BoundedTransport`.

    What is not raises httpx.TimeoutException.
    """
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


class BoundedTransport(httpx.HTTPTransport):
    """Keeps to the time of `within`, head and body together."""

    def __init__(
        self, *, verify: ssl.SSLContext | bool = True, proxy: httpx.Proxy | str | None = None
    ) -> None:
        """verify, proxy: as httpx.Client takes them. Raises ValueError for what is no proxy.

        One of SOCKS needs the package `socksio` (https://www.python-httpx.org/advanced/proxies/,
        read 2026-11).
        """
        proxy = httpx.Proxy(proxy) if isinstance(proxy, str) else proxy
        shared: dict[str, Any] = {
            "ssl_context": httpx.create_ssl_context(verify=verify),
            "max_connections": 100,
            "max_keepalive_connections": 20,
            "keepalive_expiry": 5.0,
            "network_backend": _BoundedBackend(httpcore.SyncBackend()),
        }
        self._is_socks = proxy is not None and proxy.url.scheme.startswith("socks")
        # In the place of httpx's own, which takes no backend.
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**shared)
            return
        shared["proxy_url"] = httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        )
        shared["proxy_auth"] = proxy.raw_auth
        if self._is_socks:
            try:
                self._pool = httpcore.SOCKSProxy(**shared)
            except RuntimeError:
                raise ValueError("a proxy of SOCKS needs the package socksio") from None
            return
        self._pool = httpcore.HTTPProxy(
            proxy_headers=proxy.headers.raw, proxy_ssl_context=proxy.ssl_context, **shared
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.TransportError."""
        if not self._is_socks:
            return super().handle_request(request)
        token = _opened.set(None)
        try:
            return super().handle_request(request)
        except Exception as error:
            # httpcore 1.0 leaves a connection open whose handshake fails, and raises what its
            # library of SOCKS does.
            if (stream := _opened.get()) is not None:
                stream.close()
            if isinstance(error, httpx.TransportError):
                raise
            raise httpx.ProxyError("the proxy does not speak SOCKS 5") from None
        finally:
            _opened.reset(token)


class EnvironmentTransport(httpx.BaseTransport):
    """Keeps to the time of `within`, by way of the proxies that the environment names.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count as they do for Python's `urllib`.
    """

    def __init__(self) -> None:
        """Read the environment. Raises httpx.InvalidURL, and ValueError for no proxy."""
        verify = httpx.create_ssl_context()
        self._direct = BoundedTransport(verify=verify)
        self._by_scheme: dict[str, BoundedTransport] = {}
        named = getproxies()
        for scheme in ("http", "https"):
            proxy = named.get(scheme) or named.get("all")
            if proxy:
                proxy = proxy if "://" in proxy else f"http://{proxy}"
                self._by_scheme[scheme] = BoundedTransport(verify=verify, proxy=proxy)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by its way."""
        url = request.url
        proxied = self._by_scheme.get(url.scheme)
        if proxied is None or proxy_bypass(url.netloc.decode()) or proxy_bypass(url.host):
            return self._direct.handle_request(request)
        return proxied.handle_request(request)

    def close(self) -> None:
        """Close every connection."""
        for one in (self._direct, *self._by_scheme.values()):
            one.close()


class _BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that keep to the time."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        left = _compute_seconds_left(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        _opened.set(stream)
        return _BoundedStream(stream)

    def sleep(self, seconds: float) -> None:
        """Wait before a connection is tried again."""
        self._inner.sleep(seconds)


class _BoundedStream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._inner.read(max_bytes, _compute_seconds_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all."""
        self._inner.write(buffer, _compute_seconds_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on with TLS."""
        left = _compute_seconds_left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._inner.get_extra_info(info)


def _compute_seconds_left(
    timeout: float | None, raised: Callable[[str], Exception]
) -> float | None:
    """Return the seconds for one step: its own, or those that are left of the whole."""
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise raised("timed out")
    return left if timeout is None else min(timeout, left)
