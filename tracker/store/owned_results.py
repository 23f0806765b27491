"""Statements that follow the feed: whose tasks brought what, where several tenants are.

The ids themselves go into `made_objects`; `owned_progress` says up to which number of the feed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from sqlalchemy import Connection, func, select, update

from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.store import feed
from tracker.store import tasks as task_statements
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import api_keys, owned_progress, tasks, transitions

_LOCK = 0x747261636F77
_NOBODY = ""
_MAY_BRING = [state.value for state in (*sorted(TERMINAL), TaskState.RUNNING)]
"""States with which results may have come."""
_RECORDED_OF = "SELECT seq FROM owned_progress WHERE tenant"
_RECORDED = select(owned_progress.c.seq).where(owned_progress.c.tenant == _NOBODY).scalar_subquery()
# Each a look at one end of an index.
_STANDING = select(
    _RECORDED,
    select(func.min(tasks.c.tenant)).scalar_subquery(),
    select(func.max(tasks.c.tenant)).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class FeedResults:
    """A piece of the feed that is to be recorded.

    after: the number before its first entry. last: of its last one. count: its entries.
    tasks: those that it tells of, as they are now, in the order of their first entry.
    """

    after: int
    last: int
    count: int
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How far results are recorded, and whether anybody needs them to be.

    recorded_to: a number of the feed; None where nothing was recorded so far.
    is_shared:   whether there are tasks or keys of several tenants.
    """

    recorded_to: int | None
    is_shared: bool


def read_standing(db: Connection, tenant: str | None = None) -> RecordingState:
    """Return how far results are recorded.

    tenant: counts among the tenants also where it has neither key nor task.
    """
    recorded_to, least, most = db.execute(_STANDING).one()
    known = {one for one in (least, most, tenant) if one is not None}
    if len(known) == 1:
        [only] = known
        other = select(api_keys.c.key).where(api_keys.c.tenant != only).limit(1)
        return RecordingState(recorded_to, db.scalar(other) is not None)
    return RecordingState(recorded_to, len(known) > 1)


def read(db: Connection, after: int, *, limit: int) -> FeedResults:
    """Return the feed behind a number. Whoever has seen one never misses one below it."""
    last, count = feed.measure_span(db, after, limit=limit)
    if last is None:
        return FeedResults(after, after, 0)
    moved = (
        select(transitions.c.task_key)
        .where(
            transitions.c.seq > after,
            transitions.c.seq <= last,
            transitions.c.to_state.in_(_MAY_BRING),
        )
        .order_by(transitions.c.seq)
    )
    keys = list(dict.fromkeys(db.scalars(moved)))
    found = task_statements.get_by_keys(db, keys)
    return FeedResults(after, last, count, [found[key] for key in keys if key in found])


def advance(db: Connection, piece: FeedResults) -> bool:
    """Claim a piece of the feed; false where another process records, or has recorded it.

    Never waits: the caller may hold the feed's lock.
    """
    dialect = get_dialect(db)
    if not dialect.try_lock(db, _LOCK):
        return False
    if piece.after == 0:
        first = dialect.insert(owned_progress).on_conflict_do_nothing()
        db.execute(first, {"tenant": _NOBODY, "seq": 0})
    moved = update(owned_progress).where(
        owned_progress.c.tenant == _NOBODY, owned_progress.c.seq == piece.after
    )
    return db.execute(moved.values(seq=piece.last)).rowcount == 1


def prepare_recorded(db: Connection) -> Callable[[], float]:
    """Look up to which number the feed is recorded; call what is returned for it.

    It is infinity where nobody records it.
    """
    found = bulk.find_soon(db, _RECORDED_OF, [_NOBODY], encoding.encode_texts, is_sent=False)
    return lambda: next((seq for (seq,) in found()), inf)
