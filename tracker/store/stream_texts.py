"""Statements on `stream_texts`: the text of an answer that comes as a stream."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, update

from tracker.domain.task import Awaits, TaskState
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import stream_texts, tasks


@dataclass(frozen=True, slots=True)
class TextGrowth:
    """More text of one attempt.

    tenant: the task's.
    at: characters that came before it. more: without NUL and halves of surrogate pairs.
    """

    tenant: str
    task_key: int
    attempt_key: int
    at: int
    more: str


@dataclass(frozen=True, slots=True)
class TextSoFar:
    """A part of a text. is_whole: whether the answer to the task's create has ended."""

    more: str
    is_whole: bool


def begin(db: Connection, grown: Sequence[TextGrowth]) -> None:
    """Begin the texts of attempts; that of an earlier attempt goes."""
    statement = get_dialect(db).insert(stream_texts)
    newer = {"attempt_key": statement.excluded.attempt_key, "text": ""}
    is_newer = stream_texts.c.attempt_key < statement.excluded.attempt_key
    rows = [
        {
            "task_key": one.task_key,
            "tenant": one.tenant,
            "attempt_key": one.attempt_key,
            "text": "",
        }
        for one in grown
    ]
    db.execute(
        statement.on_conflict_do_update(index_elements=["task_key"], set_=newer, where=is_newer),
        rows,
    )


def append(db: Connection, grown: Sequence[TextGrowth]) -> None:
    """Add to texts. What stands there already is not added again; nor is an older attempt's."""
    table = stream_texts
    statement = (
        update(table)
        .where(
            table.c.task_key == bindparam("of_task"),
            table.c.attempt_key == bindparam("of_attempt"),
            func.length(table.c.text) == bindparam("at"),
        )
        .values(text=table.c.text + bindparam("more"))
    )
    rows = [
        {"of_task": one.task_key, "of_attempt": one.attempt_key, "at": one.at, "more": one.more}
        for one in grown
    ]
    db.execute(statement, rows)


def read_after(db: Connection, task_key: int, told: int) -> TextSoFar | None:
    """Return what follows so many characters of a task's text; None where there is no task."""
    text = func.substr(stream_texts.c.text, told + 1)
    found = db.execute(
        select(tasks.c.state, tasks.c.awaits, text)
        .select_from(tasks.outerjoin(stream_texts, stream_texts.c.task_key == tasks.c.key))
        .where(tasks.c.key == task_key)
    ).one_or_none()
    if found is None:
        return None
    is_coming = found[0] == TaskState.QUEUED.value or found[1] == Awaits.ANSWER.value
    return TextSoFar(found[2] or "", not is_coming)
