"""Several statements in one round trip: the writer's way to PostgreSQL.

What needs no answer waits in line and travels with the next statement that does, or with the
COMMIT; a batch of callbacks takes four round trips and not ten. Spoken to libpq with nothing in
between, as psycopg's cursors take longer over a statement than PostgreSQL does.

A module of its own, as psycopg takes 16 MB, which a process on SQLite need not hold.
"""

import re
import select
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

from psycopg import Connection, OperationalError, errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Pipe:
    """Of one connection in autocommit mode, used by one thread."""

    def __init__(self, raw: Connection[Any]) -> None:
        """raw: the driver's connection; its cursors may be used whenever nothing waits here."""
        self._raw = raw
        self._pg = raw.pgconn
        self._waiting: list[tuple[str, Sequence[bytes]]] = []
        self._names: dict[str, bytes] = {}
        self._ready = select.poll()
        self._ready.register(self._pg.socket, select.POLLIN)

    def later(self, statement: str, arrays: Sequence[bytes] = ()) -> None:
        """Have it carried out before anything that comes after it.

        statement: with a `%b` for each parameter; one of few, as it stays prepared.
        arrays:    the parameters in PostgreSQL's binary format.
        """
        self._waiting.append((statement, arrays))

    def ask(self, statement: str, arrays: Sequence[bytes] = ()) -> PGresult:
        """Carry out what waits and then this; returns its answer, in binary.

        Raises psycopg.Error of the first statement that failed; those behind it did nothing.
        """
        self.later(statement, arrays)
        return self._send()

    def rows(self, statement: str, arrays: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """What `ask` brings, as rows."""
        answer = self.ask(statement, arrays)
        reader = Transformer(self._raw)
        reader.set_pgresult(answer, format=Format.BINARY)
        return reader.load_rows(0, answer.ntuples, tuple)

    def send(self) -> None:
        """Carry out what waits. Raises psycopg.Error as `ask` does."""
        if self._waiting:
            self._send()

    def commit(self) -> None:
        """Carry out what waits, and commit. Raises psycopg.Error when it is not committed."""
        answer = self.ask("COMMIT")
        if answer.command_status != b"COMMIT":  # a failure was passed over: it has rolled back
            raise errors.InFailedSqlTransaction("an earlier statement of the transaction failed")

    def forget(self) -> None:
        """Never carry out what waits."""
        self._waiting.clear()

    def _send(self) -> PGresult:
        waiting, self._waiting = self._waiting, []
        try:
            self._pg.enter_pipeline_mode()
            sent = [step for one in waiting for step in self._put(*one)]
            self._pg.pipeline_sync()
            answers = [self._answer() for _ in sent]
            self._next()  # the sync's own
            self._pg.exit_pipeline_mode()
        except BaseException:
            # What is half said cannot be taken up again.
            self._raw.close()
            raise
        failed = [step for step in zip(sent, answers, strict=True) if step[1].status in _FAILED]
        for unprepared, _ in failed:
            self._names.pop(unprepared or "", None)
        if failed:
            raise errors.error_from_result(failed[0][1])
        return answers[-1]

    def _put(self, statement: str, arrays: Sequence[bytes]) -> list[str | None]:
        """Put it on its way. Returns what will be answered: its preparation, if any, and itself."""
        name = self._names.get(statement)
        steps: list[str | None] = [None]
        if name is None:
            name = self._names[statement] = b"tracker_%d" % next(_numbers)
            self._pg.send_prepare(name, _spelt(statement))
            steps.insert(0, statement)
        self._pg.send_query_prepared(name, arrays, [Format.BINARY] * len(arrays), Format.BINARY)
        return steps

    def _answer(self) -> PGresult:
        """The next statement's. Raises OperationalError when none will come."""
        answer = self._next()
        if self._pg.status != ConnStatus.OK:
            if answer is not None and answer.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(answer)
            raise OperationalError("the connection is lost")
        assert answer is not None  # noqa: S101 - each statement has one
        self._next()  # the mark between two answers
        return answer

    def _next(self) -> PGresult | None:
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


_numbers = count(1)


@cache
def _spelt(statement: str) -> bytes:
    """As PostgreSQL numbers its parameters."""
    numbers = count(1)
    return re.sub("%b", lambda _: f"${next(numbers)}", statement).encode()
