"""Statements over many rows, straight on the driver, for the paths that every callback takes.

A statement through SQLAlchemy costs as much as the rest of a request does, so that these are
spelt once, here, from the tables of `schema`, and sent with nothing in between: on SQLite a row at
a time to a prepared statement, on PostgreSQL as one binary array per column.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from json import JSONEncoder
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Boolean, Connection, Float, Integer, LargeBinary, Table, Text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:  # brings psycopg, which a process on SQLite need not hold
    from tracker.store.pipe import Pipe
from tracker.store.types import BigKey, JsonDoc, PublicId, UtcDateTime

Encode = Callable[[Sequence[Any]], Any]
"""A column of values as the driver is to have it."""

PIPE = "pipe"
"""Under this name a connection's `info` holds its Pipe, if it has one."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ROWS = 64
"""Rows of one statement on SQLite, at most."""
_NULL = b"\xff\xff\xff\xff"
_to_json = JSONEncoder(separators=(",", ":")).encode


class Bulk:
    """One statement, spelt for both databases.

    columns: of the table, in the order in which `run` is given them.
    sqlite:  for one row, with ?1, ?2, … for them; or for all of them, with `{rows}` where their
        VALUES go, which spares what each statement costs.
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
        kinds = [_KINDS[type(table.c[name].type)] for name in columns]
        arrays = ", ".join(f"%b::{kind.array}" for kind in kinds)
        self._key = None if key is None else columns.index(key)
        if key is not None:
            postgresql += f" AND {table.name}.{key} = ANY(%b)"
        self._sqlite = sqlite
        self._marks = f"({', '.join('?' * len(columns))})"
        self._postgresql = postgresql.replace(
            "{rows}", f"unnest({arrays}) AS n ({', '.join(columns)})"
        )
        self._for_sqlite = [(place, k.sqlite) for place, k in enumerate(kinds) if k.sqlite]
        self._for_postgresql = [kind.postgresql for kind in kinds]

    def run(self, db: Connection, rows: Sequence[Sequence[Any]]) -> int:
        """Carry it out for rows of values; returns how many rows it changed.

        Raises sqlalchemy.exc.DBAPIError, as any statement does.
        """
        if not rows:
            return 0
        try:
            if db.dialect.name == "sqlite":
                changed: int = self._send_rows(driver(db), rows)
            elif (pipe := pipe_of(db)) is None:
                changed = _execute(db, self._postgresql, self._arrays(rows)).rowcount
            else:
                changed = pipe.ask(self._postgresql, self._arrays(rows)).command_tuples or 0
        except db.dialect.loaded_dbapi.Error as error:
            raise as_sqlalchemy(db, error) from error
        return changed

    def later(self, db: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Carry it out before whatever comes after it: on PostgreSQL in the same round trip.

        Its own failure may be raised by what comes after it.
        """
        pipe = pipe_of(db)
        if pipe is None:
            self.run(db, rows)
        elif rows:
            pipe.later(self._postgresql, self._arrays(rows))

    def fetch(self, db: Connection, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Carry it out on PostgreSQL, and return what it returns."""
        return _rows(db, self._postgresql, self._arrays(rows)) if rows else []

    def _arrays(self, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        columns = zip(*rows, strict=True)
        arrays = [encode(c) for encode, c in zip(self._for_postgresql, columns, strict=True)]
        return arrays if self._key is None else [*arrays, arrays[self._key]]

    def _send_rows(self, raw: Any, rows: Sequence[Sequence[Any]]) -> int:
        if "{rows}" not in self._sqlite:
            changed: int = raw.executemany(self._sqlite, self._adapted(rows)).rowcount
            return changed
        ready = list(self._adapted(rows))
        changed = done = 0
        while done < len(ready):
            # By powers of two: few statements, that the driver keeps prepared.
            size = min(1 << ((len(ready) - done).bit_length() - 1), _ROWS)
            marks = ", ".join([self._marks] * size)
            values = tuple(chain.from_iterable(ready[done : done + size]))
            changed += raw.execute(self._sqlite.replace("{rows}", marks), values).rowcount
            done += size
        return changed

    def _adapted(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        if not self._for_sqlite:
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, encode in self._for_sqlite:
            columns[place] = encode(columns[place])
        return zip(*columns, strict=True)


def insert(
    table: Table, columns: Sequence[str], *, conflict: str = "", returning: str = ""
) -> Bulk:
    """Insert rows. conflict: an ON CONFLICT clause; returning: columns, for `Bulk.fetch`."""
    names = ", ".join(columns)
    into = f"INSERT INTO {table.name} ({names})"
    tail = f" RETURNING {returning}" if returning else ""
    return Bulk(
        table,
        columns,
        sqlite=f"{into} VALUES {{rows}} {conflict}",
        # The rows of an array are read, and numbered, in its order.
        postgresql=f"{into} SELECT {names} FROM {{rows}} {conflict}{tail}",  # noqa: S608 - our own names
    )


def run(db: Connection, statement: str, parameters: Sequence[Any] = ()) -> Any:
    """One statement in the driver's own spelling; returns its cursor. Raises DBAPIError."""
    send_waiting(db)
    try:
        return driver(db).execute(statement, parameters)
    except db.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(db, error) from error


def later(db: Connection, statement: str) -> None:
    """One statement, on PostgreSQL in the same round trip with what comes after it."""
    pipe = pipe_of(db)
    if pipe is None:
        run(db, statement)
    else:
        pipe.later(statement)


def commit(db: Connection) -> None:
    """Commit the writer's transaction, with what was to be carried out later. Raises DBAPIError."""
    pipe = pipe_of(db)
    if pipe is None:
        run(db, "COMMIT")
        return
    try:
        pipe.commit()
    except db.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(db, error) from error


def send_waiting(db: Connection) -> None:
    """Have carried out what was to be carried out later. Raises DBAPIError."""
    pipe = pipe_of(db)
    if pipe is None:
        return
    try:
        pipe.send()
    except db.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(db, error) from error


def pipe_of(db: Connection) -> "Pipe | None":
    """Of the writer's connection to PostgreSQL."""
    pipe: Pipe | None = db.info.get(PIPE)
    return pipe


def _rows(db: Connection, statement: str, arrays: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """What one statement finds on PostgreSQL. Raises DBAPIError."""
    pipe = pipe_of(db)
    try:
        if pipe is not None:
            return pipe.rows(statement, arrays)
        found: list[tuple[Any, ...]] = _execute(db, statement, arrays).fetchall()
    except db.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(db, error) from error
    return found


def _execute(db: Connection, statement: str, arrays: Sequence[bytes]) -> Any:
    return driver(db).execute(statement, arrays, prepare=True, binary=True)


def find(
    db: Connection, statement: str, values: Sequence[Any], array: Encode, *, tail: str = ""
) -> list[tuple[Any, ...]]:
    """The rows for which what `statement` ends with is one of these values.

    statement: up to the last word of its WHERE, e.g. `SELECT … FROM tasks WHERE key`.
    array:     their column as PostgreSQL is to have it.
    tail:      what follows on PostgreSQL alone: order and lock.
    """
    if not values:
        return []
    if db.dialect.name == "postgresql":
        return _rows(db, f"{statement} = ANY(%b){tail}", [array(values)])
    wanted = [value.bytes if isinstance(value, UUID) else value for value in values]
    # To the next power of two: few statements, that the driver keeps prepared.
    wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
    marks = ", ".join("?" * len(wanted))
    found: list[tuple[Any, ...]] = run(db, f"{statement} IN ({marks})", wanted).fetchall()
    return found


def last_number(db: Connection, table: str) -> int:
    """The highest number that SQLite gave to a row of a table, to go on from inside a transaction.

    One process writes at a time, so that it may number rows itself: inserts of many rows return
    nothing there.
    """
    found = run(db, "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return found[0] if found else 0


def driver(db: Connection) -> Any:
    """The driver's connection, in whatever transaction is open."""
    return db.connection.driver_connection


def as_sqlalchemy(db: Connection, error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy would raise it, so that callers know one family."""
    base = db.dialect.loaded_dbapi.Error
    return DBAPIError.instance(None, None, error, base, dialect=db.dialect)


class _Array(bytes):
    """A column as PostgreSQL's binary array; the subclasses are told apart by type."""


class _Texts(_Array):
    pass


class _Bytes(_Array):
    pass


class _Integers(_Array):
    pass


class _Floats(_Array):
    pass


class _Booleans(_Array):
    pass


class _Instants(_Array):
    pass


class _Uuids(_Array):
    pass


ARRAYS = {
    _Texts: 1009,
    _Bytes: 1001,
    _Integers: 1016,
    _Floats: 1022,
    _Booleans: 1000,
    _Instants: 1185,
    _Uuids: 2951,
}
"""Their type numbers, from PostgreSQL's pg_type."""


def _pieces(array: type[_Array], element: int, encode: Callable[[Any], bytes]) -> Encode:
    """An encoder for elements of any length."""

    def encoded(values: Sequence[Any]) -> _Array:
        first = values[0]
        if values.count(first) == len(values):  # most columns of a batch say one thing
            parts = [_piece(first, encode)] * len(values)
        else:
            parts = [_piece(value, encode) for value in values]
        return array(_head(element, len(values)) + b"".join(parts))

    return encoded


def _piece(value: Any, encode: Callable[[Any], bytes]) -> bytes:
    if value is None:
        return _NULL
    raw = encode(value)
    return len(raw).to_bytes(4, "big") + raw


def _packed(array: type[_Array], element: int, code: str, size: int) -> Encode:
    """An encoder for numbers."""

    def encoded(values: Sequence[Any]) -> _Array:
        if None in values:
            one = f"!i{code}"
            parts = [_NULL if value is None else struct.pack(one, size, value) for value in values]
            return array(_head(element, len(values)) + b"".join(parts))
        flat = chain.from_iterable((size, value) for value in values)
        return array(
            _head(element, len(values)) + struct.pack(f"!{f'i{code}' * len(values)}", *flat)
        )

    return encoded


def _head(element: int, length: int) -> bytes:
    return struct.pack("!iiiii", 1, 1, element, length, 1)


_packed_instants = _packed(_Array, 1184, "q", 8)
integers = _packed(_Integers, 20, "q", 8)
"""A PostgreSQL parameter: an array of whole numbers, not empty."""


def _microseconds(value: datetime) -> int:
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instants(values: Sequence[datetime | None]) -> _Array:
    return _Instants(_packed_instants(_each(_microseconds)(values)))


def _each(convert: Callable[[Any], Any]) -> Encode:
    """Convert what is not None; once, where a column says one thing, as most of a batch do."""

    def converted(values: Sequence[Any]) -> list[Any]:
        first = values[0]
        if values.count(first) == len(values):
            return [None if first is None else convert(first)] * len(values)
        return [None if value is None else convert(value) for value in values]

    return converted


def _text_of_instant(value: datetime) -> str:
    """As SQLAlchemy writes a DateTime on SQLite."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


_documents = _each(_to_json)


def _uuid_bytes(value: UUID) -> bytes:
    return value.bytes


uuids = _pieces(_Uuids, 2950, _uuid_bytes)
"""A PostgreSQL parameter: an array of public ids, not empty."""


class _Kind:
    """How the values of a column travel. sqlite: None where the driver takes them as they are."""

    def __init__(self, array: str, postgresql: Encode, sqlite: Encode | None = None) -> None:
        self.array, self.postgresql, self.sqlite = array, postgresql, sqlite


texts = _pieces(_Texts, 25, str.encode)
"""A PostgreSQL parameter: an array of texts, not empty."""
_INTEGER = _Kind("bigint[]", integers)
_KINDS: dict[type[Any], _Kind] = {
    Integer: _INTEGER,
    type(BigKey): _INTEGER,
    Float: _Kind("double precision[]", _packed(_Floats, 701, "d", 8)),
    Boolean: _Kind("boolean[]", _packed(_Booleans, 16, "?", 1)),
    Text: _Kind("text[]", texts),
    LargeBinary: _Kind("bytea[]", _pieces(_Bytes, 17, bytes)),
    UtcDateTime: _Kind("timestamptz[]", _instants, _each(_text_of_instant)),
    JsonDoc: _Kind("text[]", lambda values: texts(_documents(values)), _documents),
    PublicId: _Kind(
        "uuid[]",
        uuids,
        _each(_uuid_bytes),
    ),
}
