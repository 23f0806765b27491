"""Write and read large values on SQLite in pieces: bound to a statement they are copied twice.

SQLite copies a value that is bound, and once more into the row: 50 MB took 108 MB besides the value
itself, and 8 MB in pieces, for the same file and the same processor time (SQLite 3.40.1, measured
2026-11-30). https://www.sqlite.org/c3ref/blob_open.html.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, case, func

from tracker.store.driver.bulk import AsSqlalchemy, driver
from tracker.store.driver.dialect import dialect_of

LARGE = 1024 * 1024
"""Bytes from which on pieces are worth their statements."""
_PIECE = 1024 * 1024


def goes_in_pieces(db: Connection, value: bytes) -> bool:
    """Tell whether a value is to be written by `insert_in_pieces`."""
    return len(value) >= LARGE and not dialect_of(db).has_server


def insert_in_pieces(db: Connection, table: Table, row: Sequence[Any]) -> None:
    """Insert a row whose first column is the whole-number key and whose last one is large.

    row: a value for each column of the table. Raises sqlalchemy.exc.DBAPIError.
    """
    key, *between, value = row
    columns, marks = ", ".join(table.columns.keys()), "?, " * (len(row) - 1)
    column = table.columns.keys()[-1]
    with AsSqlalchemy(db):
        raw = driver(db)
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}zeroblob(?))"  # noqa: S608 - a table of ours
        raw.execute(statement, (key, *between, len(value)))
        with raw.blobopen(table.name, column, key) as blob, memoryview(value) as whole:
            for start in range(0, len(whole), _PIECE):
                blob.write(whole[start : start + _PIECE])


def if_not_large(db: Connection, column: Column[bytes]) -> ColumnElement[Any]:
    """Return what to select of a column that may be large: NULL for what `read_in_place` reads."""
    if dialect_of(db).has_server:
        return column
    return case((func.length(column) < LARGE, column))


def read_in_place(db: Connection, table: Table, key: int) -> bytes:
    """Return the last column of a row by its whole-number key. Raises DBAPIError."""
    with AsSqlalchemy(db):
        opened = driver(db).blobopen(table.name, table.columns.keys()[-1], key, readonly=True)
        with opened as blob:
            found: bytes = blob.read()
    return found
