"""A client of a service, with its certificate authorities and proxies."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tracker.bounded_http import BoundedTransport
from tracker.cli.shared import fail
from tracker.config.paths import is_file
from tracker.pasted import strip_secret

_NO_ADDRESS = (
    "--url, TRACKER_URL: must be the address of a service, like https://tracker.example.com"
)
_NO_PROXY = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY: must be a proxy like http://proxy.example.com:3128"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def make_client(
    url: str,
    api_key: str | None,
    cacert: str | None,
    environ: Mapping[str, str],
    *,
    timeout_s: float,
) -> httpx.Client:
    """Make a client; ends the command when the address, the key or the file cannot be right.

    url:     also `localhost:8000`; then it is plain HTTP.
    environ: where proxies are looked up: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY.
    """
    url = add_scheme(url.strip())
    if not is_address(url):
        fail(_NO_ADDRESS)
    parts = urlsplit(url)
    proxy = find_proxy(parts.scheme, parts.hostname or "", environ)
    if proxy is not None and not is_address(proxy):
        fail(_NO_PROXY)
    try:
        transport = BoundedTransport(
            verify=_load_authorities(cacert) if parts.scheme == "https" else False,
            proxy=proxy,
        )
    except (httpx.InvalidURL, ValueError):
        # Not in httpx's words, which quote what stands there: the proxy's password, too.
        fail(_NO_PROXY)
    try:
        return httpx.Client(
            base_url=url, headers=_build_headers(api_key), timeout=timeout_s, transport=transport
        )
    except (httpx.InvalidURL, ValueError):
        fail(_NO_ADDRESS)


def add_scheme(url: str) -> str:
    """Return `localhost:3000` and `3000` as the addresses they stand for."""
    if url.isascii() and url.isdigit():
        return f"http://127.0.0.1:{url}"
    return url if "://" in url else f"http://{url}"


def is_address(url: str) -> bool:
    """Return whether a URL names a host over HTTP, and no port that there cannot be."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port, or of an IPv6 address
        return False


def find_proxy(scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy that curl would take; never one for this machine itself.

    NO_PROXY names hosts and domains with commas between them; `*` spares all.
    """
    if host in _LOOPBACK:
        return None
    lower = {name.lower(): value for name, value in environ.items()}
    spared = [one.strip().lstrip(".").lower() for one in lower.get("no_proxy", "").split(",")]
    if "*" in spared or any(host == one or host.endswith(f".{one}") for one in spared if one):
        return None
    found = lower.get(f"{scheme}_proxy") or lower.get("all_proxy")
    return add_scheme(found) if found else None


def _build_headers(api_key: str | None) -> dict[str, str]:
    key = strip_secret(api_key or "")
    if not key:
        return {}
    if not all("!" <= character <= "~" for character in key):
        # httpx would quote the key in its error.
        fail("--api-key, TRACKER_API_KEY: holds a character that no key has; copy the key again")
    return {"authorization": f"Bearer {key}"}


def _load_authorities(cacert: str | None) -> ssl.SSLContext | bool:
    if cacert is None:
        return True
    try:
        return ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        # An SSLError is an OSError, too: of a file that is there and holds no certificate.
        reason = "holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
        if _may_be_shown(Path(cacert)):
            fail(f"--cacert or SSL_CERT_FILE: {cacert}: {reason}")
        fail(f"--cacert or SSL_CERT_FILE: {reason}")


def _may_be_shown(path: Path) -> bool:
    """Tell whether a path is one of certificates; a secret may stand in its place."""
    return path.suffix in (".pem", ".crt", ".cer", ".cert") or is_file(path)
