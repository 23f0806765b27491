"""A client's call to a front, the answer to it, and why it may be refused instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.domain.errors import FieldError
from tracker.domain.records import record


class Fault(StrEnum):
    """Why a call is refused. A front has a code and a status of its provider for each."""

    UNREADABLE = "unreadable"
    """The body is not the JSON that it should be."""
    MEDIA_TYPE = "media_type"
    """The body is not said to be JSON."""
    ENCODING = "encoding"
    """The body's Content-Encoding is not taken."""
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    INVALID = "invalid"
    NO_ROUTE = "no_route"
    WRONG_METHOD = "wrong_method"
    NOT_SERVED = "not_served"
    """No account serves the operation."""
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    BUSY = "busy"
    """Busy with an equal call: in a moment it can be made again."""
    NO_KEY = "no_key"
    BAD_KEY = "bad_key"
    EXPIRED_KEY = "expired_key"
    EARLY_KEY = "early_key"
    FORBIDDEN = "forbidden"
    NO_MONEY = "no_money"
    """The caller's budget has no room for the task: the provider's word for a balance too low."""
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    """Nothing was done; the same call may be made again."""
    PROVIDER_UNKNOWN = "provider_unknown"
    """The provider may have heard a call that was passed on."""
    INTERNAL = "internal"


PASSING = frozenset({Fault.BUSY, Fault.RATE_LIMITED, Fault.UNAVAILABLE, Fault.INTERNAL})
"""The call may be made again as it is. All other faults stay until the caller changes it."""


@dataclass(frozen=True, slots=True)
class FrontRefusal:
    """A call that is refused.

    message: for people; names each wrong field. fields: each of them alone.
    """

    fault: Fault
    message: str
    fields: Sequence[FieldError] = ()


@record
class FrontCall:
    """A client's request.

    path:    behind the prefix, percent-decoded except for `%2F`, without a slash at either end.
    at:      when it came.
    base:    the address of the front as its client sees it, e.g. `https://host/replicate`; for
             links in answers.
    query:   in the order in which they came.
    headers: lower-case names.
    body:    the JSON object that `WantsBody` asked for; None where nothing was read.
    """

    method: str
    path: str
    at: datetime
    base: str = ""
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def is_read(self) -> bool:
        """True for a GET, and for a HEAD, which is answered like one."""
        return self.method in ("GET", "HEAD")

    def get_parameter(self, name: str) -> str | None:
        """Return the last value of a parameter; None where it was not given."""
        return dict(self.query).get(name)


@record
class FrontAnswer:
    """The answer to a client.

    body: JSON; None for an empty one.
    has_files: whether names of files that we keep stand in it (`Shown.names`): each file's base64
        is sent in the place of its name.
    file:  the name of a file that we keep, whose bytes are the answer in the place of `body`.
    """

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    has_files: bool = False
    file: str | None = None


@dataclass(frozen=True, slots=True)
class WantsBody:
    """Read the call's body as a JSON object, then ask the front again.

    most_bytes: None for the service's own limit, which always holds too.
    or_form:    take a urlencoded or multipart form as well: fields become texts, files data URIs,
                and of a name that comes more than once a list.
    """

    most_bytes: int | None = None
    or_form: bool = False
