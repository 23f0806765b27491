"""Fresh, migrated databases: each test gets its own, as a copy of a template."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tracker.clock import make_token
from tracker.store.migrate import upgrade


class SqliteTemplate:
    """A migrated file to copy."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "template.db"
        upgrade(f"sqlite:///{self._file}")

    def copy(self, folder: Path) -> str:
        """The address of a fresh database in a folder."""
        shutil.copy(self._file, folder / "tracker.db")
        return f"sqlite:///{folder}/tracker.db"


class PostgresTemplate:
    """A migrated database to copy, on one server."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._db = psycopg.connect(server_url, autocommit=True)
        self._name = f"template_{make_token()}"
        self._connect_admin("CREATE DATABASE {}", self._name)
        upgrade(self._build_address(self._name))

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The address of a fresh database, dropped at the end whoever is connected."""
        name = f"test_{make_token()}"
        self._connect_admin("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, self._name)
        try:
            yield self._build_address(name)
        finally:
            self._connect_admin("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop the template."""
        self._connect_admin("DROP DATABASE {} WITH (FORCE)", self._name)
        self._db.close()

    def _build_address(self, name: str) -> str:
        return urlunsplit(urlsplit(self._server_url)._replace(path=f"/{name}"))

    def _connect_admin(self, statement: str, *names: str) -> None:
        quoted = [sql.Identifier(name) for name in names]
        self._db.execute(sql.SQL(statement).format(*quoted))
