"""Where in traces tasks were submitted from."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from tracker.store.schema import tasks


def traceparents(db: Connection, keys: Collection[int]) -> dict[int, str]:
    """Return the places in traces of those of some tasks that have one, by key."""
    found = select(tasks.c.key, tasks.c.traceparent).where(
        tasks.c.key.in_(keys), tasks.c.traceparent.is_not(None)
    )
    return {key: place for key, place in db.execute(found)}  # noqa: C416 - typed rows
