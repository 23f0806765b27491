"""The actions of people."""

from sqlalchemy import Column, Index, Integer, Table, Text

from tracker.store.driver.types import BigKey, UtcDateTime
from tracker.store.schema.base import metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("key", BigKey, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # The key's id and its name; or that it was a command on the machine.
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    # The public id of what it was done to.
    Column("target", Text),
    Column("number", Integer, nullable=False),
    Column("request_id", Text, nullable=False),
    Index(None, "tenant", "key"),
    Index(None, "tenant", "action", "key"),
    Index(None, "tenant", "target", "key"),
    sqlite_autoincrement=True,
)
