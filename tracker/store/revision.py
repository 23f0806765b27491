"""Which schema a database has, and which one this code was written for."""

from sqlalchemy import Connection, inspect, text

SCHEMA_REVISION = "0011"
"""The newest migration; a test compares it with the folder."""


def current_revision(db: Connection) -> str | None:
    """The revision of the database; None when it was never migrated."""
    if not inspect(db).has_table("alembic_version"):
        return None
    found: str | None = db.scalar(text("SELECT version_num FROM alembic_version"))
    return found
