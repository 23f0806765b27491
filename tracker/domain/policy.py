"""The service's rules that are numbers: chosen by settings, obeyed by services."""

from dataclasses import dataclass, field
from datetime import timedelta

from tracker.domain.polling import PollPlan


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the service is.

    deadline:   after this a task is flagged `overdue` (and stays open).
    give_up:    after this nobody asks any more and an open task expires.
    lease:      how long a worker may be silent before its job is another's.
    deliver_timeout_s: for a receiver's whole answer.
    patience:   how long an endpoint may give nothing but failures before it is paused.
    """

    polls: PollPlan = field(default_factory=PollPlan)
    deadline: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(days=3)
    lease: timedelta = timedelta(seconds=30)
    submit_timeout_s: float = 60.0
    poll_timeout_s: float = 20.0
    deliver_timeout_s: float = 15.0
    patience: timedelta = timedelta(days=2)
    learn_every: timedelta = timedelta(seconds=20)
    keep_idempotency_keys: timedelta = timedelta(days=7)
