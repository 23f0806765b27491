"""API keys."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.store.driver.types import BigKey, PublicId, UtcDateTime, one_of
from tracker.store.schema.base import metadata

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
