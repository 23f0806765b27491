"""The writer's own connection: kept open, BEGIN and COMMIT sent straight to the driver.

Taking a connection from the pool, beginning and giving it back through SQLAlchemy costs a third of
a millisecond on each single commit; this costs a tenth of that. Statements through SQLAlchemy
still work on it, inside the transaction that is open. On PostgreSQL it has a `pipe`.
"""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from tracker.store.driver import bulk
from tracker.store.driver.checkpoints import Checkpoints
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.driver_errors import AsSqlalchemy
from tracker.store.driver.file_identity import FileIdentity
from tracker.store.driver.outage import is_busy, shorten_error
from tracker.store.driver.server_session import is_pooled, is_worn

log = logging.getLogger(__name__)


class WriteConnection:
    """One connection, used by one thread.

    is_lost: the last transaction broke off with its connection to a server before its COMMIT was
        sent, so that nothing of it was done.
    position: in the server's log, which the last commit lies before; empty without replicas.
    """

    def __init__(
        self,
        engine: Engine,
        opened: Callable[[Connection], object] | None = None,
        *,
        checkpoints: Checkpoints | None = None,
        file: FileIdentity | None = None,
    ) -> None:
        """Connects when a transaction begins.

        opened: given each new connection, in a transaction of its own before the first one; behind
            a pooler, which may lead to another server at any time, in each transaction.
        checkpoints: told of each commit; None where those are not ours.
        file: of SQLite: transactions begin and count as committed only where it is in its place.
        """
        self._opened = opened
        self._checkpoints = checkpoints
        self._file = file
        # SQLAlchemy is told that each statement commits by itself, so that it sends no BEGIN and
        # no COMMIT of its own.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
        self._has_server = get_dialect(engine).has_server
        self._db: Connection | None = None
        self._is_committing = False
        self.is_lost = False
        self.position = ""
        if self._has_server:
            event.listen(self._engine, "before_cursor_execute", _settle)

    def begin(self) -> Connection:
        """Begin a transaction. Raises DBAPIError when the database cannot be reached or is busy."""
        self._is_committing = self.is_lost = False
        if self._has_server:
            if self._db is not None and is_worn(self._db.info):
                self._drop()
            db = self._begin_on(self._db or self._connect())
            if self._opened is not None and is_pooled(db):
                try:
                    self._opened(db)
                except BaseException:
                    self.roll_back()
                    raise
            return db
        if self._file is not None:
            self._file.check()
        if self._db is not None:
            try:
                return self._begin_on(self._db)
            except SQLAlchemyError as error:
                # Something may have happened to the file while nobody used it: nothing has been
                # done yet, so try a new one. One that is busy was waited for long enough.
                self._drop()
                if is_busy(error):
                    raise
        return self._begin_on(self._connect())

    def commit(self) -> None:
        """Commit; when this returns, it is on disk. Raises DBAPIError."""
        db = self._open()
        self._is_committing = True
        _commit(db)
        pipe = bulk.pipe_of(db)
        if pipe is not None:
            self.position = pipe.position
        if db.in_transaction():  # SQLAlchemy's own idea of one: nothing is sent
            db.commit()
        if self._checkpoints is not None:
            self._checkpoints.note_commit()
        if self._file is not None:
            self._file.check()

    def do_idle_work(self) -> None:
        """Do what is to be done between two transactions, now that nobody waits for the last."""
        if self._checkpoints is not None and self._db is not None:
            self._checkpoints.finish(self._db)

    def roll_back(self) -> None:
        """Undo what is not committed. Never raises: a connection that cannot is given up.

        That is any exception, not only the driver's: when a server's process dies inside a
        statement, SQLAlchemy refuses whatever comes next with errors of its own.
        """
        db = self._open()
        if not _roll_back_safely(db):
            self._drop()
            self.is_lost = self._has_server and not self._is_committing

    def close(self) -> None:
        """Close the connection."""
        self._drop()

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            bulk.give_up(db)

    def _connect(self) -> Connection:
        connect = bulk.connect_piped if self._has_server else Engine.connect
        db = connect(self._engine)
        if self._checkpoints is not None:
            self._checkpoints.take_over(db)
        self._db = db
        if self._opened is not None:
            try:
                self._opened(self._begin_on(db))
                self.commit()
            except BaseException:
                self._drop()
                raise
            self._is_committing = False
        return db

    def _begin_on(self, db: Connection) -> Connection:
        pipe = bulk.pipe_of(db)
        if pipe is None:
            bulk.run(db, "BEGIN IMMEDIATE")
        else:
            pipe.begin()
        return db

    def _open(self) -> Connection:
        assert self._db is not None  # noqa: S101 - between begin and commit
        return self._db


def _commit(db: Connection) -> None:
    """Commit the writer's transaction. Raises DBAPIError."""
    pipe = bulk.pipe_of(db)
    if pipe is None:
        bulk.run(db, "COMMIT")
        return
    with AsSqlalchemy(db):
        pipe.commit()


def _roll_back(db: Connection) -> None:
    """Undo the writer's transaction. Raises DBAPIError."""
    pipe = bulk.pipe_of(db)
    if pipe is None:
        bulk.run(db, "ROLLBACK")
        return
    with AsSqlalchemy(db):
        pipe.roll_back()


def _roll_back_safely(db: Connection) -> bool:
    """Roll the transaction back; return true if the connection can be used again."""
    if db.invalidated:  # it would connect again by itself, without a pipe
        return False
    try:
        _roll_back(db)
        if db.in_transaction():
            db.rollback()
    except Exception as error:  # noqa: BLE001 - the transaction's own error is on its way
        log.info("a connection is given up: %(reason)s", {"reason": shorten_error(error)})
        return False
    return True


def _settle(db: Connection, *_statement: Any) -> None:
    """Carry out first what was to be carried out before the statement that SQLAlchemy sends."""
    bulk.settle(db)
