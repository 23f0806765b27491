"""Every table and index. The migrations make the same; a test compares them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tracker.domain.events import Kind, Source
from tracker.domain.exchange import Certainty
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import AT_PROVIDER, OPEN, TaskState
from tracker.store.types import BigKey, JsonDoc, PublicId, UtcDateTime, one_of

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def words(states: frozenset[TaskState]) -> str:
    """States as an SQL list, always in the same order."""
    return "(" + ", ".join(f"'{state.value}'" for state in sorted(states)) + ")"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over some rows, on both databases."""
    return Index(
        name,
        *columns,
        unique=unique,
        postgresql_where=text(where),
        sqlite_where=text(where),
    )


tasks = Table(
    "tasks",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("external_task_id", Text, nullable=False),
    Column("provider_task_id", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("provider_status", Text),
    Column("message", Text),
    Column("progress", Float),
    Column("artifacts", JsonDoc),
    Column("error", JsonDoc),
    Column("detail", JsonDoc),
    Column("overdue", Boolean, nullable=False),
    Column("metadata", JsonDoc),
    Column("slots", Integer, nullable=False),
    # Above zero from the moment before the submit's socket opens until the verdict.
    Column("slots_held", Integer, nullable=False),
    Column("absences", Integer, nullable=False),
    Column("callback_url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("deadline_at", UtcDateTime),
    Column("give_up_at", UtcDateTime),
    UniqueConstraint("id"),
    UniqueConstraint("provider", "account", "external_task_id"),
    CheckConstraint(one_of("state", TaskState), name="state"),
    Index(None, "tenant", "key"),
    Index(None, "tenant", "state", "key"),
    Index(None, "tenant", "operation", "key"),
    _partial(
        "ix_tasks_provider_task_id",
        "provider",
        "account",
        "provider_task_id",
        where="provider_task_id IS NOT NULL",
    ),
    _partial(
        "ix_tasks_deadline_at",
        "deadline_at",
        where=f"NOT overdue AND deadline_at IS NOT NULL AND state IN {words(OPEN)}",
    ),
    _partial("ix_tasks_overdue", "tenant", "key", where=f"overdue AND state IN {words(OPEN)}"),
    _partial("ix_tasks_give_up_at", "give_up_at", where=f"state IN {words(AT_PROVIDER)}"),
    _partial("ix_tasks_slots_held", "provider", "account", "slots_held", where="slots_held > 0"),
    sqlite_autoincrement=True,
)

task_inputs = Table(
    "task_inputs",
    metadata,
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tenant", Text, nullable=False),
    # Bytes and not a JSON column: up to tens of MB, written once, read once, never looked into.
    Column("body", LargeBinary, nullable=False),
)

transitions = Table(
    "transitions",
    metadata,
    # The feed: taken inside the writing transaction under a lock held to its commit.
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("provider_status", Text),
    Column("message", Text),
    Column("provider_at", UtcDateTime),
    Column("at", UtcDateTime, nullable=False),
    Column("receipt_key", BigKey),
    Column("attempt_key", BigKey),
    UniqueConstraint("task_key", "version"),
    CheckConstraint(one_of("from_state", TaskState), name="from_state"),
    CheckConstraint(one_of("to_state", TaskState), name="to_state"),
    CheckConstraint(one_of("kind", Kind), name="kind"),
    CheckConstraint(one_of("source", Source), name="source"),
    sqlite_autoincrement=True,
)

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
    Column("fingerprint", LargeBinary(16), nullable=False),
    # The first receipt with these very bytes: a repeat does not store them again.
    Column("duplicate_of", BigKey),
    Column("headers", JsonDoc),
    Column("size_bytes", Integer, nullable=False),
    Column("body", LargeBinary),
    CheckConstraint(one_of("verdict", Verdict), name="verdict"),
    CheckConstraint(one_of("source", Source), name="source"),
    Index(None, "task_key", "key"),
    _partial("uq_receipts_fingerprint", "fingerprint", where="duplicate_of IS NULL", unique=True),
    _partial(
        "ix_receipts_verdict",
        "tenant",
        "verdict",
        "key",
        where="verdict NOT IN ('advanced', 'duplicate', 'stale')",
    ),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    # NULL while the request may be on its way: whoever finds such a row after its lease ended
    # knows that the outcome is unknown.
    Column("ended_at", UtcDateTime),
    Column("outcome", Text),
    Column("certainty", Text),
    Column("http_status", Integer),
    Column("code", Text),
    Column("message", Text),
    Column("latency_ms", Integer),
    Column("provider_task_id", Text),
    Column("provider_request_id", Text),
    UniqueConstraint("task_key", "number"),
    CheckConstraint(
        "outcome IN ('accepted', 'refused', 'deferred', 'not_sent', 'unknown', 'lost')",
        name="outcome",
    ),
    CheckConstraint(one_of("certainty", Certainty), name="certainty"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("delivery_key", BigKey),
    Column("dedup_key", Text, nullable=False),
    # Who might starve whom: the provider account, or the host that is delivered to.
    Column("lane", Text, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("lease_token", Text),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("dedup_key"),
    CheckConstraint("kind IN ('submit', 'reconcile', 'deliver')", name="kind"),
    Index(None, "kind", "lane", "run_at", "key"),
    _partial("ix_jobs_waiting", "kind", "run_at", where="lease_until IS NULL"),
    _partial("ix_jobs_leased", "kind", "lease_until", where="lease_until IS NOT NULL"),
    Index(None, "task_key"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("url", Text, nullable=False),
    # Stored when owed, so that every attempt sends the same bytes.
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("last_attempt_at", UtcDateTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    UniqueConstraint("id"),
    UniqueConstraint("task_key", "version"),
    CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
    sqlite_autoincrement=True,
)

conditions = Table(
    "conditions",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    # Several processes watch; one row says it.
    _partial(
        "uq_conditions_open",
        "name",
        "provider",
        "account",
        where="cleared_at IS NULL",
        unique=True,
    ),
    sqlite_autoincrement=True,
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

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "task_key"),
)
