"""The format of the archive: what is written of rows before they are dropped, and read back. Pure.

A file holds rows of one class, tenant and day, as JSON lines in gzip: an object a line. Its columns
are those of SCHEMAS and no others, whatever tables get besides: URLs with secrets of ours, sealed
addresses and what adapters remember for themselves stay out.
"""

import gzip
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tracker.domain.retention import KeptClass

VERSION = 1
"""Of the schemas; the first folder of every path."""
SUFFIX = ".jsonl.gz"
ArchivedRow = Mapping[str, Any]
"""Values by column; of a list, rows of its own."""


class ArchiveState(StrEnum):
    """How far a file of the archive is. Stored by value."""

    BEGUN = "begun"
    """It may be there or not; its rows have not been dropped."""
    KEPT = "kept"
    """Its rows were dropped in the transaction that said so."""
    VOID = "void"
    """Its rows were not dropped after all; it is to be deleted."""
    CLEARED = "cleared"
    """It was deleted. Its path is never used again."""


class ColumnKind(StrEnum):
    """The type of a column. In JSON, times are RFC 3339 in UTC and bytes are base64."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    JSON = "json"
    TIME = "time"
    BYTES = "bytes"
    UUID = "uuid"


Columns = Mapping[str, ColumnKind]
Converters = Mapping[ColumnKind, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class ArchiveSchema:
    """The columns that are written of one class.

    columns: of each row, its row key first.
    lists:   rows that belong to it, by name.
    """

    columns: Columns
    lists: Mapping[str, Columns] = field(default_factory=dict)


def _parse_columns(text: str) -> Columns:
    """Read columns spelt as `kind: name, name; kind: …`."""
    found: dict[str, ColumnKind] = {}
    for part in text.split(";"):
        kind, _, names = part.partition(":")
        found |= dict.fromkeys(map(str.strip, names.split(",")), ColumnKind(kind.strip()))
    return found


_TASK = (
    "integer: key; uuid: id; text: tenant, provider, account, operation, external_task_id,"
    "provider_task_id, state, provider_status, message, follow_up, stage; integer: version;"
    "float: progress; boolean: overdue, never_created; uuid: resubmit_of, parent_id;"
    "json: artifacts, error, costs, detail, metadata;"
    "time: created_at, updated_at, submitted_at, finished_at, deadline_at"
)
_RECEIPT = (
    "integer: key; text: provider, source, verdict, reason; time: received_at;"
    "bytes: fingerprint, body; integer: duplicate_of, size_bytes; json: headers"
)
_DELIVERY = (
    "integer: key; uuid: id; text: event, lane, state, last_error; integer: version, attempts,"
    "last_status; time: created_at, ended_at; bytes: body"
)
_DELIVERY_ATTEMPT = (
    "integer: key, delivery_key, latency_ms, status; time: at; text: error; bytes: answer"
)
SCHEMAS: Mapping[KeptClass, ArchiveSchema] = {
    KeptClass.INPUTS: ArchiveSchema(
        _parse_columns("integer: key; uuid: task; text: tenant; time: day; bytes: body")
    ),
    KeptClass.EVIDENCE: ArchiveSchema(
        _parse_columns(f"{_RECEIPT}; uuid: task; text: tenant; time: day"),
    ),
    KeptClass.DELIVERIES: ArchiveSchema(
        _parse_columns(f"{_DELIVERY}; uuid: task; text: tenant; time: day"),
        {"delivery_attempts": _parse_columns(_DELIVERY_ATTEMPT)},
    ),
    KeptClass.TASKS: ArchiveSchema(
        _parse_columns(f"{_TASK}; time: day"),
        {
            "inputs": _parse_columns("bytes: body"),
            "dropped_inputs": _parse_columns("integer: size_bytes; bytes: sha256"),
            "transitions": _parse_columns(
                "integer: seq, version; text: from_state, to_state, kind, source, provider_status,"
                "message, actor; time: provider_at, at; integer: receipt_key, attempt_key"
            ),
            "attempts": _parse_columns(
                "integer: key, number; time: started_at, ended_at; text: outcome, certainty, code,"
                "message, provider_task_id, provider_request_id; integer: http_status, latency_ms"
            ),
            "receipts": _parse_columns(_RECEIPT),
            "deliveries": _parse_columns(_DELIVERY),
            "delivery_attempts": _parse_columns(_DELIVERY_ATTEMPT),
            "stream_texts": _parse_columns("text: text"),
            "assets": _parse_columns(
                "integer: key; uuid: id; text: piece, kind, state, reason, media_type;"
                "integer: position, size; bytes: sha256; time: created_at, ended_at"
            ),
        },
    ),
}
"""`day` is what the row's file is found by: the end of its task; of rows of no task, their own
time. `key` of an input is its task's."""


def build_path(
    kept_class: KeptClass, tenant: str, day: date, keys: tuple[int, int], mark: str
) -> str:
    """Name a file by what it holds, without its end.

    keys: of its first and last row. mark: that no other file has.
    """
    first, last = keys
    # A tenant's name may hold what no file's name can.
    folder = quote(tenant, safe="").replace(".", "%2E")[:200]
    return f"v{VERSION}/{kept_class.value}/tenant={folder}/day={day:%Y-%m-%d}/{first}-{last}-{mark}"


def encode_rows(kept_class: KeptClass, rows: Sequence[ArchivedRow]) -> bytes:
    """Write rows; the same rows are the same bytes."""
    lines = (json.dumps(render_row(kept_class, row), separators=(",", ":")) + "\n" for row in rows)
    return gzip.compress("".join(lines).encode("ascii"), mtime=0)


def decode_rows(kept_class: KeptClass, data: bytes) -> Iterator[ArchivedRow]:
    """Read rows of a file. Raises ValueError or OSError where it is damaged."""
    for line in gzip.decompress(data).splitlines():
        yield convert_row(kept_class, json.loads(line), _FROM_JSON)


def render_row(kept_class: KeptClass, row: ArchivedRow) -> dict[str, Any]:
    """Return a row as JSON has it."""
    return convert_row(kept_class, row, _TO_JSON)


def convert_row(kept_class: KeptClass, row: ArchivedRow, by_kind: Converters) -> dict[str, Any]:
    """Return the columns of a class, those of its lists too, each value converted by its kind.

    None stays, and so does a value of a kind that has no converter.
    """
    schema = SCHEMAS[kept_class]
    found = _convert(row, schema.columns, by_kind)
    for name, columns in schema.lists.items():
        found[name] = [_convert(item, columns, by_kind) for item in row[name]]
    return found


def _convert(row: ArchivedRow, columns: Columns, by_kind: Converters) -> dict[str, Any]:
    return {
        name: value
        if (value := row[name]) is None or (convert := by_kind.get(kind)) is None
        else convert(value)
        for name, kind in columns.items()
    }


_TO_JSON: Converters = {
    ColumnKind.TIME: lambda at: at.astimezone(UTC).isoformat(),
    ColumnKind.BYTES: lambda data: b64encode(data).decode("ascii"),
    ColumnKind.UUID: str,
}
_FROM_JSON: Converters = {
    ColumnKind.TIME: datetime.fromisoformat,
    ColumnKind.BYTES: b64decode,
    ColumnKind.UUID: UUID,
}
