"""Statements on `assets`: what is kept of results, read and recorded. `asset_queue` claims."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    delete,
    literal,
    select,
    text,
    tuple_,
    update,
)

from tracker.domain.custody import FROM_RESULT, WAITS, Asset, AssetState, WantedFile
from tracker.store import holds
from tracker.store.asset_rows import COLUMNS, NAMES, read_asset, read_assets
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import assets, tasks

IS_WANTED = text("assets.state = 'wanted'")
_IS_LOST = text("assets.state = 'lost'")
IS_KEPT = text("assets.state = 'kept'")
"""Spelt as the partial indexes have it: a prepared statement with a parameter does not use them,
nor does SQLite where SQLAlchemy compares a boolean with true for it."""
_WANT = bulk.insert(
    assets,
    (
        *("tenant", "id", "task_key", "piece", "position", "kind", "state", "lane", "source"),
        *("url_expires_at", "dies_at", "next_at", "attempts", "created_at"),
    ),
    conflict=(
        "ON CONFLICT (task_key, piece) WHERE task_key IS NOT NULL DO UPDATE SET"
        " source = excluded.source, url_expires_at = excluded.url_expires_at,"
        " dies_at = excluded.dies_at, position = excluded.position, lane = excluded.lane"
        " WHERE assets.state = 'wanted'"
    ),
)
_INSERT_KEPT = bulk.insert(
    assets,
    (
        *("tenant", "id", "task_key", "piece", "position", "kind", "state", "lane", "dies_at"),
        *("next_at", "attempts", "reason", "size", "sha256", "media_type", "store_key"),
        *("created_at", "ended_at", "expires_at", "front", "label"),
    ),
    conflict="ON CONFLICT DO NOTHING",
)
_LOAD = f"SELECT {', '.join(NAMES)} FROM assets WHERE"  # noqa: S608 - names of columns


def insert_wanted(
    db: Connection, wanted: Iterable[tuple[WantedFile, str]], *, now: datetime
) -> None:
    """Write down what is to be fetched from where a result says, each with its lane.

    A piece that is wanted already gets the newer URL; one that has ended stays as it is. Of a piece
    that two steps of one transaction want, the later counts: PostgreSQL refuses to change a row
    twice in a statement.
    """
    rows = {
        (one.task.key, one.piece): (
            one.task.tenant,
            one.id,
            one.task.key,
            one.piece,
            one.position,
            one.kind,
            AssetState.WANTED.value,
            lane,
            FROM_RESULT,
            one.url_expires_at,
            one.dies_at,
            now,
            0,
            now,
        )
        for one, lane in wanted
    }
    _WANT.execute_later(db, list(rows.values()))


def replace_pieces(db: Connection, pieces: Collection[tuple[int, str]], *, now: datetime) -> None:
    """Free the names of pieces, by task, that a newer result has otherwise or no more.

    What is wanted of them goes at once. What is kept is due for retention, which drops it with its
    object, unless a hold names its task.
    """
    if not pieces:
        return
    which = tuple_(assets.c.task_key, assets.c.piece).in_(pieces)
    db.execute(delete(assets).where(which, IS_WANTED))
    due = case((IS_KEPT, now), else_=assets.c.expires_at)
    freed = literal("replaced ") + cast(assets.c.key, Text)
    db.execute(update(assets).where(which).values(piece=freed, expires_at=due))


def list_of_tasks(db: Connection, keys: Collection[int]) -> dict[int, list[Asset]]:
    """Return the assets of tasks, by the task's row key, in the order of the result."""
    rows = bulk.find(db, f"{_LOAD} task_key", list(keys), encoding.integers)
    found: dict[int, list[Asset]] = defaultdict(list)
    for asset in sorted(read_assets(rows, get_dialect(db)), key=lambda one: one.position):
        if asset.task_key is not None:
            found[asset.task_key].append(asset)
    return found


def list_by_id(db: Connection, ids: Collection[UUID]) -> dict[UUID, Asset]:
    """Return assets by public id, of any tenant."""
    rows = bulk.find(db, f"{_LOAD} id", list(ids), encoding.uuids)
    return {asset.id: asset for asset in read_assets(rows, get_dialect(db))}


def list_page(  # noqa: PLR0913 - each narrows the page
    db: Connection,
    tenant: str,
    *,
    before: int | None,
    limit: int,
    states: Collection[str] = (),
    task_key: int | None = None,
) -> list[Asset]:
    """Return a tenant's assets, the newest first. before: the row key to go on behind."""
    found = select(*COLUMNS).where(assets.c.tenant == tenant)
    if before is not None:
        found = found.where(assets.c.key < before)
    if states:
        found = found.where(assets.c.state.in_(states))
    if task_key is not None:
        found = found.where(assets.c.task_key == task_key)
    return [read_asset(row) for row in db.execute(found.order_by(assets.c.key.desc()).limit(limit))]


def replace_source(  # noqa: PLR0913 - all that goes with a URL
    db: Connection,
    key: int,
    sealed: bytes,
    *,
    lane: str,
    url_expires_at: datetime | None,
    dies_at: datetime,
) -> None:
    """Fetch from another URL, which the provider gave in the place of a dead one."""
    changed = update(assets).where(assets.c.key == key, IS_WANTED)
    ends = {"url_expires_at": url_expires_at, "dies_at": dies_at}
    db.execute(changed.values(source=sealed, lane=lane, **ends))


