"""Tables of retention: digests of dropped inputs, walks, the archive, and leases of chores."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.domain.archive import ArchiveState
from tracker.store.driver.types import BigKey, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

# Of request bodies that are not kept any more. The rows of `task_inputs` go: code that does not
# know of it then finds no input, and never an empty one that it would submit again.
dropped_inputs = Table(
    "dropped_inputs",
    metadata,
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tenant", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
)

# Work of which one process at a time does a piece. Nobody's: it is done for all tenants at once.
chore_leases = Table(
    "chore_leases",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    # When it last had nothing left to do; at first, when it began.
    Column("caught_up_at", UtcDateTime, nullable=False),
    # How much was left when it was last counted, up to a bound.
    Column("behind", BigInteger, nullable=False),
)

# How far each way through the ended tasks has come, in their order of (finished_at, key).
retention_walks = Table(
    "retention_walks",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("key", BigInteger, nullable=False),
    # The first that could not be dropped when the walk came by: it comes there again.
    Column("skipped_at", UtcDateTime),
    Column("skipped_key", BigInteger),
    Column("rewound_at", UtcDateTime, nullable=False),
)

# What is left of a task that was dropped.
gone_tasks = Table(
    "gone_tasks",
    metadata,
    Column("id", PublicId, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("account", Text, nullable=False),
    # See `tombstones.digest`; NULL where its external id may be used again.
    Column("external_digest", LargeBinary(16)),
    Column("state", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("gone_at", UtcDateTime, nullable=False),
    # Callbacks that came after it was dropped.
    Column("late_callbacks", BigInteger, nullable=False),
    Index(None, "external_digest"),
    Index(None, "gone_at"),
)

# The highest number of a tenant's feed that was dropped with a task.
feed_floors = Table(
    "feed_floors",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

# Whose tasks retention steps over.
holds = Table(
    "holds",
    metadata,
    Column("key", BigKey, Identity(), primary_key=True),
    Column("tenant", Text, nullable=False),
    # NULL for all of the tenant.
    Column("task_id", PublicId),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "tenant", "key"),
    Index(None, "task_id", "key"),
    build_partial_index("ix_holds_of_all", "tenant", "key", where="task_id IS NULL"),
    sqlite_autoincrement=True,
)

# Plans for much at once that a person has approved: up to which end of tasks, by walk.
retention_approvals = Table(
    "retention_approvals",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("before", UtcDateTime, nullable=False),
)

UNFINISHED = "state IN ('begun', 'void')"
"""Files of the archive whose rows have not been dropped, or that are to be deleted."""

# Files of the archive. Of those that are kept, the rows were dropped in the same transaction.
archives = Table(
    "archives",
    metadata,
    Column("key", BigKey, Identity(), primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("kept_class", Text, nullable=False),
    Column("day", Text, nullable=False),
    # Below the archive's folder or prefix. No path is used twice, so that a process which deletes
    # what it left deletes nothing that another has made since.
    Column("path", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    # Of the database that began it, as `feed_head` had it: a copy has another, and deletes nothing
    # that it knows from here. NULL of files that code before this column began.
    Column("origin", Text),
    UniqueConstraint("path"),
    CheckConstraint(build_one_of("state", ArchiveState), name="state"),
    build_partial_index("ix_archives_unfinished", "key", where=UNFINISHED),
    sqlite_autoincrement=True,
)
