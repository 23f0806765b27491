"""Which schema a database has, and which one this code was written for."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, inspect, select, text

from tracker.store.schema import schema_fit

SCHEMA_REVISION = "0049"
"""The newest migration; a test compares it with the folder."""


@dataclass(frozen=True, slots=True)
class FoundSchema:
    """The schema of a database.

    revision:    None when it was never migrated.
    oldest_code: the revision that code must know at least; empty for any.
    """

    revision: str | None
    oldest_code: str = ""

    @property
    def is_newer(self) -> bool:
        """It was made by a later version than this one."""
        return self.revision is not None and self.revision > SCHEMA_REVISION

    @property
    def misfit(self) -> str | None:
        """Why this code cannot work on it, and what to do; None when it can."""
        if self.revision == SCHEMA_REVISION:
            return None
        if self.is_newer:
            return describe_newer(self.revision) if self.oldest_code > SCHEMA_REVISION else None
        have = "no tables yet" if self.revision is None else f"schema {self.revision}"
        wanted = "" if self.revision is None else f", not {SCHEMA_REVISION}"
        return f"the database has {have}{wanted}: run `tracker migrate`"


def describe_newer(found: str | None) -> str:
    """Return what to say of a schema that is newer than this code."""
    return (
        f"the database is newer than this version: it has schema {found}, this version was made "
        f"for {SCHEMA_REVISION}; install the version that made it"
    )


def look(db: Connection) -> FoundSchema:
    """Return the schema of a database."""
    if not inspect(db).has_table("alembic_version"):
        return FoundSchema(None)
    found = FoundSchema(db.scalar(text("SELECT version_num FROM alembic_version")))
    if not found.is_newer:
        return found
    return replace(found, oldest_code=db.scalar(select(schema_fit.c.oldest_code)) or "")
