"""Statements that pull back what lies further ahead than any pause: a clock was wrong.

Work that is nobody's becomes due now. What somebody holds may be held: it is left to him for as
long as a claim lasts, and is due after that.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, text

from tracker.domain.longest_pauses import LongestPauses
from tracker.domain.work import JobKind
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.types import UtcDateTime

_WAITING = "lease_until IS NULL AND run_at > :far"
_LEASED = "lease_until IS NOT NULL AND lease_until > :far"
_SUBMITS = f"kind = '{JobKind.SUBMIT.value}' AND "
_LOOKS = f"kind = '{JobKind.RECONCILE.value}' AND "
# Looks at a task that has ended become ever more seldom, without end.
_IS_OPEN = (
    " AND EXISTS (SELECT 1 FROM tasks WHERE tasks.key = jobs.task_key AND finished_at IS NULL)"
)
_OWED = "state = 'pending' AND next_at > :far AND token IS "
_WANTED = "state = 'wanted' AND next_at > :far AND token IS "


@dataclass(frozen=True, slots=True)
class _Place:
    """A queue's rows whose time is one column.

    pause: the longest there is.
    left:  how long it is left where it is too far ahead.
    """

    kind: JobKind
    table: str
    column: str
    where: str
    pause: timedelta
    left: timedelta = timedelta(0)


def _list_places(longest: LongestPauses) -> list[_Place]:
    job, delivery, asset = longest.job / 2, longest.delivery / 2, longest.asset / 2
    submit, look, deliver, fetch = (
        *(JobKind.SUBMIT, JobKind.RECONCILE),
        *(JobKind.DELIVER, JobKind.FETCH),
    )
    return [
        _Place(submit, "jobs", "run_at", _SUBMITS + _WAITING, longest.submit),
        _Place(submit, "jobs", "lease_until", _SUBMITS + _LEASED, longest.job, job),
        _Place(look, "jobs", "run_at", _LOOKS + _WAITING + _IS_OPEN, longest.look),
        _Place(look, "jobs", "lease_until", _LOOKS + _LEASED, longest.job, job),
        _Place(deliver, "deliveries", "next_at", f"{_OWED}NULL", longest.deliver),
        _Place(deliver, "deliveries", "next_at", f"{_OWED}NOT NULL", longest.delivery, delivery),
        _Place(fetch, "assets", "next_at", f"{_WANTED}NULL", longest.fetch),
        _Place(fetch, "assets", "next_at", f"{_WANTED}NOT NULL", longest.asset, asset),
    ]


def pull_back(
    db: Connection, longest: LongestPauses, *, now: datetime, limit: int
) -> dict[JobKind, int]:
    """Make due what lies too far ahead. Returns how many rows of each kind were.

    limit: the most of one queue.
    """
    pulled: Counter[JobKind] = Counter()
    tail = get_dialect(db).skip_locked
    for place in _list_places(longest):
        statement = text(
            f"UPDATE {place.table} SET {place.column} = :to WHERE key IN "  # noqa: S608 - our own names
            f"(SELECT key FROM {place.table} WHERE {place.where} LIMIT :most {tail})"
        ).bindparams(bindparam("to", type_=UtcDateTime), bindparam("far", type_=UtcDateTime))
        times = {"to": now + place.left, "far": now + place.pause}
        pulled[place.kind] += db.execute(statement, times | {"most": limit}).rowcount
    return dict(pulled)
