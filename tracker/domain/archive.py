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


@dataclass(frozen=True, slots=True)
class ArchiveSchema:
    """The columns that are written of one class.

    columns: of each row, its row key first.
    lists:   rows that belong to it, by name.
    """

    columns: Columns
    lists: Mapping[str, Columns] = field(default_factory=dict)


def _columns(text: str) -> Columns:
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
        _columns("integer: key; uuid: task; text: tenant; time: day; bytes: body")
    ),
    KeptClass.EVIDENCE: ArchiveSchema(
        _columns(f"{_RECEIPT}; uuid: task; text: tenant; time: day"),
    ),
    KeptClass.DELIVERIES: ArchiveSchema(
        _columns(f"{_DELIVERY}; uuid: task; text: tenant; time: day"),
        {"delivery_attempts": _columns(_DELIVERY_ATTEMPT)},
    ),
    KeptClass.TASKS: ArchiveSchema(
        _columns(f"{_TASK}; time: day"),
        {
            "inputs": _columns("bytes: body"),
            "dropped_inputs": _columns("integer: size_bytes; bytes: sha256"),
            "transitions": _columns(
                "integer: seq, version; text: from_state, to_state, kind, source, provider_status,"
                "message, actor; time: provider_at, at; integer: receipt_key, attempt_key"
            ),
            "attempts": _columns(
                "integer: key, number; time: started_at, ended_at; text: outcome, certainty, code,"
                "message, provider_task_id, provider_request_id; integer: http_status, latency_ms"
            ),
            "receipts": _columns(_RECEIPT),
            "deliveries": _columns(_DELIVERY),
            "delivery_attempts": _columns(_DELIVERY_ATTEMPT),
            "stream_texts": _columns("text: text"),
            "assets": _columns(
                "integer: key; uuid: id; text: piece, kind, state, reason, media_type;"
                "integer: position, size; bytes: sha256; time: created_at, ended_at"
            ),
        },
    ),
}
"""`day` is what the row's file is found by: the end of its task; of rows of no task, their own
time. `key` of an input is its task's."""


def path_of(kept_class: KeptClass, tenant: str, day: date, keys: tuple[int, int], mark: str) -> str:
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
    schema = SCHEMAS[kept_class]
    for line in gzip.decompress(data).splitlines():
        found = json.loads(line)
        row = _read(found, schema.columns)
        for name, columns in schema.lists.items():
            row[name] = [_read(item, columns) for item in found[name]]
        yield row


def render_row(kept_class: KeptClass, row: ArchivedRow) -> dict[str, Any]:
    """Return a row as JSON has it."""
    schema = SCHEMAS[kept_class]
    found = _as_json(row, schema.columns)
    for name, columns in schema.lists.items():
        found[name] = [_as_json(item, columns) for item in row[name]]
    return found


def _as_json(row: ArchivedRow, columns: Columns) -> dict[str, Any]:
    return {name: _TO_JSON.get(kind, _same)(row[name]) for name, kind in columns.items()}


def _read(row: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    return {name: _FROM_JSON.get(kind, _same)(row[name]) for name, kind in columns.items()}


def _same(value: Any) -> Any:
    return value


def _unless_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


_TO_JSON: Mapping[ColumnKind, Callable[[Any], Any]] = {
    ColumnKind.TIME: _unless_none(lambda at: at.astimezone(UTC).isoformat()),
    ColumnKind.BYTES: _unless_none(lambda data: b64encode(data).decode("ascii")),
    ColumnKind.UUID: _unless_none(str),
}
_FROM_JSON: Mapping[ColumnKind, Callable[[Any], Any]] = {
    ColumnKind.TIME: _unless_none(datetime.fromisoformat),
    ColumnKind.BYTES: _unless_none(b64decode),
    ColumnKind.UUID: _unless_none(UUID),
}
