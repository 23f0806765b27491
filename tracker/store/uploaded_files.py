"""Statements on those of `assets` that clients of a front uploaded, and may name."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, text, update

from tracker.domain.custody import WITHDRAWN, Asset
from tracker.store.asset_rows import COLUMNS, read_asset
from tracker.store.assets import IS_KEPT
from tracker.store.schema import assets

_IS_OVER = text("assets.task_key IS NULL AND assets.state <> 'kept'")
"""Spelt as the partial index has it."""


def list_page(  # noqa: PLR0913 - each narrows the page
    db: Connection,
    tenant: str,
    front: str,
    *,
    behind: int | None,
    oldest_first: bool,
    limit: int,
    now: datetime,
) -> Sequence[Asset]:
    """Return files that a tenant's clients uploaded, in the order of their rows.

    behind: the row key to go on behind; None for the first page.
    """
    found = select(*COLUMNS).where(
        assets.c.tenant == tenant, assets.c.front == front, IS_KEPT, assets.c.expires_at > now
    )
    if behind is not None:
        found = found.where(assets.c.key > behind if oldest_first else assets.c.key < behind)
    order = assets.c.key.asc() if oldest_first else assets.c.key.desc()
    return [read_asset(row) for row in db.execute(found.order_by(order).limit(limit))]


def withdraw(db: Connection, tenant: str, front: str, id_: UUID) -> bool:
    """Let nothing name a file any more; False where the tenant's front has no such file."""
    changed = update(assets).where(
        assets.c.id == id_, assets.c.tenant == tenant, assets.c.front == front, IS_KEPT
    )
    return db.execute(changed.values(front=None, label=None, kind=WITHDRAWN)).rowcount == 1


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop rows of uploads that have not been kept for long. Returns how many went."""
    old = select(assets.c.key).where(_IS_OVER, assets.c.ended_at < before).limit(limit)
    return db.execute(delete(assets).where(assets.c.key.in_(old))).rowcount
