"""Subscribers, and what they are told."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.domain.delivery import DeliveryState, EndpointState, Payload
from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

endpoints = Table(
    "endpoints",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text),
    # Filters; NULL where nothing is narrowed.
    Column("event_types", JsonDoc),
    Column("providers", JsonDoc),
    Column("operations", JsonDoc),
    Column("metadata", JsonDoc),
    Column("payload", Text, nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("state_at", UtcDateTime, nullable=False),
    # Since when it has answered nothing but failures; NULL while it answers.
    Column("failing_since", UtcDateTime),
    # Sealed with a key that is not in the database (domain/sealing.py).
    Column("secret", LargeBinary, nullable=False),
    Column("old_secret", LargeBinary),
    Column("old_secret_until", UtcDateTime),
    # Those before that still sign: pairs of the sealed secret in hex and its end.
    Column("older_secrets", JsonDoc),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("id"),
    CheckConstraint(build_one_of("state", EndpointState), name="state"),
    CheckConstraint(build_one_of("payload", Payload), name="payload"),
    Index(None, "tenant", "key"),
    sqlite_autoincrement=True,
)

endpoint_sets = Table(
    "endpoint_sets",
    metadata,
    Column("tenant", Text, primary_key=True),
    # A new value nobody had before at every change of the tenant's endpoints, in the transaction
    # that makes it. Whoever writes deliveries reads it in theirs, and knows whether what they
    # remember still holds. No counter: one that a rollback takes back would come twice.
    Column("stamp", Text, nullable=False),
)

delivery_bodies = Table(
    "delivery_bodies",
    metadata,
    # Derived from task, version and shape: endpoints that are told the same share the row.
    Column("id", PublicId, primary_key=True),
    Column("tenant", Text, nullable=False),
    # Stored when owed, so that every attempt sends the same bytes; apart, as a delivery's own
    # row is rewritten at each attempt.
    Column("body", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    # The `webhook-id`.
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("event", Text, nullable=False),
    # NULL for a URL that came with the task: then `url` names it.
    Column("endpoint_key", BigKey, ForeignKey("endpoints.key")),
    Column("url", Text),
    # NULL for what is not about a task.
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE")),
    Column("version", Integer),
    Column("body_id", PublicId, ForeignKey("delivery_bodies.id"), nullable=False),
    # Who might starve whom: the endpoint, or the host of a URL that came with a task.
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    # 0 until the first attempt, then 1: retries never stand before first attempts.
    Column("turn", Integer, nullable=False),
    # When it is due. While somebody holds it: when it becomes due again without them.
    Column("next_at", UtcDateTime, nullable=False),
    Column("token", Text),
    Column("attempts", Integer, nullable=False),
    # Of these, since it was written down or redelivered: its place on the ladder of retries.
    Column("tries", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("last_attempt_at", UtcDateTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    UniqueConstraint("id"),
    CheckConstraint(build_one_of("state", DeliveryState), name="state"),
    build_partial_index(
        "ix_deliveries_due", "lane", "turn", "next_at", "key", where="state = 'pending'"
    ),
    Index(None, "tenant", "key"),
    Index(None, "tenant", "state", "key"),
    Index(None, "endpoint_key", "key"),
    Index(None, "task_key", "key"),
    Index(None, "body_id"),
    sqlite_autoincrement=True,
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column(
        "delivery_key", BigKey, ForeignKey("deliveries.key", ondelete="CASCADE"), nullable=False
    ),
    Column("at", UtcDateTime, nullable=False),
    Column("latency_ms", Integer, nullable=False),
    # NULL when no answer came; then `error` says why.
    Column("status", Integer),
    Column("error", Text),
    Column("answer", LargeBinary),
    Index(None, "delivery_key", "key"),
    sqlite_autoincrement=True,
)
