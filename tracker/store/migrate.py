"""Bring a database to the schema that this code was written for."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

import tracker
from tracker.store.driver.engine import sqlite_file


class MigrationsMissing(Exception):
    """The `migrations` folder does not stand beside the package."""


class DatabaseRefused(Exception):
    """The database cannot be reached or would not do it. The message is one line, no password."""


def alembic_config(url: str) -> Config:
    """Alembic's configuration for one database. Raises MigrationsMissing."""
    ini = Path(tracker.__file__).resolve().parent.parent / "alembic.ini"
    if not ini.is_file():
        raise MigrationsMissing(
            "alembic.ini is missing: run from a checkout, which holds migrations/"
        )
    config = Config(ini)
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Run every migration that is due; harmless when none is. Several at once wait for each other.

    Makes the folder of a SQLite file if need be. Raises DatabaseRefused, MigrationsMissing.
    """
    file = sqlite_file(url)
    try:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        command.upgrade(alembic_config(url), "head")
    except OSError as error:
        raise DatabaseRefused(f"DATABASE_URL: {error.filename}: {error.strerror}") from error
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise DatabaseRefused(f"DATABASE_URL: {reason}") from error
