"""Every table and index. The migrations make the same; a test compares them.

One file, however long: whoever asks what is kept finds all of it in one place.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
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
    false,
    text,
)

from tracker.domain.budget import Period
from tracker.domain.custody import AssetState
from tracker.domain.delivery import DeliveryState, EndpointState, Payload
from tracker.domain.events import EventKind, Source
from tracker.domain.exchange import Certainty
from tracker.domain.ledger import EntryPhase
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import TaskState
from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime, one_of

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# What partial indexes hold. Queries must spell it the same, or the index is not used. None looks at
# `state`, which every callback changes: what it names is looked at, and written, for each of them.
LATE = "NOT overdue AND deadline_at IS NOT NULL AND finished_at IS NULL"
"""Open tasks that are to be flagged at their deadline."""
OVERDUE = "overdue AND finished_at IS NULL"
"""Open tasks that were."""
BLOCKED = "blocked_at IS NOT NULL"
"""Tasks that wait for a call of their caller's."""
ASKED_ABOUT = "give_up_at IS NOT NULL AND finished_at IS NULL"
"""Open tasks at the provider: nobody asks about them after `give_up_at`."""
ODD = "verdict <> 'advanced' AND verdict <> 'duplicate' AND verdict <> 'stale'"
"""Receipts that may need a human."""


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
    Column("costs", JsonDoc),
    Column("detail", JsonDoc),
    Column("overdue", Boolean, nullable=False),
    Column("metadata", JsonDoc),
    Column("slots", Integer, nullable=False),
    # Above zero from the moment before the submit's socket opens until the verdict.
    Column("slots_held", Integer, nullable=False),
    Column("absences", Integer, nullable=False),
    Column("denied_at", UtcDateTime),
    Column("wants", JsonDoc),
    # A callback brought a verdict that a query must confirm or complete.
    Column("awaits", Text),
    # Why the provider is asked on about a task that has ended.
    Column("follow_up", Text),
    # The provider certainly never had it: its external id may be used again.
    Column("never_created", Boolean, nullable=False, server_default=false()),
    Column("callback_url", Text),
    Column("webhook_url", Text),
    # The public id and no row key: it is shown, and the other task is never joined.
    Column("resubmit_of", PublicId),
    Column("parent_id", PublicId),
    Column("stage", Text),
    # What the adapter's later calls need, e.g. the URL to poll. Never shown.
    Column("context", JsonDoc),
    Column("cancel_asked_at", UtcDateTime),
    Column("cancel_sent_at", UtcDateTime),
    Column("blocked_at", UtcDateTime),
    Column("submitter", BigKey),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("deadline_at", UtcDateTime),
    Column("give_up_at", UtcDateTime),
    UniqueConstraint("id"),
    CheckConstraint(one_of("state", TaskState), name="state"),
    # On PostgreSQL no index of this table packs equal keys (migration 0010): its updates would have
    # them packed over and over.
    # One for each way to walk a list, in its order: see `listing`.
    Index(None, "tenant", "created_at", "key"),
    Index(None, "tenant", "updated_at", "key"),
    Index(None, "tenant", "state", "created_at", "key"),
    Index(None, "tenant", "operation", "created_at", "key"),
    _partial("ix_tasks_once_overdue", "tenant", "overdue", "created_at", "key", where="overdue"),
    Index(None, "external_task_id"),
    _partial(
        "ix_tasks_provider_task_id",
        "provider_task_id",
        where="provider_task_id IS NOT NULL",
    ),
    _partial(
        "uq_tasks_external_task_id",
        "provider",
        "account",
        "external_task_id",
        where="NOT never_created",
        unique=True,
    ),
    _partial("ix_tasks_resubmit_of", "resubmit_of", where="resubmit_of IS NOT NULL"),
    _partial("ix_tasks_follow_up", "tenant", "follow_up", "key", where="follow_up IS NOT NULL"),
    _partial("ix_tasks_deadline_at", "deadline_at", where=LATE),
    _partial("ix_tasks_overdue", "tenant", "key", where=OVERDUE),
    _partial("ix_tasks_blocked", "tenant", "key", where=BLOCKED),
    _partial("ix_tasks_give_up_at", "give_up_at", where=ASKED_ABOUT),
    _partial("ix_tasks_slots_held", "provider", "account", "slots_held", where="slots_held > 0"),
    sqlite_autoincrement=True,
)

