"""Runs that read the kept receipts of a provider again, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.domain.runs import RunState

MOST_DIFFERENCES = 50
"""Differences that a run lists; the others it counts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A task that its receipts are read otherwise for today.

    sort:    a value of `refolding.RereadKind`.
    receipt: that it comes from; None where no single one is to blame.
    before, after: the states of the task now, and as its receipts are read today.
    fields:  the names of the fields that differ.
    """

    task_id: str
    sort: str
    receipt: int | None
    before: str
    after: str
    fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reread:
    """A run that reads receipts again.

    filter:  what chooses the receipts, by the API's names.
    is_dry:  nothing is changed, only counted.
    notify:  subscribers are told of what is corrected.
    first, after, last: keys of receipts: behind which it began, up to which it has come, and with
             which it ends.
    counts:  of tasks by sort, and of the receipts that were looked at and that matched.
    differences: the first 50 of all, and the first 50 contradictions.
    """

    id: UUID
    tenant: str
    filter: Mapping[str, Any]
    is_dry: bool
    notify: bool
    actor: str
    state: RunState
    first: int
    after: int
    last: int
    created_at: datetime
    updated_at: datetime
    counts: Mapping[str, int]
    differences: Sequence[Difference] = ()
    ended_at: datetime | None = None
    stopped_by: str | None = None

    @property
    def progress(self) -> float:
        """Return the share of the receipts that it has come past, 0 to 1."""
        whole = self.last - self.first
        return 1.0 if whole <= 0 else (self.after - self.first) / whole
