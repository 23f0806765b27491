"""Archive files as Parquet: what is written is read back, whatever a value is."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.support.archives import needs_pyarrow
from tracker.domain.archive import SCHEMAS, ArchivedRow, ColumnKind, Columns
from tracker.domain.retention import WALKED, KeptClass
from tracker.objects import parquet

pytestmark = needs_pyarrow
VALUES = {
    ColumnKind.TEXT: "下雨\u0000 \U0001f327",
    ColumnKind.INTEGER: 2**63 - 1,
    ColumnKind.FLOAT: 0.1,
    ColumnKind.BOOLEAN: False,
    ColumnKind.JSON: {"deep": [{"n": 2**70, "none": None}], "text": "\ud83d"},
    ColumnKind.TIME: datetime(2026, 11, 29, 23, 59, 59, 999999, UTC),
    ColumnKind.BYTES: bytes(range(256)),
    ColumnKind.UUID: uuid4(),
}


def _row(columns: Columns, *, empty: bool = False) -> ArchivedRow:
    return {name: None if empty else VALUES[kind] for name, kind in columns.items()}


@pytest.mark.parametrize("kept_class", WALKED)
def test_each_kind_of_value_is_read_back_and_so_is_nothing(kept_class: KeptClass) -> None:
    schema = SCHEMAS[kept_class]
    full = {name: [_row(one), _row(one, empty=True)] for name, one in schema.lists.items()}
    none: dict[str, list[ArchivedRow]] = {name: [] for name in schema.lists}
    rows = [{**_row(schema.columns), **full}, {**_row(schema.columns, empty=True), **none}]
    data = parquet.encode_rows(kept_class, rows)
    assert list(parquet.decode_rows(kept_class, data)) == rows
    assert data == parquet.encode_rows(kept_class, rows)


def test_a_file_says_its_class_and_version_to_a_stranger() -> None:
    from pyarrow import BufferReader  # noqa: PLC0415 - of the group `s3`
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    columns = SCHEMAS[KeptClass.INPUTS].columns
    file = ParquetFile(BufferReader(parquet.encode_rows(KeptClass.INPUTS, [_row(columns)])))
    assert file.schema_arrow.names == list(columns)
    assert file.schema_arrow.metadata == {b"class": b"inputs", b"version": b"1"}
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
