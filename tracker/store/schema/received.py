"""Callbacks: receipts, message ids, forgeries, and what people put aside."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from tracker.domain.events import Source
from tracker.domain.lifecycle import Verdict
from tracker.store.driver.types import BigKey, JsonDoc, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

ODD = "verdict <> 'advanced' AND verdict <> 'duplicate' AND verdict <> 'stale'"
"""Receipts that may need a human."""

receipts = Table(
    "receipts",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE")),
    Column("source", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    # The first receipt with these very bytes: a repeat does not store them again.
    Column("duplicate_of", BigKey),
    Column("headers", JsonDoc),
    Column("size_bytes", Integer, nullable=False),
    Column("body", LargeBinary),
    # The revision of the adapter that read it last; NULL where none did, or before it was kept.
    Column("reader", BigInteger),
    CheckConstraint(build_one_of("verdict", Verdict), name="verdict"),
    CheckConstraint(build_one_of("source", Source), name="source"),
    Index(None, "task_key", "key"),
    build_partial_index(
        "uq_receipts_fingerprint", "fingerprint", where="duplicate_of IS NULL", unique=True
    ),
    build_partial_index("ix_receipts_verdict", "tenant", "verdict", "key", where=ODD),
    sqlite_autoincrement=True,
)

# Fetched from where providers publish what they sign callbacks with; a row for each place.
published_keys = Table(
    "published_keys",
    metadata,
    # Nobody's: the keys are the provider's.
    Column("tenant", Text, nullable=False),
    Column("url", Text, primary_key=True),
    Column("key_set", JsonDoc, nullable=False),
    Column("fetched_at", UtcDateTime, nullable=False),
)

callback_ids = Table(
    "callback_ids",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    # The sender's own: of a signed callback, `webhook-id`.
    Column("id", Text, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "received_at"),
)

# How many forged callbacks came, by hour. Everybody's: a forgery belongs to no tenant.
forgeries = Table(
    "forgeries",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("window_at", UtcDateTime, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

# What a person has looked at and put aside. A table of its own: the rows that it is about are
# written by every callback.
dismissals = Table(
    "dismissals",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("kind", Text, primary_key=True),
    # The row key of the receipt or the task.
    Column("of", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint(build_one_of("kind", ("receipt", "follow_up")), name="kind"),
)
