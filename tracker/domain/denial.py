"""The weight of a provider's "there is no such task": doubt for a while, or an end. Pure.

A provider that accepted a task and denies it minutes later is mistaken more often than not: a
replica lags, or a relay writes its tasks down late (a fork of github.com/QuantumNous/new-api asks
on for three minutes because its upstreams answer `task_not_exist` meanwhile, 2026).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.expectation import Expectation
from tracker.domain.task import TaskState

ENOUGH_IF_UNCERTAIN = 2
"""Denials in a row that prove that a submit whose outcome is unknown created nothing.

To be wrong is made good by the provider, which refuses a second task with the same external id.
"""
ENOUGH_IF_ACCEPTED = 8
"""Denials in a row that are needed where the provider had accepted the task: over ten minutes."""
_LONGEST_PAUSE = 8.0
"""Pauses between denials double up to this many times the first one."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One answer "there is no such task", and what is known of the task.

    earlier:     how many denials in a row have counted before this one, with pauses between them.
    earlier_at:  when the last of them was counted.
    accepted_at: when the provider accepted the task; None when nobody knows whether it did.
    usual:       what tasks of its kind do.
    """

    state: TaskState
    earlier: int
    earlier_at: datetime | None
    accepted_at: datetime | None
    usual: Expectation


@dataclass(frozen=True, slots=True)
class UnprovenDenial:
    """The denial proves nothing yet.

    until:  when to ask again.
    counts: it is one more of the row; False when it came too soon after the one before.
    """

    until: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class BelievedDenial:
    """The provider does not have the task. times: how often in a row it has said so."""

    times: int


def judge(denial: Denial, *, pause: timedelta, now: datetime) -> UnprovenDenial | BelievedDenial:
    """Return what a denial proves.

    pause: after the first denial; the later ones are doubled, up to eight times the first.
    """
    if denial.earlier and denial.earlier_at is not None:
        too_soon_until = denial.earlier_at + pause * _compute_growth(denial.earlier)
        if now < too_soon_until:
            return UnprovenDenial(too_soon_until, counts=False)
    times = denial.earlier + 1
    if denial.state is TaskState.UNCERTAIN:
        enough = times >= ENOUGH_IF_UNCERTAIN
    else:
        enough = times >= ENOUGH_IF_ACCEPTED and _is_past_usual_end(denial, now)
    return (
        BelievedDenial(times)
        if enough
        else UnprovenDenial(now + pause * _compute_growth(times), counts=True)
    )


def _compute_growth(times: int) -> float:
    return min(2.0 ** (times - 1), _LONGEST_PAUSE)


def _is_past_usual_end(denial: Denial, now: datetime) -> bool:
    """Return whether nine in ten tasks of the kind have ended at this age, where that is known."""
    if denial.usual.slow is None or denial.accepted_at is None:
        return True
    return now - denial.accepted_at >= denial.usual.slow


def find_doubt_end(
    outcome: str, *, started_at: datetime, may_last: timedelta, now: datetime, next_look: datetime
) -> datetime | None:
    """Return until when a denial of an `uncertain` task proves nothing; None when it does.

    outcome:   how its latest submit ended.
    may_last:  how long after its start the request of a frozen process may still arrive.
    next_look: when it would be asked about otherwise.
    """
    if outcome == "exists":
        # The provider said so itself. Sending again would only be told so again.
        return next_look
    over = started_at + may_last
    return over if outcome == "lost" and now < over else None
