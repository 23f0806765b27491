"""Conditions and processes of the service, and the code that may run on the schema."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
)

from tracker.store.driver.types import BigKey, JsonDoc, PublicId, UtcDateTime
from tracker.store.schema.base import build_partial_index, metadata

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
    build_partial_index(
        "uq_conditions_open",
        "name",
        "provider",
        "account",
        where="cleared_at IS NULL",
        unique=True,
    ),
    Index(None, "provider", "account", "key"),
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
    # Its chores that have not ended well for long; NULL where code before 0047 wrote it.
    Column("failing", JsonDoc),
    Index(None, "seen_at"),
)

# Of the callback secrets that have signed URLs here: digests, which tell nobody the secrets. One
# that no open task needs any more goes.
secret_marks = Table(
    "secret_marks",
    metadata,
    # Nobody's: the secrets belong to all.
    Column("tenant", Text, nullable=False),
    Column("mark", Text, primary_key=True),
    Column("signed_at", UtcDateTime, nullable=False),
)

# One row.
schema_fit = Table(
    "schema_fit",
    metadata,
    # Nobody's: the schema belongs to all.
    Column("tenant", Text, primary_key=True),
    # The revision that code must know at least; empty for any. Migrations write it.
    Column("oldest_code", Text, nullable=False),
)
