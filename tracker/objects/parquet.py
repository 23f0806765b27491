"""Files of the archive as Parquet with zstd, where pyarrow is installed (extra `archive`).

Columns have the types of the class's schema, bytes as they are; times are in UTC to the
microsecond, ids and JSON are text. What belongs to a row is a list of structs in its column. Types:
https://arrow.apache.org/docs/python/api/datatypes.html (2026-11-29).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import cache
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from tracker.domain.archive import SCHEMAS, VERSION, ArchivedRow, ColumnKind, Columns
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass

SUFFIX = ".parquet"
MISSING = "it is Parquet, which needs pyarrow: `pip install 'callback-tracker[archive]'`"


@cache
def is_installed() -> bool:
    """Tell whether files can be written and read."""
    return find_spec("pyarrow") is not None


def encoded(kept_class: KeptClass, rows: Sequence[ArchivedRow]) -> bytes:
    """Write rows; with one version of pyarrow the same rows are the same bytes."""
    import pyarrow as pa  # noqa: PLC0415 - takes a third of a second and 50 MB
    from pyarrow import parquet  # noqa: PLC0415

    schema = SCHEMAS[kept_class]
    fields = _fields(pa, schema.columns)
    fields += [
        pa.field(name, pa.list_(pa.struct(_fields(pa, columns))))
        for name, columns in schema.lists.items()
    ]
    table = pa.Table.from_pylist(
        [
            _written(row, schema.columns)
            | {
                name: [_written(item, columns) for item in row[name]]
                for name, columns in schema.lists.items()
            }
            for row in rows
        ],
        pa.schema(fields, {"class": kept_class.value, "version": str(VERSION)}),
    )
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decoded(kept_class: KeptClass, data: bytes) -> Iterator[ArchivedRow]:
    """Read rows of a file. Raises StorageError without pyarrow, ValueError where it is damaged."""
    if not is_installed():
        raise StorageError(MISSING)
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import parquet  # noqa: PLC0415

    schema = SCHEMAS[kept_class]
    for found in parquet.read_table(pa.BufferReader(data)).to_pylist():
        row = _read(found, schema.columns)
        for name, columns in schema.lists.items():
            row[name] = [_read(item, columns) for item in found[name]]
        yield row


def _fields(pa: Any, columns: Columns) -> list[Any]:
    types = {
        ColumnKind.TEXT: pa.string(),
        ColumnKind.INTEGER: pa.int64(),
        ColumnKind.FLOAT: pa.float64(),
        ColumnKind.BOOLEAN: pa.bool_(),
        ColumnKind.JSON: pa.string(),
        ColumnKind.TIME: pa.timestamp("us", tz="UTC"),
        ColumnKind.BYTES: pa.binary(),
        ColumnKind.UUID: pa.string(),
    }
    return [pa.field(name, types[kind]) for name, kind in columns.items()]


def _written(row: ArchivedRow, columns: Columns) -> dict[str, Any]:
    return {name: _converted(_WRITE, kind, row[name]) for name, kind in columns.items()}


def _read(row: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    return {name: _converted(_READ, kind, row[name]) for name, kind in columns.items()}


def _converted(
    by_kind: Mapping[ColumnKind, Callable[[Any], Any]], kind: ColumnKind, value: Any
) -> Any:
    convert = by_kind.get(kind)
    return value if value is None or convert is None else convert(value)


_WRITE: Mapping[ColumnKind, Callable[[Any], Any]] = {
    ColumnKind.JSON: lambda value: json.dumps(value, separators=(",", ":")),
    ColumnKind.TIME: lambda at: at.astimezone(UTC),
    ColumnKind.BYTES: bytes,
    ColumnKind.UUID: str,
}
_READ: Mapping[ColumnKind, Callable[[Any], Any]] = {
    ColumnKind.JSON: json.loads,
    ColumnKind.TIME: lambda at: at.astimezone(UTC),
    ColumnKind.UUID: UUID,
}
