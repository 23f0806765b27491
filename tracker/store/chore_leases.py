"""Statements on `chore_leases`: which process does a piece of work that one does at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import chore_leases
from tracker.store.stats import NOBODY

# Built once: each piece of a chore is done under it.
_RENEW = (
    update(chore_leases)
    .where(chore_leases.c.name == bindparam("chore"), chore_leases.c.token == bindparam("mine"))
    .values(lease_until=bindparam("lease_until"))
)


@dataclass(frozen=True, slots=True)
class ChoreStanding:
    """How a chore stands.

    caught_up_at: when it last had nothing left to do; at first, when it began.
    behind:       how much was left when it was last counted, up to a bound.
    """

    name: str
    caught_up_at: datetime
    behind: int


def take(db: Connection, name: str, token: str, *, now: datetime, until: datetime) -> bool:
    """Take a chore, or go on with it; False while another process has it."""
    table = chore_leases.c
    statement = get_dialect(db).insert(chore_leases)
    taken = db.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"token": token, "lease_until": until},
            where=(table.token == token) | (table.lease_until <= now),
        ).returning(table.name),
        {
            "tenant": NOBODY,
            "name": name,
            "token": token,
            "lease_until": until,
            "caught_up_at": now,
            "behind": 0,
        },
    )
    return taken.one_or_none() is not None


def renew(db: Connection, name: str, token: str, *, until: datetime) -> bool:
    """Lock a chore for this transaction; False when it is another's by now."""
    values = {"chore": name, "mine": token, "lease_until": until}
    return db.execute(_RENEW, values).rowcount == 1


def renew_later(
    db: Connection, name: str, token: str, *, lasts: timedelta, now: datetime
) -> Callable[[], bool]:
    """Do what `renew` does, on PostgreSQL by its own clock and without waiting for the answer.

    What follows in the transaction is done with the chore locked, or else for nothing.
    """
    if not get_dialect(db).has_server:
        is_mine = renew(db, name, token, until=now + lasts)
        return lambda: is_mine
    seconds = int(lasts.total_seconds())
    found = bulk.find_soon(
        db,
        "UPDATE chore_leases SET lease_until ="  # noqa: S608 - our own names
        f" clock_timestamp() + interval '{seconds} s' WHERE name = '{name}' AND token",
        [token],
        encoding.encode_texts,
        tail=" RETURNING name",
        is_sent=False,
    )
    return lambda: bool(found())


def set_standing(db: Connection, name: str, *, behind: int, caught_up_at: datetime | None) -> None:
    """Say how much is left. caught_up_at: None where something is."""
    values: dict[str, object] = {"behind": behind}
    if caught_up_at is not None:
        values["caught_up_at"] = caught_up_at
    db.execute(update(chore_leases).where(chore_leases.c.name == name).values(values))


def list_chores(db: Connection) -> list[ChoreStanding]:
    """List every chore that has ever begun."""
    table = chore_leases.c
    found = select(table.name, table.caught_up_at, table.behind).order_by(table.name)
    return [ChoreStanding(*row) for row in db.execute(found)]
