"""Write and read large values in pieces: bound to a statement they are copied twice.

SQLite copies a value that is bound, and once more into the row: 50 MB took 108 MB besides the value
itself, and 8 MB in pieces, for the same file and the same processor time (SQLite 3.40.1, measured
2026-11-30). https://www.sqlite.org/c3ref/blob_open.html.

For PostgreSQL a parameter is encoded, and libpq copies that into a buffer that it keeps for good;
an answer is read into such a buffer too, and copied twice from there. Rows of COPY are sent as they
are written (https://www.postgresql.org/docs/current/libpq-copy.html, read 2026-11-30).
"""

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, case, func, select

from tracker.domain.long_texts import WrittenJson
from tracker.store.driver.bulk import get_driver, settle
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.driver_errors import AsSqlalchemy
from tracker.store.driver.encoding import ARRAY_HEAD_BYTES, KINDS

LARGE = 1024 * 1024
"""Bytes from which on pieces are worth their statements."""
_PIECE = 1024 * 1024
_READ = 4 * 1024 * 1024
"""Bytes of a piece that is read from a server: each is an answer of its own."""
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
"""Around the rows (https://www.postgresql.org/docs/current/sql-copy.html, Binary Format)."""


def is_written_in_pieces(value: bytes | WrittenJson) -> bool:
    """Tell whether a value is to be written by `insert_in_pieces`."""
    return len(value) >= LARGE


def insert_in_pieces(
    db: Connection, table: Table, row: Sequence[Any], whole: bytes | WrittenJson
) -> None:
    """Insert a row whose first column is the whole-number key and whose last one is large.

    row: a value for each other column of the table. Raises sqlalchemy.exc.DBAPIError.
    """
    settle(db)
    with AsSqlalchemy(db):
        if get_dialect(db).has_server:
            _copy(get_driver(db), table, row, whole)
        else:
            _fill(get_driver(db), table, row, whole)


def _copy(raw: Any, table: Table, row: Sequence[Any], whole: bytes | WrittenJson) -> None:
    fields = [KINDS[type(column.type)] for column in table.columns][:-1]
    # An array of one has the value as COPY takes it.
    small = [
        field.postgresql([value])[ARRAY_HEAD_BYTES:]
        for field, value in zip(fields, row, strict=True)
    ]
    statement = f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN (FORMAT binary)"
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_COPY_HEAD + struct.pack("!h", len(row) + 1) + b"".join(small))
        copy.write(struct.pack("!i", len(whole)))
        for piece in _iterate_pieces(whole):
            copy.write(piece)
        copy.write(_COPY_END)


def _fill(raw: Any, table: Table, row: Sequence[Any], whole: bytes | WrittenJson) -> None:
    key, *between = row
    columns, marks = ", ".join(table.columns.keys()), "?, " * len(row)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}zeroblob(?))"  # noqa: S608 - a table of ours
    raw.execute(statement, (key, *between, len(whole)))
    with raw.blobopen(table.name, table.columns.keys()[-1], key) as blob:
        for piece in _iterate_pieces(whole):
            blob.write(piece)


def _iterate_pieces(whole: bytes | WrittenJson) -> Iterator[bytes | memoryview]:
    if isinstance(whole, WrittenJson):
        yield from whole.iterate_pieces()
        return
    with memoryview(whole) as view:
        for start in range(0, len(view), _PIECE):
            yield view[start : start + _PIECE]


def select_if_not_large(column: Column[bytes]) -> ColumnElement[Any]:
    """Return what to select of a column that may be large: NULL for what `read_in_place` reads."""
    return case((func.length(column) < LARGE, column))


def read_in_place(db: Connection, table: Table, key: int) -> bytes | None:
    """Return the last column of a row by its whole-number key; None where the row is gone.

    Raises DBAPIError.
    """
    if get_dialect(db).has_server:
        return _read(db, table, key)
    with AsSqlalchemy(db):
        opened = get_driver(db).blobopen(table.name, table.columns.keys()[-1], key, readonly=True)
        with opened as blob:
            found: bytes = blob.read()
    return found


def _read(db: Connection, table: Table, key: int) -> bytes | None:
    first, *_, column = table.columns
    found = BytesIO()
    while True:
        piece = db.scalar(
            select(func.substring(column, found.tell() + 1, _READ)).where(first == key)
        )
        if piece is None:
            return None
        found.write(piece)
        if len(piece) < _READ:
            return found.getvalue()
