"""How long what belongs to ended tasks is kept: rules by tenant, provider and state."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tracker.domain.task import TaskState

_DURATION = re.compile(r"([1-9][0-9]{0,5})([dhm])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


TOO_SHORT = "must be at least 7d: an idempotency key lives so long, and its task outlives it"


class KeptClass(StrEnum):
    """A kind of rows that are dropped together."""

    INPUTS = "inputs"
    """The request bodies of tasks."""
    EVIDENCE = "evidence"
    """Bodies and headers of receipts."""
    DELIVERIES = "deliveries"
    """Deliveries that have ended, with their attempts and bodies."""
    TASKS = "tasks"
    """Tasks with all their rows."""
    ASSETS = "assets"
    """Files of results that are kept. Their time is set when they come, and counts from then."""


WALKED = tuple(one for one in KeptClass if one is not KeptClass.ASSETS)
"""Classes that a walk through the ended tasks finds."""
Keep = timedelta | None
"""How long after a task's end; None for ever."""
FOR_EVER: Mapping[KeptClass, Keep] = dict.fromkeys(KeptClass)


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """An exception from the defaults. Names that are None fit every task.

    keep: by class; what is left out is kept as the next rule or the defaults say.
    """

    keep: Mapping[KeptClass, Keep]
    tenant: str | None = None
    provider: str | None = None
    state: TaskState | None = None

    def is_for_task(self, tenant: str, provider: str, state: TaskState) -> bool:
        """Tell whether a task is meant."""
        return (
            self.tenant in (None, tenant)
            and self.provider in (None, provider)
            and self.state in (None, state)
        )

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """Sort by how specific it is: by how many names, then the tenant before the provider."""
        named = [self.tenant is not None, self.provider is not None, self.state is not None]
        return sum(named), named[0], named[1]


@dataclass(frozen=True, slots=True)
class RetentionWalk:
    """One way through the ended tasks: those of a class that are kept equally long."""

    kept_class: KeptClass
    keep: timedelta

    @property
    def name(self) -> str:
        """Return its name in the database: the place it has reached is kept under it."""
        return f"{self.kept_class.value}/{int(self.keep.total_seconds())}"


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long each class is kept.

    defaults: by class; for ever where one is left out. rules: exceptions, in any order.
    tombstones: how long it is known that a task was dropped, from then on.
    """

    defaults: Mapping[KeptClass, Keep] = field(default_factory=lambda: FOR_EVER)
    rules: Sequence[RetentionRule] = ()
    tombstones: Keep = None

    def keep(self, kept_class: KeptClass, tenant: str, provider: str, state: TaskState) -> Keep:
        """Return how long what belongs to a task is kept: the most specific rule decides."""
        fitting = [
            rule
            for rule in self.rules
            if kept_class in rule.keep and rule.is_for_task(tenant, provider, state)
        ]
        if not fitting:
            return self.defaults.get(kept_class)
        return max(fitting, key=lambda rule: rule.rank).keep[kept_class]

    def list_walks(self) -> list[RetentionWalk]:
        """List the walks that find everything that is ever dropped."""
        return [RetentionWalk(one, keep) for one in WALKED for keep in self.list_times(one)]

    def list_times(self, kept_class: KeptClass) -> list[timedelta]:
        """List how long anything of a class is kept that is ever dropped, the shortest first."""
        named = (self.defaults, *(rule.keep for rule in self.rules))
        return sorted({keep for one in named if (keep := one.get(kept_class)) is not None})


def parse_duration(text: str) -> Keep:
    """Read `30d`, `12h`, `90m` or `never`. Raises ValueError."""
    if text == "never":
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("must be days, hours or minutes, such as 30d, 12h or 90m; or never")
    return int(found[1]) * _UNITS[found[2]]
