"""One HTTP exchange as plain data: adapters build and read these, `egress` performs them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from tracker.domain.enum_members import find_members_directly

MaySend = Callable[[], bool]
"""Asked when the first byte of a request is about to leave."""


class FileSink(Protocol):
    """Takes the bytes of one file that comes within an answer."""

    async def write(self, data: bytes) -> None:
        """Take the next bytes."""
        ...

    async def finish(self) -> str:
        """Return the name that stands in the answer in the place of the file."""
        ...

    async def abort(self) -> None:
        """Leave nothing of it: the answer broke off."""
        ...


OpenSink = Callable[[], Awaitable[FileSink]]
"""Called at the beginning of each file within an answer."""


class PieceSink(Protocol):
    """Takes the body of one answer while it comes."""

    def write(self, piece: bytes) -> None:
        """Take the next bytes, decoded, not redacted. Raises BrokenTransfer to end the exchange."""
        ...


OpenPieces = Callable[[Mapping[str, str]], PieceSink]
"""Called with the headers of an answer that is a success, before its first byte is read."""


def allow_always() -> bool:
    """Tell that a request may be made by anybody at any time."""
    return True


@find_members_directly
class Certainty(StrEnum):
    """The evidence of a failed send: did the other side get, and perhaps accept, the request?"""

    NOT_SENT = "not_sent"
    """It broke before the first byte left us: nothing can have happened there."""
    REFUSED = "refused"
    """The answer proves that nothing was created."""
    UNKNOWN = "unknown"
    """It may have been accepted."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request to make.

    headers:   lower-case names; may hold credentials, so this is never logged.
    timeout_s: for the whole exchange, not for each read.
    lasts_s:   so long the provider may take to answer, where that is longer than calls usually
               take; 0 where it is not. Whoever sets `timeout_s` waits no less.
    secrets:   besides the credentials in the headers, what must not be repeated to anybody when
               the answer repeats it.
    proxy:     URL of the HTTP proxy that it goes through, credentials included; None for none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    lasts_s: float = 0.0
    secrets: tuple[str, ...] = field(default=(), repr=False)
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpResult:
    """An answer, whole.

    headers: lower-case names, last one wins.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """No answer, or not a whole one.

    certainty: NOT_SENT or UNKNOWN.
    reason:    what broke, for people; holds no header and no body.
    """

    certainty: Certainty
    reason: str


@dataclass(frozen=True, slots=True)
class HttpStream:
    """An answer whose body is still coming.

    headers: lower-case names, last one wins.
    chunks:  the body, decoded. Read it to its end or close it (`aclose`): it holds a connection.
             Raises BrokenTransfer when the answer ends before its end, is too slow or too large.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None] = field(repr=False)
