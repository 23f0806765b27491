"""Which heads of requests are taken: their size, their lines, their URL, their Host."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tracker.domain.errors import FieldError, InvalidRequest

Headers = Sequence[tuple[bytes, bytes]]

_HOST = re.compile(
    r"(?:(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*|\[(?P<literal>[^\[\]]+)\])"
    r"(?::0*(?P<port>[0-9]{0,5}))?"
)
"""RFC 9112 section 3.2 and RFC 3986 section 3.2.2, without the comma, which no host has: it comes
of two Host lines that somebody on the way made one."""
_IP_FUTURE = re.compile(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
"""How a whole URL begins as the target of a request (RFC 9112 section 3.2.2)."""
_LONGEST_HOST = 255 + len(":65535")


def find_header(headers: Headers, name: bytes) -> str | None:
    """Return the first header of a name; None where there is none.

    headers: a request's, as ASGI has them; `request.headers` makes an object of them and spells
    each name anew. name: in lower case.
    """
    for given, value in headers:
        if given == name:
            return value.decode("latin-1")
    return None


def is_host(value: bytes) -> bool:
    """Return whether the value of a Host line is one: a name or an address, and perhaps a port.

    An empty one is: it is sent where the target has no host.
    """
    value = value.strip(b" \t")
    return len(value) <= _LONGEST_HOST and _is_host(value)


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value.decode("latin-1"))
    if found is None or int(found["port"] or 0) > 65535:
        return False
    literal = found["literal"]
    if literal is None or _IP_FUTURE.fullmatch(literal):
        return True
    address, has_zone, zone = literal.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not has_zone or re.fullmatch(r"[A-Za-z0-9._~%-]+", zone) is not None


def read_path(target: bytes) -> bytes:
    """Return the path of a request's target, which may be a whole URL. target: without a query."""
    found = _ABSOLUTE.match(target)
    return target if found is None else target[found.end() :] or b"/"


def _check_authority(value: bytes) -> str | None:
    """Return what is wrong with the host of a whole URL; None when it is taken."""
    if b"@" in value:  # it hides which host is meant (RFC 9110 section 4.2.4)
        return "the URL must not hold a user or a password"
    return None if value and is_host(value) else "the URL names no host"


class HeadTooLarge(Exception):
    """The head of a request has more bytes or lines than are taken."""


class UrlTooLong(Exception):
    """The URL of a request has more bytes than are taken."""


class HeadTooSlow(Exception):
    """The head of a request did not arrive in time."""


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How large heads may be.

    head_bytes: of the request line and all header lines together.
    head_lines: header lines.
    url_bytes:  of the URL as it was sent.
    """

    head_bytes: int = 65536
    head_lines: int = 128
    url_bytes: int = 16384

    def make_too_large(self) -> HeadTooLarge:
        """Make the error for a head of too many bytes."""
        return HeadTooLarge(f"the head of the request is larger than {self.head_bytes} bytes")

    def make_too_long(self) -> UrlTooLong:
        """Make the error for a URL of too many bytes."""
        return UrlTooLong(f"the URL is longer than {self.url_bytes} bytes")

    def find_flaw(
        self, url: bytes, headers: Headers, *, version: str, hosts: Sequence[bytes] | None = None
    ) -> Exception | None:
        """Return what is wrong with a whole head; None when it is taken.

        headers: lower-case names. version: `1.1`. hosts: values of the Host lines, if they were
            looked for.
        """
        if len(url) > self.url_bytes:
            return self.make_too_long()
        if url[:1] != b"/" and (absolute := _ABSOLUTE.match(url)) is not None:
            reason = _check_authority(absolute[1])
            if reason is not None:
                return InvalidRequest(FieldError("", reason), malformed=True)
        if len(headers) > self.head_lines:
            return HeadTooLarge(f"the request has more than {self.head_lines} header lines")
        if hosts is None:
            hosts = [value for name, value in headers if name == b"host"]
        # RFC 9112 section 3.2: a server must refuse these, since proxies read them differently.
        if len(hosts) == 1:
            if is_host(hosts[0]):
                return None
            reason = "must be a host name or an IP address, and perhaps a port behind a colon"
        elif hosts or version == "1.1":
            reason = f"must be sent exactly once, and came {len(hosts)} times"
        else:
            return None
        return InvalidRequest(FieldError("Host", reason), malformed=True)

    def is_too_large(self, url: bytes, headers: Headers) -> bool:
        """Return whether a whole head has too many bytes."""
        lines = sum(len(name) + len(value) + 4 for name, value in headers)
        return len(url) + lines > self.head_bytes
