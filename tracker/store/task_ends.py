"""How tasks came to their verdicts, for learning from it."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, select

from tracker.domain.expectation import EndedTask
from tracker.store.schema import tasks, transitions


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """A task's end."""

    provider: str
    account: str
    operation: str
    ended: EndedTask


def list_latest(db: Connection, *, limit: int) -> list[TaskEnd]:
    """Return how the latest tasks with a verdict of their provider's came by it, newest first."""
    newest = select(tasks).order_by(tasks.c.key.desc()).limit(limit).subquery()
    found = (
        select(
            newest.c.provider,
            newest.c.account,
            newest.c.operation,
            newest.c.submitted_at,
            newest.c.finished_at,
            transitions.c.source,
        )
        .join(
            transitions,
            and_(
                transitions.c.task_key == newest.c.key,
                transitions.c.to_state == newest.c.state,
                # Not what was told of it after its end: that did not bring the verdict.
                transitions.c.kind.in_(["seen_succeeded", "seen_failed"]),
            ),
        )
        .where(
            newest.c.state.in_(["succeeded", "failed"]),
            transitions.c.source.in_(["callback", "poll"]),
        )
        .order_by(newest.c.key.desc())
    )
    return [
        TaskEnd(
            provider,
            account,
            operation,
            EndedTask(finished - submitted if submitted else None, source == "callback"),
        )
        for provider, account, operation, submitted, finished, source in db.execute(found)
    ]
