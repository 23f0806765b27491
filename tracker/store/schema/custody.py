"""Files of results that are kept."""

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
    UniqueConstraint,
)

from tracker.domain.custody import AssetState
from tracker.store.driver.types import BigKey, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

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
    # Who might starve whom: the provider account, and the host of the file: domain/custody.py.
    Column("lane", Text, nullable=False),
    # The provider's URL where the result has another, sealed (domain/sealing.py); empty where the
    # file lies where the result says; NULL where nothing can be fetched.
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
    # Of an upload: the provider whose front's client sent it and may name it; NULL for all others.
    Column("front", Text),
    # What that client said of it (domain/upload_label.py).
    Column("label", Text),
    UniqueConstraint("id"),
    CheckConstraint(build_one_of("state", AssetState), name="state"),
    build_partial_index(
        "uq_assets_task_key", "task_key", "piece", where="task_key IS NOT NULL", unique=True
    ),
    build_partial_index(
        "ix_assets_due", "lane", "dies_at", "next_at", "key", where="state = 'wanted'"
    ),
    build_partial_index("ix_assets_next_at", "next_at", where="state = 'wanted'"),
    build_partial_index("ix_assets_sha256", "tenant", "sha256", where="state = 'kept'"),
    build_partial_index("ix_assets_store_key", "store_key", where="state = 'kept'"),
    build_partial_index("ix_assets_expires_at", "expires_at", where="state = 'kept'"),
    build_partial_index(
        "ix_assets_tenant_front",
        "tenant",
        "front",
        "key",
        where="state = 'kept' AND front IS NOT NULL",
    ),
    build_partial_index(
        "ix_assets_ended_at", "ended_at", where="task_key IS NULL AND state <> 'kept'"
    ),
    build_partial_index(
        "ix_assets_lost",
        "tenant",
        "ended_at",
        where="state = 'lost' AND task_key IS NOT NULL",
    ),
    Index(None, "tenant", "key"),
    sqlite_autoincrement=True,
)
