"""Tasks: their rows, history, attempts, work, and the names that find them."""

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
    Table,
    Text,
    UniqueConstraint,
    false,
)

from tracker.domain.events import EventKind, Source
from tracker.domain.exchange import Certainty
from tracker.domain.task import TaskState
from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

LATE = "NOT overdue AND deadline_at IS NOT NULL AND finished_at IS NULL"
"""Open tasks that are to be flagged at their deadline."""
OVERDUE = "overdue AND finished_at IS NULL"
"""Open tasks that were."""
BLOCKED = "blocked_at IS NOT NULL"
"""Tasks that wait for a call of their caller's."""
ASKED_ABOUT = "give_up_at IS NOT NULL AND finished_at IS NULL"
"""Open tasks at the provider: nobody asks about them after `give_up_at`."""
ENDED = "finished_at IS NOT NULL"
"""Tasks that are over."""

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
    Column("traceparent", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("deadline_at", UtcDateTime),
    Column("give_up_at", UtcDateTime),
    UniqueConstraint("id"),
    CheckConstraint(build_one_of("state", TaskState), name="state"),
    # On PostgreSQL no index of this table packs equal keys (migration 0010): its updates would have
    # them packed over and over.
    # One for each way to walk a list, in its order: see `listing`.
    Index(None, "tenant", "created_at", "key"),
    Index(None, "tenant", "updated_at", "key"),
    Index(None, "tenant", "state", "created_at", "key"),
    Index(None, "tenant", "operation", "created_at", "key"),
    build_partial_index(
        "ix_tasks_once_overdue", "tenant", "overdue", "created_at", "key", where="overdue"
    ),
    Index(None, "external_task_id"),
    build_partial_index(
        "ix_tasks_provider_task_id",
        "provider_task_id",
        where="provider_task_id IS NOT NULL",
    ),
    build_partial_index(
        "uq_tasks_external_task_id",
        "provider",
        "account",
        "external_task_id",
        where="NOT never_created",
        unique=True,
    ),
    build_partial_index("ix_tasks_parent_id", "parent_id", where="parent_id IS NOT NULL"),
    build_partial_index("ix_tasks_resubmit_of", "resubmit_of", where="resubmit_of IS NOT NULL"),
    build_partial_index(
        "ix_tasks_follow_up", "tenant", "follow_up", "key", where="follow_up IS NOT NULL"
    ),
    build_partial_index("ix_tasks_deadline_at", "deadline_at", where=LATE),
    build_partial_index("ix_tasks_overdue", "tenant", "key", where=OVERDUE),
    build_partial_index("ix_tasks_blocked", "tenant", "key", where=BLOCKED),
    # The order in which retention goes through them.
    build_partial_index("ix_tasks_finished_at", "finished_at", "key", where=ENDED),
    build_partial_index("ix_tasks_give_up_at", "give_up_at", where=ASKED_ABOUT),
    build_partial_index(
        "ix_tasks_slots_held", "provider", "account", "slots_held", where="slots_held > 0"
    ),
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

# The text of a create's answer that is a stream, as far as it has come.
stream_texts = Table(
    "stream_texts",
    metadata,
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tenant", Text, nullable=False),
    # Whose answer it is: only the newest attempt adds to it.
    Column("attempt_key", BigKey, nullable=False),
    Column("text", Text, nullable=False),
)

transitions = Table(
    "transitions",
    metadata,
    # The feed: taken from the row of `feed_head`, whose lock is held to the commit.
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
    CheckConstraint(build_one_of("from_state", TaskState), name="from_state"),
    CheckConstraint(build_one_of("to_state", TaskState), name="to_state"),
    CheckConstraint(build_one_of("kind", EventKind), name="kind"),
    CheckConstraint(build_one_of("source", Source), name="source"),
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
        build_one_of(
            "outcome",
            ("accepted", "refused", "deferred", "not_sent", "unknown", "exists", "lost"),
        ),
        name="outcome",
    ),
    CheckConstraint(build_one_of("certainty", Certainty), name="certainty"),
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
    CheckConstraint(build_one_of("kind", ("submit", "reconcile", "deliver")), name="kind"),
    Index(None, "kind", "lane", "run_at", "key"),
    build_partial_index("ix_jobs_waiting", "kind", "run_at", where="lease_until IS NULL"),
    build_partial_index("ix_jobs_leased", "kind", "lease_until", where="lease_until IS NOT NULL"),
    Index(None, "task_key"),
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

# Which tenant made which object at a provider, such as a voice: only it may name the object. Which
# task brought it is remembered longer than the task is: no key of `tasks` is given twice.
made_objects = Table(
    "made_objects",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("task_key", BigKey),
    Index(None, "made_at"),
)

# How far the feed's results are in `made_objects`. No row: nobody has needed them there yet.
owned_progress = Table(
    "owned_progress",
    metadata,
    # One row, of nobody: the feed is read for all tenants at once.
    Column("tenant", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
