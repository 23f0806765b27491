"""Look whether a SQLite file is whole, before a process acknowledges anything on it."""

from sqlalchemy import Connection

from tracker.store.driver.outage import RESTORE

MOST_BYTES = 256 * 1024**2
"""Larger files are checked by each backup: to read them all would hold up a start for too long."""


def find_damage(db: Connection, *, most_bytes: int = MOST_BYTES) -> str | None:
    """Return what is wrong with the file, and what mends it; None where nothing was found.

    most_bytes: of a file that is looked at; of a larger one nothing is said.
    """
    pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
    if pages * db.exec_driver_sql("PRAGMA page_size").scalar_one() > most_bytes:
        return None
    found = list_damage(db, most=1)
    return f"{found[0].splitlines()[-1]}: {RESTORE}" if found else None


def list_damage(db: Connection, *, most: int) -> list[str]:
    """Return what is wrong with the file, however large it is; at most so many lines."""
    # Values that a CHECK would refuse are no damage: the rest can be served, and backed up.
    db.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
    found = db.exec_driver_sql(f"PRAGMA quick_check({most})").scalars().all()
    db.exec_driver_sql("PRAGMA ignore_check_constraints=OFF")
    return [line for line in found if line != "ok"]
