"""Counting how tasks end: what, how fast, by whom it was told, at what cost. Arithmetic only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import floor, log2

from tracker.domain.cost import Cost, Phase, Price
from tracker.domain.events import Source
from tracker.domain.records import record, replace_fields
from tracker.domain.task import TERMINAL, VERDICTS, TaskState

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The hour that stands for all hours together."""
_STEPS = 8
"""Latency classes per doubling: a percentile is at most 9 % too high."""


@record
class TaskVerdict:
    """One transition into a terminal state.

    was:       the state before it: `expired` is left when a late verdict comes.
    submitted_at: when the provider accepted it; None when it never did.
    """

    tenant: str
    provider: str
    account: str
    was: TaskState
    state: TaskState
    source: Source
    at: datetime
    submitted_at: datetime | None
    costs: tuple[Cost, ...]


@record
class CostChange:
    """A change of what a task cost, after its costs were counted with its verdict.

    before: as they were counted last.
    """

    tenant: str
    provider: str
    account: str
    at: datetime
    before: tuple[Cost, ...]
    after: tuple[Cost, ...]


@record
class TallyKey:
    """The key of a counter. hour: the hour's start; EVER for all time."""

    tenant: str
    provider: str
    account: str
    hour: datetime


@dataclass(slots=True)
class Tally:
    """The counters under one key.

    counts: by (what, label): `ended` by state, `told` by source, `latency` by class.
    costs:  exact sums.
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    costs: dict[Price, Decimal] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Take another's counts in."""
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        for price, amount in other.costs.items():
            self.costs[price] = self.costs.get(price, Decimal(0)) + amount

    def count(self, what: str, label: str, by: int = 1) -> None:
        """Count one more."""
        self.counts[what, label] = self.counts.get((what, label), 0) + by

    def get_counts(self, what: str) -> dict[str, int]:
        """Return the counts of one thing, by label."""
        return {label: n for (name, label), n in self.counts.items() if name == what}

    def compute_percentile(self, share: float) -> timedelta | None:
        """Return the time within which this share of tasks got their verdict; None without any."""
        classes = sorted((int(label), n) for label, n in self.get_counts("latency").items())
        left = share * sum(n for _, n in classes)
        for number, n in classes:
            left -= n
            if left <= 0:
                return timedelta(milliseconds=2 ** ((number + 1) / _STEPS))
        return None


_SIGNS = {Phase.SETTLE: 1, Phase.REFUND: -1}
"""The sign of each phase in a sum of charges; estimates and reservations do not count."""


def count_by_hour(
    ends: Iterable[TaskVerdict], changes: Iterable[CostChange] = ()
) -> dict[TallyKey, Tally]:
    """Count ends and later changes of costs by key: each in its hour, and in EVER."""
    found: dict[TallyKey, Tally] = {}
    for end in ends:
        _count(found.setdefault(_make_key(end), Tally()), end)
    for change in changes:
        one = found.setdefault(_make_key(change), Tally())
        _add_costs(one, change.after)
        _add_costs(one, change.before, by=-1)
    for key, one in list(found.items()):
        found.setdefault(replace_fields(key, hour=EVER), Tally()).add(one)
    return found


def _make_key(one: TaskVerdict | CostChange) -> TallyKey:
    hour = one.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return TallyKey(one.tenant, one.provider, one.account, hour)


def _count(one: Tally, end: TaskVerdict) -> None:
    one.count("ended", end.state.value)
    if end.was in TERMINAL:
        one.count("ended", end.was.value, by=-1)
    # A failure that was taken back has been counted with its source and its costs before.
    if end.state not in VERDICTS or end.was in VERDICTS:
        return
    if end.source in (Source.CALLBACK, Source.POLL):
        one.count("told", end.source.value)
        if end.submitted_at is not None:
            took_ms = max((end.at - end.submitted_at) / timedelta(milliseconds=1), 1.0)
            one.count("latency", str(floor(log2(took_ms) * _STEPS)))
    _add_costs(one, end.costs)


def _add_costs(one: Tally, costs: Iterable[Cost], by: int = 1) -> None:
    for cost in costs:
        sign = _SIGNS.get(cost.phase)
        if sign is not None:
            price = Price(cost.kind, cost.unit, cost.currency)
            one.costs[price] = one.costs.get(price, Decimal(0)) + by * sign * Decimal(cost.amount)
