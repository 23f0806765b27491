"""Statements over many rows, straight on the driver, for the paths that every callback takes.

A statement through SQLAlchemy costs as much as the rest of a request does, so that these are
spelt once, here, from the tables of `schema`, and sent with nothing in between: on SQLite a row at
a time to a prepared statement, on PostgreSQL as one binary array per column.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table

from tracker.domain.errors import Misuse
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.driver_errors import AsSqlalchemy
from tracker.store.driver.encoding import KINDS, Encode
from tracker.store.driver.outage import shorten_error
from tracker.store.driver.server_session import build_local_settings

if TYPE_CHECKING:  # brings psycopg, which a process on SQLite need not hold
    from tracker.store.driver.pipe import Pipe

log = logging.getLogger(__name__)

Found = Callable[[], list[tuple[Any, ...]]]
"""A pending query: call it for the rows. Raises DBAPIError."""
PIPE = "pipe"
"""Under this name a connection's `info` holds its Pipe, if it has one."""
_SIZES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)
"""Rows of one statement on SQLite: few statements, that the driver keeps prepared. What is fewer is
filled up with rows of NULL, which cost less than a second statement."""
FILLED = "SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL"
"""Rows on SQLite, without those that only fill it up: no first column of ours may be NULL."""


class Bulk:
    """One statement, spelt for both databases.

    columns: of the table, in the order in which `run` is given them.
    sqlite:  for one row, with ?1, ?2, … for them; or for all of them, with `{rows}` where their
        VALUES go, which spares what each statement costs; it must do nothing for a row of NULLs.
    postgresql: for all rows; `{rows}` stands for them as a table `n`.
    key: one of the columns, whose values alone lead to the rows of the table. PostgreSQL is told
        so, or it may walk the whole table to join it with `n`.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        sqlite: str,
        postgresql: str,
        key: str | None = None,
    ) -> None:
        kinds = [KINDS[type(table.c[name].type)] for name in columns]
        rows_of = (
            f"unnest({', '.join(f'%b::{k.array}' for k in kinds)}) AS n ({', '.join(columns)})"
        )
        self._key = None if key is None else columns.index(key)
        one, one_row = postgresql, rows_of
        if self._key is not None:
            postgresql += f" AND {table.name}.{key} = ANY(%b)"
            one += f" AND {table.name}.{key} = {_spell_first(kinds[self._key].array)}"
            one_row = f"(SELECT * FROM {rows_of} LIMIT 1) AS n"  # noqa: S608 - our own names
        self._sqlite = sqlite
        self._marks = f"({', '.join('?' * len(columns))})"
        self._nothing = (None,) * len(columns)
        self._statements: dict[int, str] = {}
        self._postgresql = postgresql.replace("{rows}", rows_of)
        self._one = one.replace("{rows}", one_row)
        self._for_sqlite = [(place, k.sqlite) for place, k in enumerate(kinds) if k.sqlite]
        self._for_postgresql = [kind.postgresql for kind in kinds]

    def run(self, db: Connection, rows: Sequence[Sequence[Any]]) -> int:
        """Carry it out for rows of values; returns how many rows it changed.

        Raises sqlalchemy.exc.DBAPIError, as any statement does.
        """
        if not rows:
            return 0
        with AsSqlalchemy(db):
            if not get_dialect(db).has_server:
                changed: int = self._send_rows(get_driver(db), rows)
            elif (pipe := pipe_of(db)) is None:
                changed = _execute(db, self._spell(rows), self._encode_arrays(rows)).rowcount
            else:
                answer = pipe.send(
                    self._spell(rows), self._encode_arrays(rows), soon=True
                ).read_result()
                changed = answer.command_tuples or 0
        return changed

    def execute_later(self, db: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Carry it out before whatever comes after it; on PostgreSQL without waiting for it.

        Its own failure may be raised by what comes after it.
        """
        pipe = pipe_of(db)
        if pipe is None:
            self.run(db, rows)
        elif rows:
            with AsSqlalchemy(db):
                pipe.send(self._spell(rows), self._encode_arrays(rows))

    def fetch(self, db: Connection, rows: Sequence[Sequence[Any]]) -> Found:
        """Carry it out on PostgreSQL; call what is returned for the rows that it returns."""
        return _send_ahead(db, self._spell(rows), self._encode_arrays(rows)) if rows else list

    def _spell(self, rows: Sequence[Sequence[Any]]) -> str:
        """Return the statement for PostgreSQL; see `_spell_first`."""
        return self._one if len(rows) == 1 else self._postgresql

    def _encode_arrays(self, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        columns = zip(*rows, strict=True)
        arrays = [encode(c) for encode, c in zip(self._for_postgresql, columns, strict=True)]
        return arrays if self._key is None else [*arrays, arrays[self._key]]

    def _send_rows(self, raw: Any, rows: Sequence[Sequence[Any]]) -> int:
        if "{rows}" not in self._sqlite:
            changed: int = raw.executemany(self._sqlite, self._adapt_rows(rows)).rowcount
            return changed
        ready = list(self._adapt_rows(rows))
        changed = 0
        for start in range(0, len(ready), _SIZES[-1]):
            piece = ready[start : start + _SIZES[-1]]
            size = _SIZES[bisect_left(_SIZES, len(piece))]
            values = [*chain.from_iterable(piece), *self._nothing * (size - len(piece))]
            changed += raw.execute(self._build_statement(size), values).rowcount
        return changed

    def _build_statement(self, rows: int) -> str:
        statement = self._statements.get(rows)
        if statement is None:
            marks = ", ".join([self._marks] * rows)
            statement = self._statements[rows] = self._sqlite.replace("{rows}", marks)
        return statement

    def _adapt_rows(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        if not self._for_sqlite:
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, encode in self._for_sqlite:
            columns[place] = encode(columns[place])
        return zip(*columns, strict=True)


def insert(
    table: Table, columns: Sequence[str], *, conflict: str = "", returning: str = ""
) -> Bulk:
    """Insert rows. conflict: an ON CONFLICT clause; returning: columns, for `Bulk.fetch`.

    Raises Misuse when the first column may be NULL.
    """
    if table.c[columns[0]].nullable:
        raise Misuse(f"{columns[0]} may be NULL: name another column of {table.name} first")
    names = ", ".join(columns)
    into = f"INSERT INTO {table.name} ({names})"
    tail = f" RETURNING {returning}" if returning else ""
    return Bulk(
        table,
        columns,
        sqlite=f"{into} {FILLED} {conflict}",
        # The rows of an array are read, and numbered, in its order.
        postgresql=f"{into} SELECT {names} FROM {{rows}} {conflict}{tail}",  # noqa: S608 - our own names
    )


def update(
    table: Table,
    columns: Sequence[str],
    *,
    where: str = "",
    computed: Mapping[str, str] = MappingProxyType({}),
) -> Bulk:
    """Set columns of rows by their key. It takes the columns, `key`, then what is computed.

    All rows in one statement, as the words that CHECKs and partial indexes list are made ready
    anew for each.

    where:    what else must hold; the values stand in `n`.
    computed: columns that are set to an expression over what is there and what is given.
    """
    taken = (*columns, "key", *computed)
    sets = [f"{name} = n.{name}" for name in columns]
    sets += [f"{name} = {expression}" for name, expression in computed.items()]
    set_ = f"UPDATE {table.name} SET {', '.join(sets)} FROM"  # noqa: S608 - our own names
    which = f"WHERE {table.name}.key = n.key{where and f' AND {where}'}"
    return Bulk(
        table,
        taken,
        sqlite=f"WITH n ({', '.join(taken)}) AS (VALUES {{rows}}) {set_} n {which}",
        postgresql=f"{set_} {{rows}} {which}",
        key="key",
    )


def run(db: Connection, statement: str, parameters: Sequence[Any] = ()) -> Any:
    """Execute a statement in the driver's own spelling; returns its cursor. Raises DBAPIError."""
    settle(db)
    with AsSqlalchemy(db):
        return get_driver(db).execute(statement, parameters)


def start(db: Connection) -> None:
    """Have PostgreSQL begin with what was to be carried out later. Raises DBAPIError.

    For statements that take it long: it works on them while the next ones are made ready.
    """
    pipe = pipe_of(db)
    if pipe is not None:
        with AsSqlalchemy(db):
            pipe.start()


def settle(db: Connection) -> None:
    """Wait for what was to be carried out without waiting for it. Raises DBAPIError."""
    pipe = pipe_of(db)
    if pipe is not None:
        with AsSqlalchemy(db):
            pipe.settle()


def connect_piped(engine: Engine) -> Connection:
    """Open a connection to PostgreSQL of one's own, in autocommit mode, with a pipe.

    Raises DBAPIError.
    """
    from tracker.store.driver.pipe import Pipe  # noqa: PLC0415 - brings psycopg: 16 MB, for nothing on SQLite

    db = engine.connect()
    try:
        with AsSqlalchemy(db):  # behind a pooler it asks something
            db.info[PIPE] = Pipe(get_driver(db), build_local_settings(db))
    except BaseException:
        give_up(db)
        raise
    return db


def give_up(db: Connection) -> None:
    """Close a connection for good, whatever state it is in; nothing of it is used again.

    Never raises: a connection that was lost inside a statement refuses even to be closed.
    """
    for end in (db.invalidate, db.close):
        try:
            end()
        except Exception as error:  # noqa: BLE001 - the server's side of it ends by itself
            log.info(
                "a lost connection was left behind: %(reason)s", {"reason": shorten_error(error)}
            )


def pipe_of(db: Connection) -> "Pipe | None":
    """Return the pipe of a connection that `connect_piped` made; None of any other."""
    pipe: Pipe | None = db.info.get(PIPE)
    return pipe


def _send_ahead(
    db: Connection, statement: str, arrays: Sequence[bytes], *, is_sent: bool = True
) -> Found:
    """Send one statement to PostgreSQL without waiting for the rows. Raises DBAPIError.

    is_sent: False leaves it in line until an answer is waited for.
    """
    pipe = pipe_of(db)
    with AsSqlalchemy(db):
        if pipe is None:
            return _execute(db, statement, arrays).fetchall  # type: ignore[no-any-return]
        asked = pipe.send(statement, arrays, soon=is_sent)

    def read_rows() -> list[tuple[Any, ...]]:
        with AsSqlalchemy(db):
            return asked.read_rows()

    return read_rows


def _execute(db: Connection, statement: str, arrays: Sequence[bytes]) -> Any:
    return get_driver(db).execute(statement, arrays, prepare=True, binary=True)


def _build_membership(values: Sequence[Any], array: Encode) -> tuple[str, bytes]:
    """Return a condition on PostgreSQL, one of these values, and its parameter."""
    given = array(values)
    return f" = {_spell_first(given.spelt)}" if len(values) == 1 else " = ANY(%b)", given


def _spell_first(array: str) -> str:
    """Spell one value that travels as an array.

    PostgreSQL expects ten rows of an array that it does not see, which cost more than one, so that
    it would plan anew for each batch of one: a quarter of its time.
    """
    return f"(%b::{array})[1]"


def find(
    db: Connection, statement: str, values: Sequence[Any], array: Encode, *, tail: str = ""
) -> list[tuple[Any, ...]]:
    """Return the rows for which what `statement` ends with is one of these values.

    statement: up to the last word of its WHERE, e.g. `SELECT … FROM tasks WHERE key`.
    array:     their column as PostgreSQL is to have it.
    tail:      what follows on PostgreSQL alone: order and lock.
    """
    return find_soon(db, statement, values, array, tail=tail)()


def find_soon(  # noqa: PLR0913 - those of `find`, and when
    db: Connection,
    statement: str,
    values: Sequence[Any],
    array: Encode,
    *,
    tail: str = "",
    is_sent: bool = True,
) -> Found:
    """Start `find` without waiting on PostgreSQL; call the returned function for the rows.

    is_sent: False leaves it in line there: all go together once one of them is called.
    """
    if not values:
        return list
    if get_dialect(db).has_server:
        asked, given = _build_membership(values, array)
        return _send_ahead(db, f"{statement}{asked}{tail}", [given], is_sent=is_sent)
    wanted = [value.bytes if isinstance(value, UUID) else value for value in values]
    # To the next power of two: few statements, that the driver keeps prepared.
    wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
    marks = ", ".join("?" * len(wanted))
    found: list[tuple[Any, ...]] = run(db, f"{statement} IN ({marks})", wanted).fetchall()
    return lambda: found


def change(
    db: Connection, statement: str, values: Sequence[Any], array: Encode, *, tail: str = ""
) -> int:
    """Carry out a statement on the rows for which what it ends with is one of these values.

    statement, array: see `find`. tail: what follows, on both databases.
    Returns how many rows it changed. Raises DBAPIError.
    """
    if not values:
        return 0
    if not get_dialect(db).has_server:
        marks = ", ".join("?" * len(values))
        there = [value.bytes if isinstance(value, UUID) else value for value in values]
        return int(run(db, f"{statement} IN ({marks}){tail}", there).rowcount)
    settle(db)
    asked, given = _build_membership(values, array)
    with AsSqlalchemy(db):
        return int(_execute(db, f"{statement}{asked}{tail}", [given]).rowcount)


def change_later(
    db: Connection, statement: str, values: Sequence[Any], array: Encode, *, tail: str = ""
) -> None:
    """Carry out `change`, on PostgreSQL without waiting for it. Raises DBAPIError."""
    pipe = pipe_of(db)
    if pipe is None or not values:
        change(db, statement, values, array, tail=tail)
        return
    asked, given = _build_membership(values, array)
    with AsSqlalchemy(db):
        pipe.send(f"{statement}{asked}{tail}", [given])


def find_last_number(db: Connection, table: str) -> int:
    """Return the highest number that SQLite gave to a row of a table, to go on from inside a
    transaction.

    One process writes at a time, so that it may number rows itself: inserts of many rows return
    nothing there.
    """
    found = run(db, "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return found[0] if found else 0


def get_driver(db: Connection) -> Any:
    """Return the driver's connection, in whatever transaction is open."""
    return db.connection.driver_connection
