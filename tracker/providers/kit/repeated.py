"""Entries of one answer that name the same thing twice: what tells most of it is believed."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from tracker.domain.task import ArtifactState, TaskState


class StatedEntry(Protocol):
    """Whatever tells how a task or a piece of one stands."""

    @property
    def state(self) -> TaskState | ArtifactState | None: ...  # noqa: D102


Told = TypeVar("Told", bound=StatedEntry)
_RANKS: Mapping[str, int] = MappingProxyType(
    {
        TaskState.SUCCEEDED: 4,
        TaskState.FAILED: 3,
        TaskState.CANCELLED: 3,
        TaskState.RUNNING: 2,
        TaskState.SUBMITTED: 1,
        ArtifactState.READY: 4,
        ArtifactState.FAILED: 3,
        ArtifactState.PREVIEW: 2,
    }
)


def select_fullest(entries: Iterable[tuple[str | None, Told]]) -> dict[str | None, Told]:
    """Return entries by id: of several with one id the furthest, and of equals the last.

    A success goes before a failure: whatever else is said, the result is there.
    """
    found: dict[str | None, Told] = {}
    for id_, one in entries:
        before = found.get(id_)
        if before is None or _rank_entry(one) >= _rank_entry(before):
            found[id_] = one
    return found


class NamedEntry(StatedEntry, Protocol):
    """Whatever has an id besides, or none."""

    @property
    def id(self) -> str | None: ...  # noqa: D102


NamedTold = TypeVar("NamedTold", bound=NamedEntry)


def remove_repeated(listed: Iterable[NamedTold]) -> list[NamedTold]:
    """Return pieces with each that has an id once, in the place of its first: see `fullest`."""
    pieces = list(listed)
    best = select_fullest((one.id, one) for one in pieces)
    left = dict.fromkeys(one.id for one in pieces if one.id is not None)
    found: list[NamedTold] = []
    for one in pieces:
        if one.id is None:
            found.append(one)
        elif one.id in left:
            del left[one.id]
            found.append(best[one.id])
    return found


def _rank_entry(one: StatedEntry) -> int:
    return 0 if one.state is None else _RANKS.get(one.state, 0)
