"""Whether an account is well, by how its latest submits ended. Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ENOUGH = 5
"""So many of the latest submits, all in vain, make an account ailing."""
FORGIVEN = timedelta(minutes=5)
"""After so long without a try it is given another one."""


@dataclass(frozen=True, slots=True)
class Try:
    """How one submit ended.

    in_vain: the account or its provider was at fault; False when it did its work, and what was
        wrong with a single request is no matter of the account's.
    reason:  for people.
    """

    ended_at: datetime
    in_vain: bool
    reason: str


def ailment(latest: Sequence[Try], *, now: datetime) -> str | None:
    """What is wrong with an account; None when it is well.

    latest: newest first.
    """
    recent = latest[:ENOUGH]
    if len(recent) < ENOUGH or not all(one.in_vain for one in recent):
        return None
    if now - recent[0].ended_at > FORGIVEN:
        return None
    return f"the latest {ENOUGH} submits failed, the last with: {recent[0].reason}"
