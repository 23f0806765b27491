"""Column types that mean the same on both databases."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from tracker.store.driver.dialect import get_type_dialect

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""An internal row number. SQLite numbers rows by itself only in a column typed INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Aware UTC on our side; `timestamptz` on PostgreSQL, ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Raises ValueError for a naive datetime: it names no instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime names no instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """SQLite returns it naive, PostgreSQL in the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonDoc(TypeDecorator[Any]):
    """A JSON document as ASCII text.

    Not JSONB: providers may send what PostgreSQL's JSON refuses (an escaped NUL, half of a
    surrogate pair), and nothing that a provider said may be lost for that.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Write JSON. None is SQL NULL, not JSON null."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Return the document."""
        return None if value is None else json.loads(value)


class PublicId(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, its 16 bytes on SQLite."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column's type in the dialect."""
        if not get_type_dialect(dialect).stores_text:
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """Write a UUID as it is or as its bytes."""
        if value is None or not get_type_dialect(dialect).stores_text:
            return value
        return value.bytes

    def process_result_value(self, value: Any, _dialect: Dialect) -> UUID | None:
        """Read a UUID from either form."""
        if value is None or isinstance(value, UUID):
            return value
        return UUID(bytes=value)


def build_one_of(column: str, words: Iterable[str]) -> str:
    """Return the text of a CHECK that a column holds one of these words, or nothing.

    No IN: SQLite makes a table of its words for every statement, and looks each row up in it.
    """
    return " OR ".join(f"{column} = '{word}'" for word in words)