# Files of results that we keep or are to keep, and uploads. What is wanted is a queue of its own.
assets = Table(
    "assets",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    # NULL for an upload.
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE")),
    # Names it among its task's artifacts, whatever becomes of their order.
    Column("piece", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Who might starve whom: the provider account.
    Column("lane", Text, nullable=False),
    # The provider's URL, sealed (domain/sealing.py): whoever reads it can fetch the file.
    Column("source", LargeBinary),
    Column("url_expires_at", UtcDateTime),
    # Until when fetching is tried; what dies soonest goes first.
    Column("dies_at", UtcDateTime, nullable=False),
    # When it is due. While somebody holds it: when it becomes due again without them.
    Column("next_at", UtcDateTime, nullable=False),
    Column("token", Text),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("size", BigInteger),
    Column("sha256", LargeBinary(32)),
    Column("media_type", Text),
    # The object that holds its bytes; the same bytes of one tenant share one.
    Column("store_key", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # When retention drops it; NULL for never.
    Column("expires_at", UtcDateTime),
    UniqueConstraint("id"),
    CheckConstraint(one_of("state", AssetState), name="state"),
    _partial("uq_assets_task_key", "task_key", "piece", where="task_key IS NOT NULL", unique=True),
    _partial("ix_assets_due", "lane", "dies_at", "next_at", "key", where="state = 'wanted'"),
    _partial("ix_assets_next_at", "next_at", where="state = 'wanted'"),
    _partial("ix_assets_sha256", "tenant", "sha256", where="state = 'kept'"),
    _partial("ix_assets_store_key", "store_key", where="state = 'kept'"),
    _partial("ix_assets_expires_at", "expires_at", where="state = 'kept'"),
    Index(None, "tenant", "key"),
    sqlite_autoincrement=True,
)

task_labels = Table(
    "task_labels",
    metadata,
    Column("tenant", Text, primary_key=True),
    # A digest of a metadata entry's name and value, see `labels`.
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", UtcDateTime, primary_key=True),
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Index(None, "task_key"),
    sqlite_with_rowid=False,
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
    # Who did it, where a person or a program with a key did.
    Column("actor", Text),
    UniqueConstraint("task_key", "version"),
    Index(None, "tenant", "seq"),
    CheckConstraint(one_of("from_state", TaskState), name="from_state"),
    CheckConstraint(one_of("to_state", TaskState), name="to_state"),
    CheckConstraint(one_of("kind", EventKind), name="kind"),
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
    Column("fingerprint", LargeBinary, nullable=False),
    # The first receipt with these very bytes: a repeat does not store them again.
    Column("duplicate_of", BigKey),
    Column("headers", JsonDoc),
    Column("size_bytes", Integer, nullable=False),
    Column("body", LargeBinary),
    CheckConstraint(one_of("verdict", Verdict), name="verdict"),
    CheckConstraint(one_of("source", Source), name="source"),
    Index(None, "task_key", "key"),
    _partial("uq_receipts_fingerprint", "fingerprint", where="duplicate_of IS NULL", unique=True),
    _partial("ix_receipts_verdict", "tenant", "verdict", "key", where=ODD),
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
        one_of(
            "outcome",
            ("accepted", "refused", "deferred", "not_sent", "unknown", "exists", "lost"),
        ),
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
    # Not used since deliveries are their own queue; to be dropped once no older code runs.
    Column("delivery_key", BigKey),
    Column("dedup_key", Text, nullable=False),
    # Who might starve whom: the provider account.
    Column("lane", Text, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("lease_token", Text),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("dedup_key"),
    CheckConstraint(one_of("kind", ("submit", "reconcile", "deliver")), name="kind"),
    Index(None, "kind", "lane", "run_at", "key"),
    _partial("ix_jobs_waiting", "kind", "run_at", where="lease_until IS NULL"),
    _partial("ix_jobs_leased", "kind", "lease_until", where="lease_until IS NOT NULL"),
    Index(None, "task_key"),
    sqlite_autoincrement=True,
)

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
    CheckConstraint(one_of("state", EndpointState), name="state"),
    CheckConstraint(one_of("payload", Payload), name="payload"),
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
    CheckConstraint(one_of("state", DeliveryState), name="state"),
    _partial("ix_deliveries_due", "lane", "turn", "next_at", "key", where="state = 'pending'"),
    Index(None, "tenant", "key"),
    Index(None, "tenant", "state", "key"),
    Index(None, "endpoint_key", "key"),
    Index(None, "task_key", "key"),
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

# Which processes run now; rows of those that are not heard of any more go after a while.
processes = Table(
    "processes",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("id", PublicId, primary_key=True),
    Column("is_worker", Boolean, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    # By how much its clock is ahead of the database server's; 0 on SQLite.
    Column("ahead_ms", Integer, nullable=False),
    # Of its callback secrets, the signing one first: digests, which tell nobody the secrets.
    Column("secret_marks", JsonDoc, nullable=False),
    Index(None, "seen_at"),
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
    CheckConstraint(one_of("kind", ("receipt", "follow_up")), name="kind"),
)

# Which tenant made which object at a provider, such as a voice: only it may name the object.
made_objects = Table(
    "made_objects",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Index(None, "made_at"),
)

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

# The ledger of costs, append-only: differences, added up by phase. `is_counted` moves rows into the
# sums of `cost_days` and changes nothing that they say.
UNCOUNTED = "NOT is_counted"
"""Entries that are not in the sums yet."""
_LEDGER_NAMES = (
    *("tenant", "day", "provider", "account", "operation"),
    *("phase", "origin", "kind", "unit", "currency"),
)


def _ledger_columns(*, primary: bool = False) -> list[Column[Any]]:
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
    *_ledger_columns(),
    # An entry outlives its task.
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="SET NULL")),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # Exact decimal text; then in whole units and billionths, for sums.
    Column("amount", Text, nullable=False),
    Column("whole", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False),
    Column("is_counted", Boolean, nullable=False),
    CheckConstraint(one_of("phase", EntryPhase), name="phase"),
    Index(None, "task_key"),
    _partial("ix_cost_entries_uncounted", "tenant", "key", where=UNCOUNTED),
    sqlite_autoincrement=True,
)

cost_days = Table(
    "cost_days",
    metadata,
    *_ledger_columns(primary=True),
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
    CheckConstraint(one_of("period", Period), name="period"),
    UniqueConstraint("tenant", "submitter", "period", "currency"),
    sqlite_autoincrement=True,
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

# Creates whose answer did not reach the client: an equal create of its gets the task.
lost_answers = Table(
    "lost_answers",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("task_key", BigKey, ForeignKey("tasks.key", ondelete="CASCADE"), nullable=False),
    Column("lost_at", UtcDateTime, nullable=False),
    Index(None, "tenant", "fingerprint"),
    Index(None, "lost_at"),
    Index(None, "task_key"),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Its first characters, or the access key of a pair; neither lets anybody in.
    Column("hint", Text, nullable=False),
    # SHA-256 of a key, or of a pair's access key: both are looked up by it.
    Column("digest", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("per_minute", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("id"),
    UniqueConstraint("digest"),
    CheckConstraint(one_of("kind", ("key", "pair")), name="kind"),
    sqlite_autoincrement=True,
)
