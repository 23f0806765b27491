"""Statements that do not wait for each other: the writer's way to PostgreSQL.

What needs no answer travels with the next statement that does, or with the COMMIT; whoever needs
an answer may go on until it has come. A batch of callbacks waits three times and not ten. Spoken to
libpq with nothing in between, as psycopg's cursors take longer over a statement than PostgreSQL.

A module of its own, as psycopg takes 16 MB, which a process on SQLite need not hold.
"""

import re
import select
from collections import deque
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from psycopg import Connection, OperationalError, errors
from psycopg.adapt import Transformer
from psycopg.errors import Diagnostic
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

_THERE = r"SELECT name FROM pg_prepared_statements WHERE name LIKE 'tracker\_%'"
COMMITS_OF_A_LOOK = 64
"""Between two looks whether the server has replicas, while it has none."""
_LOCATE = (
    "SELECT CAST(pg_current_wal_flush_lsn() AS text) WHERE EXISTS (SELECT FROM pg_stat_replication)"
)
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Words that psycopg sends, too, by `engine`: a role or a database may have another default."""
_WARNING = "01000"
_MISNAMED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class PendingStatement:
    """A statement in line or on its way, or its preparation."""

    def __init__(self, pipe: "Pipe", prepares: str | None = None) -> None:
        """prepares: the statement that this only prepares."""
        self._pipe = pipe
        self.prepares = prepares
        self.answer: PGresult | None = None

    def read_result(self) -> PGresult:
        """Return its answer, in binary. Raises psycopg.Error of the first statement that failed."""
        return self._pipe.wait_for(self)

    def read_rows(self) -> list[tuple[Any, ...]]:
        """Return its answer as rows. Raises psycopg.Error as `result` does."""
        return self._pipe.read(self.read_result())


class Pipe:
    """Of one connection in autocommit mode, used by one thread.

    position: in the server's log, which the last commit lies before; empty without replicas.
    """

    def __init__(self, raw: Connection[Any], local: str = "") -> None:
        """raw: the driver's connection; its cursors may be used after `settle`.

        local: a statement to follow each BEGIN, and to precede what stands alone; empty for none.

        Raises psycopg.Error.
        """
        self._raw = raw
        self._pg = raw.pgconn
        self._or_close = _OrClose(raw)
        self._sent: deque[PendingStatement] = deque()
        self._failure: PGresult | None = None
        self._is_piping = self._in_transaction = self._is_beginning = False
        self._waits_unasked = self._is_local_alone = False
        raw.add_notice_handler(self._hear)
        self._local = local
        self.position = ""
        self._commits = 0
        self._names: dict[str, bytes] = {}
        # A pooler's session may have those of its last client, which are the same statements.
        self._there = {name.encode() for (name,) in raw.execute(_THERE)} if local else set()
        self._ready = select.poll()
        self._ready.register(self._pg.socket, select.POLLIN)

    def begin(self) -> None:
        """Begin a transaction, with whatever statement comes first."""
        self._is_beginning = self._in_transaction = True

    def send(
        self, statement: str, arrays: Sequence[bytes] = (), *, soon: bool = False
    ) -> PendingStatement:
        """Put a statement in line; those after a failed one do nothing.

        statement: with a `%b` for each parameter; one of few, as it stays prepared.
        arrays:    the parameters in PostgreSQL's binary format.
        soon:      whether its answer is wanted before the transaction ends: it, and all that waits
            in line, is sent now. (Sent now, the others would only wake the server more often.)

        Raises psycopg.Error when the connection is lost.
        """
        with self._or_close:
            self._enter_pipeline()
            pending = self._put(statement, arrays)
            if soon and self._in_transaction:
                self._ask()
                self._pg.flush()
        return pending

    def start(self) -> None:
        """Have the server begin with what is in line, whose answers are not wanted yet.

        Raises psycopg.Error when the connection is lost.
        """
        with self._or_close:
            self._pg.flush()

    def wait_for(self, pending: PendingStatement) -> PGresult:
        """Return the answer to a statement. Raises psycopg.Error of the first one that failed."""
        if not self._in_transaction:
            self.settle()  # which is what ends a statement that stands alone
        with self._or_close:
            if pending.answer is None and self._waits_unasked:
                self._ask()
            while pending.answer is None:
                self._take()
        if pending.answer.status in _FAILED:
            self.settle()
            raise errors.InFailedSqlTransaction("an earlier statement of the transaction failed")
        return pending.answer

    def read(self, answer: PGresult) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        reader = Transformer(self._raw)
        reader.set_pgresult(answer, format=Format.BINARY)
        return reader.load_rows(0, answer.ntuples, tuple)

    def settle(self) -> None:
        """Wait for all answers. Raises psycopg.Error of the first statement that failed."""
        if self._is_beginning or self._is_piping:
            self._drain()
        failure, self._failure = self._failure, None
        if failure is not None:
            error = errors.error_from_result(failure)
            if isinstance(error, _MISNAMED):
                self._raw.close()  # somebody deallocated what we had prepared, or prepared it
            raise error

    def commit(self) -> None:
        """Commit, and wait for all answers.

        Raises psycopg.Error when it is not committed, and when it may be lost with this server:
        somebody ended its wait for a synchronous standby.
        """
        self._is_local_alone = False
        committed = self.send("COMMIT")
        located = self._locate()
        self.settle()
        if committed.read_result().command_status != b"COMMIT":
            raise errors.InFailedSqlTransaction("a failure was passed over: it is rolled back")
        self._in_transaction = False
        if self._is_local_alone:
            raise OperationalError("somebody ended the commit's wait for a standby")
        if located is not None:
            found = located.read_rows()
            self.position = str(found[0][0]) if found else ""

    def _hear(self, notice: Diagnostic) -> None:
        """Note that a commit waits for no standby any more: the server tells it by a warning.

        https://github.com/postgres/postgres, src/backend/replication/syncrep.c, read 2026-11.
        """
        if notice.sqlstate == _WARNING and notice.severity_nonlocalized == "WARNING":
            self._is_local_alone = True

    def _locate(self) -> PendingStatement | None:
        """Ask for the position with the COMMIT, at each where there are replicas.

        It makes a small commit a quarter dearer, so that without them it is looked for them only
        now and then.
        """
        self._commits += 1
        if not self.position and self._commits % COMMITS_OF_A_LOOK != 1:
            return None
        return self.send(_LOCATE)

    def roll_back(self) -> None:
        """Undo the transaction. Raises psycopg.Error when the connection is lost.

        By ourselves: psycopg's own ROLLBACK would deallocate every prepared statement, ours too.
        """
        self._is_beginning = self._in_transaction = False
        if self._is_piping and not self._raw.closed:
            self._drain()
        self._failure = None
        with self._or_close:
            self._enter_pipeline(is_alone=False)
            undone = self._put("ROLLBACK")
        undone.read_result()

    def _enter_pipeline(self, *, is_alone: bool = True) -> None:
        """Let statements travel. is_alone: what comes next needs the local settings by itself."""
        is_alone = is_alone and not (self._is_piping or self._in_transaction)
        if not self._is_piping:
            self._pg.enter_pipeline_mode()
            self._is_piping = True
        if self._is_beginning:
            self._put(_BEGIN)
        if self._local and (self._is_beginning or is_alone):
            self._put(self._local)
        self._is_beginning = False

    def _put(self, statement: str, arrays: Sequence[bytes] = ()) -> PendingStatement:
        name = self._names.get(statement)
        if name is None:
            name = self._names[statement] = _make_name(statement)
            if name not in self._there:
                self._pg.send_prepare(name, _number_parameters(statement))
                self._sent.append(PendingStatement(self, statement))
        self._pg.send_query_prepared(name, arrays, [Format.BINARY] * len(arrays), Format.BINARY)
        self._waits_unasked = True
        pending = PendingStatement(self)
        self._sent.append(pending)
        return pending

    def _ask(self) -> None:
        """Have the server answer what is in line, which it may else keep until the end."""
        self._pg.send_flush_request()
        self._waits_unasked = False

    def _drain(self) -> None:
        with self._or_close:
            self._enter_pipeline()
            self._pg.pipeline_sync()
            self._waits_unasked = False
            while self._sent:
                self._take()
            self._read_next()  # the sync's own
            self._pg.exit_pipeline_mode()
            self._is_piping = False

    def _take(self) -> None:
        """Take in the next answer. Raises OperationalError when none will come."""
        answer = self._read_next()
        if self._pg.status != ConnStatus.OK:
            if answer is not None and answer.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(answer)
            raise OperationalError("the connection is lost")
        assert answer is not None  # noqa: S101 - each statement has one
        self._pg.get_result()  # the mark between two answers; never waits
        pending = self._sent.popleft()
        pending.answer = answer
        if answer.status in _FAILED:
            self._names.pop(pending.prepares or "", None)
            self._failure = self._failure or answer

    def _read_next(self) -> PGresult | None:
        pg = self._pg
        while pg.flush() == 1:
            self._ready.modify(pg.socket, select.POLLIN | select.POLLOUT)
            self._ready.poll()
            pg.consume_input()
            self._ready.modify(pg.socket, select.POLLIN)
        while pg.is_busy():
            self._ready.poll()
            pg.consume_input()
        return pg.get_result()


class _OrClose:
    """Around what talks to the server: what is half said cannot be taken up again.

    A class, as a generator takes three times as long to enter and leave.
    """

    def __init__(self, raw: Connection[Any]) -> None:
        self._raw = raw

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._raw.close()


@cache
def _make_name(statement: str) -> bytes:
    """Return a name that no other statement has, in whichever process."""
    digest = blake2b(_number_parameters(statement), digest_size=16)
    return f"tracker_{digest.hexdigest()}".encode()


@cache
def _number_parameters(statement: str) -> bytes:
    """Number the parameters of a statement as PostgreSQL does: `$1`, `$2`."""
    numbers = count(1)
    return re.sub("%b", lambda _: f"${next(numbers)}", statement).encode()
