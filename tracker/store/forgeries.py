"""Statements on `forgeries`: forged callbacks, counted by hour, provider, subject and sender."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import forgeries


@dataclass(frozen=True, slots=True)
class ForgeryKind:
    """Forged callbacks that are counted together.

    subject: the task that their URL names.
    sender:  the address that they came from.
    All three are empty for the sum of those beyond the bound of a window.
    """

    provider: str = ""
    subject: str = ""
    sender: str = ""


OTHERS = ForgeryKind()


@dataclass(frozen=True, slots=True)
class Forged:
    """How many came of one kind, and when the last one did."""

    kind: ForgeryKind
    number: int
    last_at: datetime


def add(db: Connection, window_at: datetime, new: Forged, *, most: int) -> bool:
    """Count some in a window; return whether they are the first of their kind there.

    most: kinds that a window counts apart; beyond them all count as OTHERS.
    """
    if _increase(db, window_at, new):
        return False
    kinds = db.scalar(select(func.count()).where(forgeries.c.window_at == window_at)) or 0
    if kinds >= most and new.kind != OTHERS:
        add(db, window_at, replace(new, kind=OTHERS), most=most)
        return False
    dialect = get_dialect(db)
    made = dialect.insert(forgeries).values(
        tenant="default",
        window_at=window_at,
        **asdict(new.kind),
        number=new.number,
        last_at=new.last_at,
    )
    db.execute(
        made.on_conflict_do_update(
            index_elements=["window_at", "provider", "subject", "sender"],
            set_={"number": forgeries.c.number + made.excluded.number, "last_at": new.last_at},
        )
    )
    return new.kind != OTHERS


def _increase(db: Connection, window_at: datetime, new: Forged) -> bool:
    counted = update(forgeries).where(
        forgeries.c.window_at == window_at,
        forgeries.c.provider == new.kind.provider,
        forgeries.c.subject == new.kind.subject,
        forgeries.c.sender == new.kind.sender,
    )
    values = counted.values(number=forgeries.c.number + new.number, last_at=new.last_at)
    return db.execute(values).rowcount > 0


def count_all(db: Connection, *, since: datetime) -> int:
    """Return how many came in the windows since then."""
    found = select(func.coalesce(func.sum(forgeries.c.number), 0))
    return int(db.scalar(found.where(forgeries.c.window_at >= since)) or 0)


def list_kinds(db: Connection, *, since: datetime, limit: int) -> Sequence[Forged]:
    """Return what came in the windows since then by kind, the most frequent first."""
    number = func.sum(forgeries.c.number)
    kind = (forgeries.c.provider, forgeries.c.subject, forgeries.c.sender)
    found = (
        select(*kind, number, func.max(forgeries.c.last_at))
        .where(forgeries.c.window_at >= since)
        .group_by(*kind)
        .order_by(number.desc(), *kind)
        .limit(limit)
    )
    return [
        Forged(ForgeryKind(provider, subject, sender), int(count), last_at)
        for provider, subject, sender, count, last_at in db.execute(found)
    ]


def forget(db: Connection, *, before: datetime) -> None:
    """Drop the counts of windows that began before then."""
    db.execute(delete(forgeries).where(forgeries.c.window_at < before))
