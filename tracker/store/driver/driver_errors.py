"""Errors of the drivers, told as SQLAlchemy's."""

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


class AsSqlalchemy:
    """The driver's errors as SQLAlchemy would raise them, so that callers know one family.

    A class, as a generator takes three times as long to enter and leave.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        dialect = self._db.dialect
        base = dialect.loaded_dbapi.Error
        if isinstance(error, base):
            raise DBAPIError.instance(None, None, error, base, dialect=dialect) from error
