"""Rows as the drivers give them, read into the values that objects have."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Table

from tracker.domain.public_id import build_id
from tracker.store.driver.dialect import POSTGRESQL, SQLITE, Dialect
from tracker.store.driver.encoding import convert_values
from tracker.store.driver.types import JsonDoc, PublicId, UtcDateTime

Convert = Callable[[Any], Any]


def read_instant(text: str | None) -> datetime | None:
    """Read an instant of SQLite."""
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def read_id(raw: bytes | None) -> UUID | None:
    """Read a public id of SQLite."""
    return None if raw is None else build_id(int.from_bytes(raw, "big"))


def read_document(text: str | None) -> Any:
    """Read a JSON document of either database."""
    return None if text is None else json.loads(text)


class RowReader:
    """Reads rows of some columns of a table, column by column."""

    def __init__(self, table: Table, columns: Sequence[str], own: Mapping[str, Convert]) -> None:
        """own: conversions of single columns, on both databases."""
        self._conversions = {
            dialect: [
                (place, convert)
                for place, name in enumerate(columns)
                if (
                    convert := own.get(name)
                    or _list_conversions(dialect).get(type(table.c[name].type))
                )
            ]
            for dialect in (SQLITE, POSTGRESQL)
        }

    def read_values(
        self, rows: Sequence[Sequence[Any]], dialect: Dialect
    ) -> Iterable[Sequence[Any]]:
        """Return the converted values of each row."""
        if not rows:
            return ()
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, convert in self._conversions[dialect]:
            columns[place] = convert_values(columns[place], convert)
        return zip(*columns, strict=True)


def _list_conversions(dialect: Dialect) -> Mapping[type[Any], Convert]:
    """Return the conversions of what the driver does not give as objects have it."""
    found: dict[type[Any], Convert] = {JsonDoc: read_document}
    if dialect.stores_text:
        found |= {UtcDateTime: read_instant, PublicId: read_id, Boolean: bool}
    return found
