"""Statements on `secret_marks`: which callback secrets have signed URLs that are out there."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, select

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import secret_marks, tasks

RENEW_AFTER = timedelta(minutes=1)
"""Less than this after it was last written down that a secret signs, it is not written again."""
QUIET = timedelta(hours=1)
"""After so long a secret that no process has written down signs no more."""


def sign(db: Connection, mark: str, *, now: datetime) -> None:
    """Write down that a secret signs at this time."""
    statement = get_dialect(db).insert(secret_marks)
    statement = statement.values(tenant="default", mark=mark, signed_at=now)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["mark"],
            set_={"signed_at": now},
            where=secret_marks.c.signed_at < now - RENEW_AFTER,
        )
    )


def find_lost(db: Connection, ring: Collection[str]) -> list[str]:
    """Return the marks of secrets that are not in a ring and that open tasks still need.

    Their callback URLs were signed with them, or may have been.
    """
    return [mark for mark, signed_at in _list_others(db, ring) if _is_needed(db, signed_at)]


def list_obsolete(db: Connection, ring: Collection[str], *, now: datetime) -> list[str]:
    """Return the marks of secrets that are not in a ring, sign no more and are not needed."""
    quiet = now - QUIET
    return [
        mark
        for mark, signed_at in _list_others(db, ring)
        if signed_at < quiet and not _is_needed(db, signed_at)
    ]


def forget(db: Connection, marks: Collection[str]) -> None:
    """Forget secrets."""
    db.execute(delete(secret_marks).where(secret_marks.c.mark.in_(marks)))


def _list_others(db: Connection, ring: Collection[str]) -> Sequence[tuple[str, datetime]]:
    columns = select(secret_marks.c.mark, secret_marks.c.signed_at)
    found = columns.where(secret_marks.c.mark.not_in(ring)).order_by(secret_marks.c.mark)
    return [(mark, signed_at) for mark, signed_at in db.execute(found)]


def _is_needed(db: Connection, signed_at: datetime) -> bool:
    """Tell whether a task at its provider was made while the secret signed."""
    open_ = (tasks.c.give_up_at.is_not(None), tasks.c.finished_at.is_(None))
    made = tasks.c.created_at <= signed_at + 2 * RENEW_AFTER
    return bool(db.scalar(select(exists().where(*open_, made))))
