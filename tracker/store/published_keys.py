"""Statements on `published_keys`: the last good key set of each source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.transaction import Tx
from tracker.store.schema import published_keys
from tracker.store.stats import NOBODY


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """A key set (RFC 7517) as it was published.

    url: where. fetched_at: when its fetch began.
    """

    url: str
    keys: Sequence[Mapping[str, Any]]
    fetched_at: datetime


def find(db: Connection, url: str) -> FetchedKeys | None:
    """Return the set that was fetched last; None where none ever was."""
    table = published_keys.c
    found = select(table.url, table.key_set, table.fetched_at).where(table.url == url)
    row = db.execute(found).one_or_none()
    return None if row is None else FetchedKeys(*row)


def keep(tx: Tx, fetched: Sequence[FetchedKeys]) -> list[None]:
    """Keep sets in place of older ones; what a later fetch brought is never replaced."""
    insert = get_dialect(tx.db).insert(published_keys)
    new = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=["url"],
        set_={"key_set": new.key_set, "fetched_at": new.fetched_at},
        where=published_keys.c.fetched_at < new.fetched_at,
    )
    for one in fetched:
        row = {"url": one.url, "key_set": one.keys, "fetched_at": one.fetched_at}
        tx.db.execute(statement, {"tenant": NOBODY, **row})
    return [None] * len(fetched)
