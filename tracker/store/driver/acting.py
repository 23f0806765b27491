"""Actions of people: who does what, from the guard of a route to the row that says so.

Whoever knows the person begins an action: a route's guard, a command. `Store.write` hands it to the
writer, which writes its row in the very transaction that carries it out, so that neither is there
without the other. Begun in the context of one request, it is seen by nobody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class ActorAction:
    """One action.

    action:     what is done, such as `endpoints.pause`.
    target:     the id of what it is done to; None: the id of what it makes, where it makes one.
    request_id: empty for a command.
    count:      how many objects one write of it was about, by the write's result; None: the whole
                action is about one.
    key:        of its row, once that is committed.
    """

    tenant: str
    actor: str
    action: str
    target: str | None = None
    request_id: str = ""
    count: Callable[[Any], int] | None = None
    key: int | None = None


_ACT: ContextVar[ActorAction | None] = ContextVar("act", default=None)


def begin(act: ActorAction) -> None:
    """Have the writes of this context be those of an action."""
    _ACT.set(act)


def drop() -> None:
    """Have the writes of this context be no action's: it is only tried out."""
    _ACT.set(None)


@contextmanager
def suspend_action() -> Iterator[None]:
    """Have the writes of a block be no action's; those after it are the action's again."""
    kept = _ACT.set(None)
    try:
        yield
    finally:
        _ACT.reset(kept)


def get_action() -> ActorAction | None:
    """Return the action of this context; None where no person acts."""
    return _ACT.get()
