"""Statements about which tasks submit the input of others again."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from tracker.store.schema import tasks


def find_resubmitted(db: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some tasks were submitted again, whatever became of it."""
    source = tasks.c.resubmit_of
    # Both conditions: planners take the partial index only where its own is spelt out.
    found = select(source).where(source.in_(ids), source.is_not(None)).distinct()
    return {id_ for id_ in db.scalars(found) if id_ is not None} if ids else set()
