"""A front: the service in a provider's own shape, for clients that were written for the provider.

A front is pure. It reads a request into a command and shows tasks in its provider's words; the
host (`web/fronts/host.py`) does the rest: keys, bodies, tasks, waiting, streams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task


class Fault(StrEnum):
    """Why a call is refused. A front has a code and a status of its provider for each."""

    UNREADABLE = "unreadable"
    """The body is not the JSON or the form that it should be."""
    INVALID = "invalid"
    NO_ROUTE = "no_route"
    WRONG_METHOD = "wrong_method"
    NOT_SERVED = "not_served"
    """No account serves the operation."""
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    NO_KEY = "no_key"
    BAD_KEY = "bad_key"
    EXPIRED_KEY = "expired_key"
    EARLY_KEY = "early_key"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    """Nothing was done; the same call may be made again."""
    PROVIDER_UNKNOWN = "provider_unknown"
    """The provider may have heard a call that was passed on."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that is refused.

    message: for people; names each wrong field. fields: the same, one by one.
    """

    fault: Fault
    message: str
    fields: Sequence[FieldError] = ()


@dataclass(frozen=True, slots=True)
class FrontCall:
    """A client's request.

    path:    behind the prefix, percent-decoded, without a slash at either end.
    query:   in the order in which they came.
    headers: lower-case names.
    body:    the parsed JSON or form; None where there is none.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class FrontAnswer:
    """What a client is answered.

    body: JSON, or bytes as they are; None for an empty body.
    """

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Create:
    """Make a task.

    wait_s: how long the answer may be held back for the task's end.
    """

    operation: str
    input: Mapping[str, Any]
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Get:
    """Show tasks by their names.

    names:     our public ids or callers' external ids, as `by` says; `any` tries both.
    operation: only tasks of it; None for all.
    wait_s:    how long the answer may be held back for the first task's end.
    """

    names: Sequence[str]
    by: str = "any"
    operation: str | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """Show a page of tasks, newest first.

    operations: only tasks of these; None for all.
    offset, after: where the page starts: so many tasks on, or behind the task of this name.
    """

    limit: int
    operations: Sequence[str] | None = None
    states: Sequence[str] | None = None
    offset: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a task by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answer the same to everybody whose key is good: what needs neither task nor provider."""

    answer: FrontAnswer


@dataclass(frozen=True, slots=True)
class PassOn:
    """Pass a call that makes no task on to the provider. name: of a row of `Front.passes_on`."""

    name: str


Command = Create | Get | Page | Cancel | Fixed | PassOn


@dataclass(frozen=True, slots=True)
class Shown:
    """Tasks that a command found. has_more: whether a page goes on."""

    tasks: Sequence[Task]
    has_more: bool = False


class Front(Protocol):
    """The routes of a provider, in its own shape."""

    @property
    def prefixes(self) -> Sequence[str]:
        """Paths that it stands under, e.g. `/luma`; an empty text for the root."""
        ...

    def scope(self, call: FrontCall) -> Scope:
        """Return what a key must allow for this call."""
        ...

    def read(self, call: FrontCall) -> Command | Refusal:
        """Say what a request asks for."""
        ...

    def show(self, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Answer a command in the provider's shape."""
        ...

    def refuse(self, refusal: Refusal, request_id: str) -> FrontAnswer:
        """Answer a refused call in the provider's error envelope."""
        ...

    def tell(self, task: Task, step: Transition) -> bytes | None:
        """Return the body that a caller's own callback URL is sent for a step; None for nothing."""
        ...
