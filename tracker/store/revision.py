"""Which schema a database has, and which one this code was written for."""

from sqlalchemy import Connection, inspect, text

SCHEMA_REVISION = "0028"
"""The newest migration; a test compares it with the folder."""


def is_newer(found: str | None) -> bool:
    """Return whether a schema was made by a later version than this one.

    Migrations only add within a release, so that the code before goes on working.
    """
    return found is not None and found > SCHEMA_REVISION


def misfit(found: str | None) -> str | None:
    """Return why this code cannot work on a schema, and what to do; None when it can."""
    if found == SCHEMA_REVISION or is_newer(found):
        return None
    have = "no tables yet" if found is None else f"schema {found}, not {SCHEMA_REVISION}"
    return f"the database has {have}: run `tracker migrate`"


def newer_words(found: str | None) -> str:
    """Return what to say of a schema that is newer than this code."""
    return (
        f"the database is newer than this version: it has schema {found}, this version was made "
        f"for {SCHEMA_REVISION}; install the version that made it"
    )


def current_revision(db: Connection) -> str | None:
    """The revision of the database; None when it was never migrated."""
    if not inspect(db).has_table("alembic_version"):
        return None
    found: str | None = db.scalar(text("SELECT version_num FROM alembic_version"))
    return found
