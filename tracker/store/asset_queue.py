"""Statements that claim and settle what is to be fetched: wanted assets as a queue.

A claimed asset stays `wanted`; its `next_at` is moved behind the claim, so that it becomes due by
itself when its holder vanishes, and its `token` is the holder's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    func,
    select,
    text,
    tuple_,
    update,
)

from tracker.domain.custody import Asset, AssetState, get_account_lane
from tracker.store.asset_rows import NAMES, OWN
from tracker.store.assets import IS_WANTED
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.types import UtcDateTime
from tracker.store.schema import assets

_TAKE = bulk.update(assets, ("token", "next_at"))
_TAKEN_NAMES = (*NAMES, "lane", "dies_at", "source")
_TAKEN = f"SELECT {', '.join(_TAKEN_NAMES)} FROM assets WHERE key"  # noqa: S608 - names of columns
_TAKEN_READER = RowReader(assets, _TAKEN_NAMES, OWN)
_KEEP = bulk.update(
    assets,
    (
        *("state", "size", "sha256", "media_type", "store_key", "reason", "expires_at"),
        *("attempts", "ended_at", "token"),
    ),
)
_END = bulk.update(assets, ("state", "reason", "attempts", "ended_at", "token"))
_LATER = bulk.update(assets, ("reason", "attempts", "next_at", "token"))
_TOKENS = "SELECT key, token FROM assets WHERE key"


@dataclass(frozen=True, slots=True)
class ClaimedAsset:
    """An asset that this process may fetch, for a time.

    lane:   who might starve whom: provider and account, and the host of the file.
    token:  proves that the holder still holds it.
    source: the sealed URL, as it was when it was claimed.
    was_left: whether an earlier holder vanished.
    """

    asset: Asset
    lane: str
    dies_at: datetime
    token: str
    source: bytes | None = field(repr=False)
    was_left: bool = False


_LANES = text(
    """
    WITH RECURSIVE found (lane) AS (
        SELECT min(lane) FROM assets WHERE state = 'wanted'
        UNION ALL
        SELECT (SELECT min(lane) FROM assets WHERE state = 'wanted' AND lane > found.lane)
        FROM found WHERE found.lane IS NOT NULL
    ), first (lane, dies) AS (
        SELECT lane, (
            SELECT dies_at FROM assets
            WHERE state = 'wanted' AND assets.lane = found.lane AND next_at <= :now
            ORDER BY dies_at LIMIT 1
        )
        FROM found WHERE lane IS NOT NULL
    )
    SELECT lane, dies FROM first WHERE dies IS NOT NULL
    """
).bindparams(bindparam("now", type_=UtcDateTime))
"""Lanes with something due, and what dies first there: by leaps through the index."""


def claim(  # noqa: PLR0913 - each narrows the claim
    db: Connection,
    *,
    token: str,
    now: datetime,
    until: datetime,
    limit: int,
    per_lane: int,
    busy: Mapping[str, int],
    most: Mapping[str, int] = MappingProxyType({}),
) -> list[ClaimedAsset]:
    """Take up to `limit` due assets: of each lane those whose URL dies soonest.

    per_lane: the most that this claimant may hold of one account; busy: what it holds already, by
        lane.
    until:    when what is taken becomes due again by itself.
    most:     lanes of which so many are taken at most; of 0 only what dies by now, so that it ends.
    """
    left: dict[int, bool] = {}
    held = Counter[str]()
    for lane, count in busy.items():
        held[get_account_lane(lane)] += count
    for lane, _ in sorted(_list_due_lanes(db, now), key=lambda one: one[1]):
        account, bound = get_account_lane(lane), most.get(lane)
        share = min(per_lane - held[account], limit - len(left), bound or limit)
        if share > 0:
            due = (
                select(assets.c.key, assets.c.token.is_not(None))
                .where(IS_WANTED, assets.c.lane == lane)
                .where(assets.c.next_at <= now)
                .order_by(assets.c.dies_at, assets.c.next_at)  # as the index has them
                .limit(share)
                .with_for_update(skip_locked=True)
            )
            if bound == 0:
                due = due.where(assets.c.dies_at <= now)
            taken: dict[int, bool] = dict(db.execute(due).all())
            held[account] += len(taken)
            left |= taken
    if not left:
        return []
    keys = list(left)
    _TAKE.run(db, [(token, until, key) for key in keys])
    rows = bulk.find(db, _TAKEN, keys, encoding.integers)
    found = [
        ClaimedAsset(asset, lane, dies_at, token, source, left[asset.key])
        for *own, lane, dies_at, source in _TAKEN_READER.read_values(rows, get_dialect(db))
        for asset in (Asset(*own),)
    ]
    return sorted(found, key=lambda one: (one.dies_at, one.asset.key))


def _list_due_lanes(db: Connection, now: datetime) -> list[tuple[str, str]]:
    return [(lane, str(dies)) for lane, dies in db.execute(_LANES, {"now": now})]


def find_next_due(db: Connection) -> datetime | None:
    """Return when the next asset can be claimed; None when none is wanted."""
    when: datetime | None = db.scalar(select(func.min(assets.c.next_at)).where(IS_WANTED))
    return when


def renew(db: Connection, held: Sequence[ClaimedAsset], *, until: datetime) -> set[ClaimedAsset]:
    """Hold these for longer. Returns those that are still held."""
    renewed = update(assets).where(_match_held(held)).values(next_at=until)
    found = {tuple(row) for row in db.execute(renewed.returning(assets.c.key, assets.c.token))}
    return {one for one in held if (one.asset.key, one.token) in found}


def release(db: Connection, held: Sequence[ClaimedAsset], *, now: datetime) -> None:
    """Hand these back: they are due at once and no try was spent."""
    db.execute(update(assets).where(_match_held(held)).values(token=None, next_at=now))


def lock_held(db: Connection, claimed: Sequence[ClaimedAsset]) -> set[ClaimedAsset]:
    """Return those whose holder may still commit work on them, their rows locked."""
    keys = sorted(one.asset.key for one in claimed)
    rows = bulk.find(db, _TOKENS, keys, encoding.integers, tail=" ORDER BY key FOR UPDATE")
    tokens = dict(rows)
    return {one for one in claimed if tokens.get(one.asset.key) == one.token}


def keep(db: Connection, kept: Iterable[Asset], *, now: datetime) -> None:
    """Record that claimed assets are kept. kept: with what is known of their bytes."""
    _KEEP.run(
        db,
        [
            (
                AssetState.KEPT.value,
                one.size,
                one.sha256,
                one.media_type,
                one.store_key,
                one.reason,
                one.expires_at,
                one.attempts + 1,
                now,
                None,
                one.key,
            )
            for one in kept
        ],
    )


def end(db: Connection, ended: Iterable[Asset], *, now: datetime) -> None:
    """Record that claimed assets are not fetched any more. ended: with their state and reason."""
    _END.run(
        db,
        [(one.state.value, one.reason, one.attempts + 1, now, None, one.key) for one in ended],
    )


def try_again(db: Connection, later: Iterable[tuple[Asset, datetime]]) -> None:
    """Give claimed assets back to be fetched at a time. later: with their reason and tries."""
    _LATER.run(db, [(one.reason, one.attempts, at, None, one.key) for one, at in later])


def _match_held(held: Sequence[ClaimedAsset]) -> ColumnElement[bool]:
    return tuple_(assets.c.key, assets.c.token).in_([(one.asset.key, one.token) for one in held])
