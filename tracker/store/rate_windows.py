"""Statements on `rate_windows`: what has been drawn of each key's limit in its newest window."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, or_

from tracker.domain.shared_rate import compute_window
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.transaction import Tx
from tracker.store.schema import rate_windows


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """An order of a block. size: of the whole limit."""

    key: int
    tenant: str
    size: int
    block: int


def draw(tx: Tx, asked: Sequence[BlockOrder]) -> list[tuple[int, int | None]]:
    """Draw blocks; returns for each the window by the database's clock, and what is drawn of it.

    None in the place of the latter where no block was left.
    """
    window = compute_window(tx.lease_now.timestamp())
    return [(window, _draw(tx.db, one, window)) for one in asked]


def _draw(db: Connection, asked: BlockOrder, window: int) -> int | None:
    row, statement = rate_windows.c, get_dialect(db).insert(rate_windows)
    new = statement.excluded
    statement = statement.values(
        key=asked.key, tenant=asked.tenant, window=window, drawn=asked.block
    )
    is_next = row.window < new.window
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "drawn": case((is_next, new.drawn), else_=row.drawn + new.drawn),
            "window": new.window,
        },
        where=or_(is_next, row.drawn + new.drawn <= asked.size),
    )
    drawn: int | None = db.scalar(statement.returning(row.drawn))
    return drawn
