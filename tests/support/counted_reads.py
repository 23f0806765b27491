"""Count the queries that an engine's connections send, those past SQLAlchemy too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Cursor
from sqlalchemy import Engine, event

READS = ("SELECT", "WITH")


@contextmanager
def count_reads(engine: Engine) -> Iterator[list[str]]:
    """Yield the queries that are sent over connections opened meanwhile."""
    sent: list[str] = []

    def note(query: Any) -> None:
        statement = query.decode() if isinstance(query, bytes) else str(query)
        if statement.lstrip().startswith(READS):
            sent.append(statement)

    class NotedCursor(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            note(query)
            return super().execute(query, params, **more)

    def watch(raw: Any, *_: object) -> None:
        if engine.dialect.name == "postgresql":
            raw.cursor_factory = NotedCursor
        else:
            raw.set_trace_callback(note)

    engine.dispose()  # what is idle is opened anew
    event.listen(engine, "connect", watch)
    try:
        yield sent
    finally:
        event.remove(engine, "connect", watch)
        engine.dispose()
