"""The service's rules that are numbers: chosen by settings, obeyed by services."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tracker.domain.enum_members import find_members_directly
from tracker.domain.polling import PollPlan

KEEP_IDEMPOTENCY_KEYS = timedelta(days=7)
"""How long a key is remembered. No task is dropped before its key."""


@find_members_directly
class Confirm(StrEnum):
    """Which unsigned verdicts are asked about before they count (signed ones never are)."""

    NEVER = "never"
    SHARED = "shared"
    """Those of the shared URL: whoever has its token can speak of every task."""
    ALWAYS = "always"
    """Those of a task's own URL too."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the service is.

    deadline:   after this a task is flagged `overdue` (and stays open).
    give_up:    so long after it went out nobody asks any more and an open task expires; a create
                that its provider puts off is tried for as long.
    lease:      how long a worker may be silent before its job is another's.
    drain:      how long work under way may take to end when a process stops.
    confirm:    which unsigned callbacks must be confirmed by a query before they end a task.
    deliver_timeout_s: for a receiver's whole answer.
    patience:   how long an endpoint may give nothing but failures before it is paused.
    keep_lost_answers: how long an equal create counts as the repeat of one whose answer was lost.
                Clients' three tries of 60 s with their pauses end before.
    """

    polls: PollPlan = field(default_factory=PollPlan)
    deadline: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(days=3)
    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=15)
    confirm: Confirm = Confirm.SHARED
    submit_timeout_s: float = 60.0
    poll_timeout_s: float = 20.0
    deliver_timeout_s: float = 15.0
    patience: timedelta = timedelta(days=2)
    learn_every: timedelta = timedelta(seconds=20)
    keep_idempotency_keys: timedelta = KEEP_IDEMPOTENCY_KEYS
    keep_lost_answers: timedelta = timedelta(minutes=10)
