"""An Asset as a row of `assets`, read."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from sqlalchemy import Row

from tracker.domain.custody import Asset, AssetState
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import Dialect
from tracker.store.schema import assets
from tracker.store.tolerant import read_member

NAMES = tuple(field.name for field in fields(Asset))
"""Every field has a column of its name."""
COLUMNS = tuple(assets.c[name] for name in NAMES)
_state = partial(read_member, AssetState)
OWN = {"state": _state}
"""Conversions of single columns; see RowReader."""
_READER = RowReader(assets, NAMES, OWN)


def read_asset(row: Row[*tuple[Any, ...]]) -> Asset:
    """Return the asset of a row that SQLAlchemy has read, COLUMNS and perhaps more."""
    found = row._mapping  # noqa: SLF001 - its documented way to the columns
    given: dict[str, Any] = {name: found[name] for name in NAMES}
    return Asset(**given | {"state": _state(given["state"])})


def read_assets(rows: Sequence[Sequence[Any]], dialect: Dialect) -> list[Asset]:
    """Return the assets of rows of NAMES as the driver gives them."""
    return [Asset(*values) for values in _READER.read_values(rows, dialect)]
