"""Which heads of requests are taken: their size, their lines, their URL, their Host."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.domain.errors import FieldError, InvalidRequest

Headers = Sequence[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> str | None:
    """Return the first header of a name; None where there is none.

    headers: a request's, as ASGI has them; `request.headers` makes an object of them and spells
    each name anew. name: in lower case.
    """
    for given, value in headers:
        if given == name:
            return value.decode("latin-1")
    return None


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

    def too_large(self) -> HeadTooLarge:
        """Make the error for a head of too many bytes."""
        return HeadTooLarge(f"the head of the request is larger than {self.head_bytes} bytes")

    def too_long(self) -> UrlTooLong:
        """Make the error for a URL of too many bytes."""
        return UrlTooLong(f"the URL is longer than {self.url_bytes} bytes")

    def flaw_of(
        self, url: bytes, headers: Headers, *, version: str, hosts: int | None = None
    ) -> Exception | None:
        """Return what is wrong with a whole head; None when it is taken.

        headers: lower-case names. version: `1.1`. hosts: how many Host lines there are, if counted.
        """
        if len(url) > self.url_bytes:
            return self.too_long()
        if len(headers) > self.head_lines:
            return HeadTooLarge(f"the request has more than {self.head_lines} header lines")
        if hosts is None:
            hosts = sum(name == b"host" for name, _ in headers)
        # RFC 9112 section 3.2: a server must refuse both, since proxies read them differently.
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            reason = f"must be sent exactly once, and came {hosts} times"
            return InvalidRequest(FieldError("Host", reason), malformed=True)
        return None

    def is_too_large(self, url: bytes, headers: Headers) -> bool:
        """Return whether a whole head has too many bytes."""
        lines = sum(len(name) + len(value) + 4 for name, value in headers)
        return len(url) + lines > self.head_bytes
