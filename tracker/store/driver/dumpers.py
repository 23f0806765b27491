"""Lets a psycopg connection take the arrays of `bulk` as parameters.

A module of its own, as psycopg takes 16 MB, which a process on SQLite need not hold.
"""

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from tracker.store.driver import encoding


def register(raw: Connection[object]) -> None:
    """Register the dumpers on this connection."""
    for kind, oid in encoding.ARRAYS.items():
        raw.adapters.register_dumper(kind, _make_dumper(oid))


def _make_dumper(array: int) -> type[Dumper]:
    class ArrayDumper(Dumper):
        oid = array
        format = Format.BINARY

        def dump(self, obj: bytes) -> Buffer | None:
            return bytes(obj)

    return ArrayDumper
