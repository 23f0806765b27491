"""Counts of how tasks ended, and what they cost."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Table,
    Text,
)

from tracker.store.driver.types import BigKey, JsonDoc, UtcDateTime
from tracker.store.schema.base import metadata

# How tasks ended, counted by the hour from the feed; the hour 1970-01-01T00 stands for all.
stat_counts = Table(
    "stat_counts",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

stat_costs = Table(
    "stat_costs",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    # Exact decimal text.
    Column("amount", Text, nullable=False),
)

# The costs of a task as they were counted last: what changes later is counted as a change.
stat_charged = Table(
    "stat_charged",
    metadata,
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("costs", JsonDoc, nullable=False),
)

stat_progress = Table(
    "stat_progress",
    metadata,
    # One row, of nobody: the feed is counted for all tenants at once.
    Column("tenant", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
