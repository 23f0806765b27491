"""Bring a database to the schema that this code was written for."""

import errno
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

import tracker
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.driver.outage import shorten_error
from tracker.store.probe import describe_newer_schema


class MigrationsMissing(Exception):
    """Neither the package nor the checkout around it has the migrations."""


class DatabaseRefused(Exception):
    """The database cannot be reached or would not do it. The message is one line, no password."""


def build_alembic_config(url: str) -> Config:
    """Configure Alembic for one database. Raises MigrationsMissing."""
    config = Config()
    config.set_main_option("script_location", str(_find_migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def _find_migrations() -> Path:
    """Find the migrations: inside an installed package, beside the package in a checkout."""
    package = Path(tracker.__file__).resolve().parent
    for folder in (package / "_migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise MigrationsMissing(
        f"{package / '_migrations'} is missing: install the package again (callback-tracker)"
    )


def _make_private(file: Path) -> None:
    """Make a SQLite file that only its owner may read, if there is none, and its folder.

    SQLite gives the files beside it (`-wal`, `-shm`) the mode of the file. Raises OSError.
    """
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))


def upgrade(url: str) -> None:
    """Run every migration that is due; harmless when none is. Several at once wait for each other.

    Makes the folder of a SQLite file if need be. Raises DatabaseRefused, MigrationsMissing.
    """
    file = find_sqlite_file(url)
    try:
        if file is not None:
            _make_private(file)
        newer = describe_newer_schema(url)
        if newer is not None:
            raise DatabaseRefused(f"DATABASE_URL: {newer}; nothing was changed")
        command.upgrade(build_alembic_config(url), "head")
    except OSError as error:
        raise DatabaseRefused(f"DATABASE_URL: {error.filename}: {error.strerror}") from error
    except DBAPIError as error:
        raise DatabaseRefused(f"DATABASE_URL: {shorten_error(error)}") from error
