"""Look at a database once, before a process starts to depend on it."""

from sqlalchemy.exc import DBAPIError

from tracker.store import keys
from tracker.store.driver.engine import open_engine, sqlite_file
from tracker.store.revision import SCHEMA_REVISION, current_revision


def schema_problem(url: str) -> str | None:
    """Why this code cannot work on this database, as one line; None when it can."""
    file = sqlite_file(url)
    if file is not None and not file.exists():  # looking would make an empty one
        return f"DATABASE_URL: there is no {file} yet: run `tracker migrate`"
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            found = current_revision(db)
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        return f"DATABASE_URL: {reason}"
    finally:
        engine.dispose()
    if found == SCHEMA_REVISION:
        return None
    have = "no tables yet" if found is None else f"schema {found}, not {SCHEMA_REVISION}"
    return f"DATABASE_URL: the database has {have}: run `tracker migrate`"


def has_keys(url: str) -> bool | None:
    """Whether any API key was ever made; None when the database does not answer."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return False
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            return current_revision(db) == SCHEMA_REVISION and keys.is_any(db)
    except DBAPIError:
        return None
    finally:
        engine.dispose()
