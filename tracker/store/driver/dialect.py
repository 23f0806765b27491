"""Differences between SQLite and PostgreSQL. Only here is asked which database it is."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, Table, any_, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect as SqlalchemyDialect


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    has_one_writer: one transaction writes at a time, so that it may number rows itself and needs
                    no lock of ours. A query then takes microseconds and needs no thread.
    has_server:     the database is another process, with a clock and connections that are lost.
    stores_text:    the driver gives instants, ids and truth values as text, bytes and numbers.
    skip_locked:    what a SELECT ends with that claims rows.
    """

    has_one_writer: bool
    has_server: bool
    stores_text: bool
    skip_locked: str

    def insert(self, table: Table) -> Any:
        """Return an INSERT that may say what to do on a conflict."""
        return postgresql.insert(table) if self.has_server else sqlite.insert(table)

    def build_membership(
        self, column: ColumnElement[Any], values: Collection[Any]
    ) -> ColumnElement[bool]:
        """Return a condition on a column: one of many values.

        PostgreSQL is given them as one array: each parameter of its own costs as much as a row.
        """
        if self.has_server:
            return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
        return column.in_(values)

    def lock(self, db: Connection, name: str) -> None:
        """Hold a lock of this name until the commit; wait for it."""
        if not self.has_one_writer:
            statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            db.execute(statement, {"name": name})

    def try_lock(self, db: Connection, number: int) -> bool:
        """Take a lock of this number until the commit; return false when somebody has it."""
        if self.has_one_writer:
            return True
        return bool(db.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": number}))


SQLITE = Dialect(has_one_writer=True, has_server=False, stores_text=True, skip_locked="")
POSTGRESQL = Dialect(
    has_one_writer=False,
    has_server=True,
    stores_text=False,
    skip_locked="FOR UPDATE SKIP LOCKED",
)


def get_dialect(connected: Connection | Engine) -> Dialect:
    """Return the kind of database that a connection or an engine belongs to."""
    return POSTGRESQL if connected.dialect.name == "postgresql" else SQLITE


def get_type_dialect(compiled_for: SqlalchemyDialect) -> Dialect:
    """Return the kind of database that SQLAlchemy converts a value for."""
    return POSTGRESQL if compiled_for.name == "postgresql" else SQLITE


def get_url_dialect(url: URL) -> Dialect:
    """Return the kind of database that a normalised URL names."""
    return POSTGRESQL if url.get_backend_name() == "postgresql" else SQLITE
