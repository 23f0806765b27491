"""Record whose tasks brought which results, where several tenants may name them.

The ids follow the feed, so that no verdict waits for them: whoever asks whose an id is looks at
what was recorded, and then at the end of the feed that was not.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.store import made_objects, owned_results
from tracker.store.driver.transaction import Tx
from tracker.store.made_objects import MadeObject
from tracker.store.owned_results import FeedResults
from tracker.store.store import Reading

SPAN = 1000
"""Feed entries of one transaction."""
TAIL = 2000
"""Entries that are looked at on the spot, where no worker has recorded them."""
SELDOM = 30
"""Where one tenant is alone, a worker looks in one round of so many."""
MOST_ID_BYTES = 1024
"""Of an id that is recorded."""


@dataclass(frozen=True, slots=True)
class _Recording:
    piece: FeedResults
    made: Sequence[MadeObject]


class OwnedResults:
    """Follows the feed. Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Remember nothing but how often there is nothing to look for."""
        self._context = context
        self._left_out = 0

    async def record_all(self) -> bool:
        """Record until nothing is left; return false where nobody needs it.

        That is where one tenant is alone, and has never named a result to continue.
        """
        state = await self._context.store.read(owned_results.read_standing)
        if not state.is_shared and state.recorded_to is None:
            return False
        while await self.record_some(1):
            pass
        return True

    async def record_now_and_then(self) -> None:
        """Record all, but look seldom for a second tenant: a check needs no worker to begin."""
        if self._left_out:
            self._left_out -= 1
            return
        if not await self.record_all():
            self._left_out = SELDOM - 1

    async def record_some(self, spans: int) -> bool:
        """Record so many pieces of the feed; returns whether more may be left."""
        store = self._context.store
        for _ in range(spans):
            # Read beside the writer: what stands in the feed stays as it is, and a task's pieces
            # that come later come with an entry of their own.
            recording = await store.read(self._read_next)
            piece = recording.piece
            if not piece.count or not await store.write(_record, recording):
                return False
            if piece.count < SPAN:
                return False
        return True

    def list_unrecorded(self, db: Reading, state: owned_results.RecordingState) -> list[MadeObject]:
        """Return what is not recorded yet, the oldest first. Raises LookupError for too much."""
        piece = owned_results.read(db, state.recorded_to or 0, limit=TAIL + 1)
        if piece.count > TAIL:
            raise LookupError
        return self._list_made(piece.tasks)

    def _read_next(self, db: Reading) -> _Recording:
        after = owned_results.read_standing(db).recorded_to or 0
        piece = owned_results.read(db, after, limit=SPAN)
        return _Recording(piece, self._list_made(piece.tasks))

    def _list_made(self, tasks: Iterable[Task]) -> list[MadeObject]:
        first: dict[tuple[str, str, str, str], MadeObject] = {}  # whoever had it first has it
        for task in tasks:
            for kind, ids in self._list_results(task):
                for id_ in ids:
                    made = MadeObject(task.provider, task.account, kind, id_, task.tenant, task.key)
                    first.setdefault((task.provider, task.account, kind, id_), made)
        return list(first.values())

    def _list_results(self, task: Task) -> Iterable[tuple[str, Collection[str]]]:
        provider = self._context.providers.get(task.provider)
        if provider is None:
            return
        for kind, listed in provider.objects.results.items():
            yield kind, {id_ for id_ in listed(task) if id_ and _is_indexable(id_)}


def _is_indexable(id_: str) -> bool:
    """Tell whether an index can hold an id; a longer one is nobody's."""
    return "\x00" not in id_ and len(id_.encode(errors="replace")) <= MOST_ID_BYTES


def _record(tx: Tx, recordings: Sequence[_Recording]) -> list[bool]:
    recorded = []
    for one in recordings:
        is_ours = owned_results.advance(tx.db, one.piece)
        if is_ours:
            made_objects.insert_many(tx.db, one.made, now=tx.now)
        recorded.append(is_ours)
    return recorded