def lock_bytes(db: Connection, tenant: str, sha256: bytes) -> None:
    """Let nobody else begin or cease to share an object of these bytes until the commit."""
    get_dialect(db).lock(db, f"asset\n{tenant}\n{sha256.hex()}")


def find_holding(db: Connection, tenant: str, sha256: bytes) -> Asset | None:
    """Return an asset of a tenant that keeps these bytes; None where none does."""
    found = select(*COLUMNS).where(assets.c.tenant == tenant, assets.c.sha256 == sha256, IS_KEPT)
    row = db.execute(
        found.limit(1)
    ).one_or_none()  # in an order, PostgreSQL walks the tenant's rows
    return None if row is None else read_asset(row)


def list_in_use(db: Connection, store_keys: Collection[str]) -> set[str]:
    """Return those of some objects that a kept asset needs."""
    found = select(assets.c.store_key).where(IS_KEPT, assets.c.store_key.in_(store_keys))
    return {key for key in db.scalars(found) if key is not None}


def list_kept_after(db: Connection, key: int, *, limit: int) -> list[Asset]:
    """Return kept assets in the order of their rows, behind a row key."""
    found = select(*COLUMNS).where(IS_KEPT, assets.c.key > key)
    return [read_asset(row) for row in db.execute(found.order_by(assets.c.key).limit(limit))]


def is_any_expired(db: Connection, *, now: datetime) -> bool:
    """Return whether the retention of any kept asset is over that no hold names."""
    found = select(assets.c.key).where(IS_KEPT, assets.c.expires_at <= now, _match_unheld())
    return db.execute(found.limit(1)).first() is not None


def lock_expired(db: Connection, *, now: datetime, limit: int) -> list[Asset]:
    """Return kept assets whose retention is over, locked; none that a hold names."""
    holds.lock(db)
    found = (
        select(*COLUMNS)
        .where(IS_KEPT, assets.c.expires_at <= now, _match_unheld())
        .order_by(assets.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [read_asset(row) for row in db.execute(found)]


def _match_unheld() -> ColumnElement[bool]:
    """Return a condition that leaves out what a hold names."""
    task_id = select(tasks.c.id).where(tasks.c.key == assets.c.task_key).correlate(assets)
    named = holds.match_tenant(assets.c.tenant) | holds.match_task(
        assets.c.tenant, task_id.scalar_subquery()
    )
    return ~named


def lock_kept(db: Connection, key: int) -> Asset | None:
    """Return a kept asset, locked; None when it is kept no more."""
    found = select(*COLUMNS).where(assets.c.key == key, IS_KEPT)
    row = db.execute(found.with_for_update()).one_or_none()
    return None if row is None else read_asset(row)


def drop_bytes(
    db: Connection, keys: Collection[int], state: AssetState, reason: str | None, *, now: datetime
) -> None:
    """Record that the bytes of assets are not kept any more."""
    changed = update(assets).where(assets.c.key.in_(keys))
    db.execute(changed.values(state=state.value, reason=reason, store_key=None, ended_at=now))


def mark_vanished(db: Connection, key: int, reason: str, *, now: datetime) -> None:
    """Record that an asset's object is not there; its row goes on naming it."""
    changed = update(assets).where(assets.c.key == key)
    db.execute(changed.values(state=AssetState.LOST.value, reason=reason, ended_at=now))


def list_lost_at(db: Connection, store_keys: Collection[str]) -> list[Asset]:
    """Return lost assets whose rows name some objects, which had vanished. No index leads there."""
    found = select(*COLUMNS).where(_IS_LOST, assets.c.store_key.in_(store_keys))
    return [read_asset(row) for row in db.execute(found)]


def end_waiting(db: Connection, store_keys: Collection[str]) -> None:
    """Take the remark back that objects are not in the store yet."""
    waiting = (assets.c.store_key.in_(store_keys), IS_KEPT, assets.c.reason.startswith(WAITS))
    db.execute(update(assets).where(*waiting).values(reason=None))


def keep_found(db: Connection, keys: Collection[int], *, now: datetime) -> set[int]:
    """Record that the objects of lost assets are there after all; return those still lost then."""
    changed = update(assets).where(assets.c.key.in_(keys), _IS_LOST)
    kept = changed.values(state=AssetState.KEPT.value, reason=None, ended_at=now)
    return set(db.scalars(kept.returning(assets.c.key)))


def request_again(db: Connection, key: int, *, dies_at: datetime, now: datetime) -> bool:
    """Fetch an asset once more; False when it is kept, being fetched, or has no URL."""
    changed = update(assets).where(
        assets.c.key == key,
        assets.c.source.is_not(None),
        assets.c.state.in_(["lost", "refused", "gone"]) | and_(IS_WANTED, assets.c.token.is_(None)),
    )
    values: dict[str, Any] = {"state": "wanted", "attempts": 0, "next_at": now, "ended_at": None}
    return db.execute(changed.values(**values, dies_at=dies_at)).rowcount == 1


def insert_kept(db: Connection, kept: Iterable[Asset]) -> None:
    """Write down files that are kept from their beginning: uploads, and those out of answers."""
    rows = [
        (
            one.tenant,
            one.id,
            one.task_key,
            one.piece,
            one.position,
            one.kind,
            one.state.value,
            "",
            one.created_at,
            one.created_at,
            0,
            one.reason,
            one.size,
            one.sha256,
            one.media_type,
            one.store_key,
            one.created_at,
            one.created_at,
            one.expires_at,
            one.front,
            one.label,
        )
        for one in kept
    ]
    _INSERT_KEPT.execute_later(db, rows)
