"""The ledger of costs, its sums, and budgets."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.domain.budget import Period
from tracker.domain.ledger import EntryPhase
from tracker.store.driver.types import BigKey, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

# The ledger of costs, append-only: differences, added up by phase. `is_counted` moves rows into the
# sums of `cost_days` and changes nothing that they say.
UNCOUNTED = "NOT is_counted"
"""Entries that are not in the sums yet."""
_LEDGER_NAMES = (
    *("tenant", "day", "provider", "account", "operation"),
    *("phase", "origin", "kind", "unit", "currency"),
)


def _make_ledger_columns(*, primary: bool = False) -> list[Column[Any]]:
    """Return what the ledger is added up by. Nothing is NULL: `submitter` 0 is nobody."""
    found: list[Column[Any]] = [
        Column(name, Text, primary_key=primary, nullable=False) for name in _LEDGER_NAMES
    ]
    found.append(
        Column("submitter", BigKey, primary_key=primary, nullable=False, autoincrement=False)
    )
    return found


cost_entries = Table(
    "cost_entries",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    *_make_ledger_columns(),
    # An entry outlives its task.
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="SET NULL")),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # Exact decimal text; then in whole units and billionths, for sums.
    Column("amount", Text, nullable=False),
    Column("whole", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("is_counted", Boolean, nullable=False),
    CheckConstraint(build_one_of("phase", EntryPhase), name="phase"),
    Index(None, "task_key"),
    build_partial_index("ix_cost_entries_uncounted", "tenant", "key", where=UNCOUNTED),
    sqlite_autoincrement=True,
)

cost_days = Table(
    "cost_days",
    metadata,
    *_make_ledger_columns(primary=True),
    Column("whole", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    # The row of an API key; 0 for the whole tenant.
    Column("submitter", BigKey, nullable=False),
    Column("period", Text, nullable=False),
    # A currency, or a provider's own unit.
    Column("currency", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(build_one_of("period", Period), name="period"),
    UniqueConstraint("tenant", "submitter", "period", "currency"),
    sqlite_autoincrement=True,
)
