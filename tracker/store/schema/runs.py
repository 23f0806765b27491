"""Actions on many tasks that workers carry out."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.domain.runs import RunOutcome, RunState
from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

bulk_runs = Table(
    "bulk_runs",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    # Of the dry run that was confirmed: confirmed twice, it is one run.
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("action", Text, nullable=False),
    # What narrows it, for people and to see whether a task still matches.
    Column("filter", JsonDoc, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("matching", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("stopped_by", Text),
    UniqueConstraint("id"),
    CheckConstraint(build_one_of("state", RunState), name="state"),
    Index(None, "tenant", "key"),
    build_partial_index("ix_bulk_runs_running", "updated_at", where="state = 'running'"),
    sqlite_autoincrement=True,
)

# The tasks of a run, chosen when it was confirmed.
bulk_run_tasks = Table(
    "bulk_run_tasks",
    metadata,
    Column(
        "run_key",
        BigKey,
        ForeignKey("bulk_runs.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tenant", Text, nullable=False),
    # NULL: it has not been acted on.
    Column("outcome", Text),
    Column("reason", Text),
    # The new task of a resubmission.
    Column("made_id", PublicId),
    CheckConstraint(build_one_of("outcome", RunOutcome), name="outcome"),
    Index(None, "task_key"),
    sqlite_with_rowid=False,
)
