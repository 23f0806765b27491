"""How a column of values travels: to SQLite as its driver takes it, to PostgreSQL as one array."""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text

from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime

Encode = Callable[[Sequence[Any]], Any]
"""A column of values as the driver is to have it."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NULL = b"\xff\xff\xff\xff"
_length = struct.Struct("!i").pack
_spelt_in_ascii = JSONEncoder(separators=(",", ":")).encode


def convert_values(values: Sequence[Any], convert: Callable[[Any], Any]) -> list[Any]:
    """Return each value converted; once where all are equal, as they are in most columns of a
    batch.

    Equal values must mean the same.
    """
    first = values[0]
    if values.count(first) == len(values):
        return [convert(first)] * len(values)
    return [convert(value) for value in values]


class _Array(bytes):
    """A column as PostgreSQL's binary array; the subclasses are told apart by type.

    spelt: its type in SQL.
    """

    spelt: str


class _Texts(_Array):
    spelt = "text[]"


class _Bytes(_Array):
    spelt = "bytea[]"


class _Integers(_Array):
    spelt = "bigint[]"


class _Floats(_Array):
    spelt = "double precision[]"


class _Booleans(_Array):
    spelt = "boolean[]"


class _Instants(_Array):
    spelt = "timestamptz[]"


class _Uuids(_Array):
    spelt = "uuid[]"


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


def _make_encoder(array: type[_Array], element: int, encode: Callable[[Any], bytes]) -> Encode:
    """Make an encoder for elements of any length."""

    def encode_array(values: Sequence[Any]) -> _Array:
        parts = [_encode_head(element, len(values))]
        for value in values:
            if value is None:
                parts.append(_NULL)
            else:
                raw = encode(value)
                parts += (_length(len(raw)), raw)
        return array(b"".join(parts))

    return encode_array


def encode_texts(values: Sequence[str | None]) -> _Array:
    """Return a PostgreSQL parameter: an array of texts, not empty."""
    size, first = len(values), values[0]
    if values.count(first) == size:  # as in most columns of a batch
        return _Texts(_encode_head(_TEXT, size) + _encode_text(first) * size)
    words = set(values)
    if 2 * len(words) > size:
        return _each_text(values)
    pieces = {word: _encode_text(word) for word in words}
    return _Texts(_encode_head(_TEXT, size) + b"".join([pieces[value] for value in values]))


def _encode_text(text: str | None) -> bytes:
    if text is None:
        return _NULL
    raw = text.encode()
    return _length(len(raw)) + raw


def _make_number_encoder(array: type[_Array], element: int, code: str, size: int) -> Encode:
    """Make an encoder for numbers."""
    one = struct.Struct(f"!i{code}").pack

    def encode_array(values: Sequence[Any]) -> _Array:
        if None in values:
            parts = [_NULL if value is None else one(size, value) for value in values]
            return array(_encode_head(element, len(values)) + b"".join(parts))
        flat = [size] * (2 * len(values))
        flat[1::2] = values
        return array(
            _encode_head(element, len(values)) + struct.pack(f"!{f'i{code}' * len(values)}", *flat)
        )

    return encode_array


ARRAY_HEAD_BYTES = 20
"""Of an array, before its first element's length and bytes."""


_packed_head = struct.Struct("!iiiii").pack


def _encode_head(element: int, length: int) -> bytes:
    return _packed_head(1, 1, element, length, 1)


_packed_instants = _make_number_encoder(_Array, 1184, "q", 8)
integers = _make_number_encoder(_Integers, 20, "q", 8)
"""A PostgreSQL parameter: an array of whole numbers, not empty."""


def _convert_instant(value: datetime | None) -> int | None:
    if value is None:
        return None
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _encode_instants(values: Sequence[datetime | None]) -> _Array:
    return _Instants(_packed_instants(convert_values(values, _convert_instant)))


def _convert_each(convert: Callable[[Any], Any]) -> Encode:
    """Convert what is not None."""
    return lambda values: convert_values(
        values, lambda value: None if value is None else convert(value)
    )


def _format_instant(value: datetime) -> str:
    """Format an instant the way SQLAlchemy stores a DateTime on SQLite."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def _format_documents(values: Sequence[Any]) -> list[str | None]:
    # Python takes 1, 1.0 and true for equal, and a document must not: texts mean the same.
    first = values[0]
    if first is None or (type(first) is dict and all(type(v) is str for v in first.values())):
        return convert_values(values, _format_document)
    return [_format_document(value) for value in values]


def _format_document(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return to_json(value).decode()  # a fifth of the time that json takes
    except ValueError:  # half of a surrogate pair, which only an escape can spell
        return _spelt_in_ascii(value)


def _encode_uuid(value: UUID) -> bytes:
    return value.bytes


_TEXT = 25
_each_text: Callable[[Sequence[str | None]], _Array] = _make_encoder(_Texts, _TEXT, str.encode)
uuids = _make_encoder(_Uuids, 2950, _encode_uuid)
"""A PostgreSQL parameter: an array of public ids, not empty."""


class ColumnCodec:
    """How the values of a column travel. sqlite: None where the driver takes them as they are."""

    def __init__(self, array: str, postgresql: Encode, sqlite: Encode | None = None) -> None:
        self.array, self.postgresql, self.sqlite = array, postgresql, sqlite


_INTEGER = ColumnCodec("bigint[]", integers)
KINDS: Mapping[type[Any], ColumnCodec] = {
    Integer: _INTEGER,
    type(BigKey): _INTEGER,
    Float: ColumnCodec("double precision[]", _make_number_encoder(_Floats, 701, "d", 8)),
    Boolean: ColumnCodec("boolean[]", _make_number_encoder(_Booleans, 16, "?", 1)),
    Text: ColumnCodec("text[]", encode_texts),
    LargeBinary: ColumnCodec("bytea[]", _make_encoder(_Bytes, 17, bytes)),
    UtcDateTime: ColumnCodec("timestamptz[]", _encode_instants, _convert_each(_format_instant)),
    JsonDoc: ColumnCodec(
        "text[]", lambda values: encode_texts(_format_documents(values)), _format_documents
    ),
    PublicId: ColumnCodec("uuid[]", uuids, _convert_each(_encode_uuid)),
}
"""By the type of a column in `schema`."""
