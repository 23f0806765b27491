"""API keys, the sessions that are opened with them, and what is drawn of their limits."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.store.driver.types import BigKey, PublicId, UtcDateTime, build_one_of
from tracker.store.schema.base import build_partial_index, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("id", PublicId, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Its first characters, or the access key of a pair; neither lets anybody in.
    Column("hint", Text, nullable=False),
    # SHA-256 of a key, of a pair's access key, or of a session's secret: they are looked up by it.
    Column("digest", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("per_minute", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    # Of sessions alone: the key that was signed in with, and the latest end.
    Column("parent", BigKey),
    Column("expires_at", UtcDateTime),
    UniqueConstraint("id"),
    UniqueConstraint("digest"),
    CheckConstraint(build_one_of("kind", ("key", "pair", "session")), name="kind"),
    build_partial_index("ix_api_keys_expires_at", "expires_at", where="expires_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

# What all processes have drawn of each key's rate limit, in the newest window that any has seen.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=False),
    Column("tenant", Text, nullable=False),
    Column("window", BigInteger, nullable=False),
    Column("drawn", BigInteger, nullable=False),
)
