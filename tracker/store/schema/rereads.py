"""Runs that read kept receipts again."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Table,
    Text,
)

from tracker.domain.runs import RunState
from tracker.store.driver.types import JsonDoc, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import metadata

rereads = Table(
    "rereads",
    metadata,
    Column("tenant", Text, primary_key=True),
    # Ids sort by time. No index finds the running ones: people make few of them.
    Column("id", PublicId, primary_key=True),
    # Which receipts lead to the tasks.
    Column("filter", JsonDoc, nullable=False),
    Column("is_dry", Boolean, nullable=False),
    Column("notify", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Keys of receipts: behind which it began, up to which it has come, and with which it ends.
    Column("first", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("counts", JsonDoc, nullable=False),
    Column("differences", JsonDoc, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("stopped_by", Text),
    CheckConstraint(build_one_of("state", RunState), name="state"),
)
