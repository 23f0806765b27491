"""The remains of a run, read from the database itself with statements of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from tracker.store.driver.engine import open_engine

OPEN = frozenset({"queued", "uncertain", "submitted", "running"})


@contextmanager
def open_reading(database_url: str) -> Iterator[Connection]:
    """A connection for looking; it holds nothing that writers wait for."""
    engine = open_engine(database_url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            yield db
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Left:
    """The whole database, counted.

    states:   {external id: state}.
    outcomes: {external id: how each attempt ended, in order}.
    owed:     {external id: states of its deliveries}.
    breaks:   what is wrong with histories, in words.
    """

    states: Mapping[str, str]
    outcomes: Mapping[str, list[str | None]]
    owed: Mapping[str, list[str]]
    breaks: list[str] = field(default_factory=list)


def look(database_url: str) -> Left:
    """Count everything, and check that every history folds to its task's state."""
    with open_reading(database_url) as db:
        tasks = db.execute(text("SELECT key, external_task_id, state, version FROM tasks")).all()
        names = {row.key: row.external_task_id for row in tasks}
        return Left(
            states={row.external_task_id: row.state for row in tasks},
            outcomes=_query_grouped(
                db, names, "SELECT task_key, outcome FROM attempts ORDER BY task_key, number"
            ),
            owed=_query_grouped(db, names, "SELECT task_key, state FROM deliveries ORDER BY key"),
            breaks=_find_breaks(db, {row.key: (row.state, row.version) for row in tasks}),
        )


def is_any_open(database_url: str) -> bool:
    """Return true if a task has no verdict yet."""
    with open_reading(database_url) as db:
        return bool(OPEN & set(db.scalars(text("SELECT DISTINCT state FROM tasks"))))


def _query_grouped(db: Connection, names: Mapping[int, str], query: str) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {name: [] for name in names.values()}
    for task_key, value in db.execute(text(query)):
        grouped[names[task_key]].append(value)
    return grouped


def _find_breaks(db: Connection, now: Mapping[int, tuple[str, int]]) -> list[str]:
    reached: dict[int, tuple[str | None, int]] = dict.fromkeys(now, (None, 0))
    breaks = []
    query = "SELECT task_key, version, from_state, to_state FROM transitions ORDER BY 1, 2"
    for key, version, before, after in db.execute(text(query)):
        state, last = reached[key]
        if (before, version) != (state, last + 1):
            breaks.append(f"task {key}: version {version} from {before} after {state}")
        reached[key] = (after, version)
    breaks += [
        f"task {key}: is {now[key]}, history says {said}"
        for key, said in reached.items()
        if said != now[key]
    ]
    return breaks


def query_numbers(database_url: str, query: str) -> list[int]:
    """The first column of a query of one's own."""
    with open_reading(database_url) as db:
        return list(db.scalars(text(query)))
