"""Files of the archive as Parquet with zstd, where pyarrow is installed (extra `archive`).

Columns have the types of the class's schema, bytes as they are; times are in UTC to the
microsecond, ids and JSON are text. What belongs to a row is a list of structs in its column. Types:
https://arrow.apache.org/docs/python/api/datatypes.html (2026-11-29).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import cache
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from tracker.domain.archive import (
    SCHEMAS,
    VERSION,
    ArchivedRow,
    ColumnKind,
    Columns,
    Converters,
    convert_row,
)
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass

SUFFIX = ".parquet"
MISSING = "it is Parquet, which needs pyarrow: `pip install 'callback-tracker[archive]'`"


@cache
def is_installed() -> bool:
    """Tell whether files can be written and read."""
    return find_spec("pyarrow") is not None


def encode_rows(kept_class: KeptClass, rows: Sequence[ArchivedRow]) -> bytes:
    """Write rows; with one version of pyarrow the same rows are the same bytes."""
    import pyarrow as pa  # noqa: PLC0415 - takes a third of a second and 50 MB
    from pyarrow import parquet  # noqa: PLC0415

    schema = SCHEMAS[kept_class]
    fields = _make_fields(pa, schema.columns)
    fields += [
        pa.field(name, pa.list_(pa.struct(_make_fields(pa, columns))))
        for name, columns in schema.lists.items()
    ]
    table = pa.Table.from_pylist(
        [convert_row(kept_class, row, _TO_PARQUET) for row in rows],
        pa.schema(fields, {"class": kept_class.value, "version": str(VERSION)}),
    )
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode_rows(kept_class: KeptClass, data: bytes) -> Iterator[ArchivedRow]:
    """Read rows of a file. Raises StorageError without pyarrow, ValueError where it is damaged."""
    if not is_installed():
        raise StorageError(MISSING)
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import parquet  # noqa: PLC0415

    for found in parquet.read_table(pa.BufferReader(data)).to_pylist():
        yield convert_row(kept_class, found, _FROM_PARQUET)


def _make_fields(pa: Any, columns: Columns) -> list[Any]:
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


_TO_PARQUET: Converters = {
    ColumnKind.JSON: lambda value: json.dumps(value, separators=(",", ":")),
    ColumnKind.TIME: lambda at: at.astimezone(UTC),
    ColumnKind.BYTES: bytes,
    ColumnKind.UUID: str,
}
_FROM_PARQUET: Converters = {
    ColumnKind.JSON: json.loads,
    ColumnKind.TIME: lambda at: at.astimezone(UTC),
    ColumnKind.UUID: UUID,
}
