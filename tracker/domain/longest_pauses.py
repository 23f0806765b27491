"""How far ahead work may lie that was put off by a clock that is right. Arithmetic only."""

from dataclasses import dataclass
from datetime import timedelta

from tracker.domain import retry
from tracker.domain.policy import Policy
from tracker.domain.retry import Backoff

_ASKED = timedelta(seconds=retry.RETRY_AFTER_CAP_S)
_LONGEST_LIFE = timedelta(days=30)
"""Of a URL of a result; a tenth of what is left of it is the longest pause between two fetches."""


@dataclass(frozen=True, slots=True)
class LongestPauses:
    """The longest pauses, with all jitter.

    submit, look, deliver, fetch: until work of this kind is due.
    job, delivery, asset: until somebody's claim on it ends.
    """

    submit: timedelta
    look: timedelta
    deliver: timedelta
    fetch: timedelta
    job: timedelta
    delivery: timedelta
    asset: timedelta


def compute_longest_pauses(policy: Policy, *, slowest: timedelta) -> LongestPauses:
    """Return the longest pauses under a policy.

    slowest: the longest time that open tasks are expected to take.
    """
    put_off = max(_spread(backoff) for backoff in (retry.SUBMIT, retry.BUSY, retry.RECORD))
    polls = policy.polls
    looks = max(polls.first, polls.quiet, polls.ceiling, polls.confirm, slowest)
    return LongestPauses(
        submit=put_off,
        look=max(put_off, looks * 1.5),
        deliver=max(_ASKED, *retry.DELIVER.pauses) * (1 + retry.DELIVER.SPREAD),
        fetch=_LONGEST_LIFE / 10,
        job=policy.lease * 2,
        delivery=(policy.lease + timedelta(seconds=policy.deliver_timeout_s)) * 2,
        asset=policy.lease * 2,
    )


def _spread(backoff: Backoff) -> timedelta:
    return max(backoff.ceiling, _ASKED) * (1 + backoff.spread)
