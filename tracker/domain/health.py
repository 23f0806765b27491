"""The health of an account, judged by its latest submits. Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ENOUGH = 5
"""So many of the latest submits, all in vain, make an account ailing."""
FORGIVEN = timedelta(minutes=5)
"""After so long without a try it is given another one."""


@dataclass(frozen=True, slots=True)
class SubmitBlame:
    """How one submit ended.

    in_vain: the account or its provider was at fault; False when it did its work, and what was
        wrong with a single request is no matter of the account's.
    reason:  for people.
    """

    ended_at: datetime
    in_vain: bool
    reason: str


def find_ailment(latest: Sequence[SubmitBlame], *, now: datetime) -> str | None:
    """Return the reason why an account is unwell; None when it is well.

    latest: newest first.
    """
    recent = latest[:ENOUGH]
    if len(recent) < ENOUGH or not all(one.in_vain for one in recent):
        return None
    if now - recent[0].ended_at > FORGIVEN:
        return None
    return f"the latest {ENOUGH} submits failed, the last with: {recent[0].reason}"


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """An answer to a submit that shows whether the provider takes the account.

    is_refused: it was refused because of the account: its key, its money or its rights. False when
        it was accepted.
    reason:     for people.
    """

    ended_at: datetime
    is_refused: bool
    reason: str


def describe_account_refusal(newest: ProviderReply, *, over_at: datetime | None) -> str | None:
    """Return what to say of an account that its provider refuses; None when it takes it.

    One refusal is enough: a key does not become right by waiting, and with few tasks a day the
    next one would be lost as well.

    over_at: when such a refusal was last found to be over; what came before counts no more.
    """
    if not newest.is_refused or (over_at is not None and newest.ended_at <= over_at):
        return None
    return f"the latest submit was refused because of the account: {newest.reason}"


PATIENCE = timedelta(minutes=3)
"""So long a provider may accept nothing that is sent to it before that is said."""


@dataclass(frozen=True, slots=True)
class AnsweredSubmit:
    """How one submit ended, whoever was to blame. reason: for people."""

    ended_at: datetime
    is_accepted: bool
    reason: str


def find_standstill_start(
    latest: Sequence[AnsweredSubmit], *, before: datetime | None, now: datetime
) -> datetime | None:
    """Return since when an account has accepted nothing of what was sent; None when it does.

    latest: newest first; what an account that is asked often answered within some seconds.
    before: what was returned at the look before.
    """
    in_vain = []
    for one in latest:
        if one.is_accepted:
            break
        in_vain.append(one)
    if not in_vain or now - in_vain[0].ended_at > 2 * FORGIVEN:
        return None
    is_all = len(in_vain) == len(latest)
    since = in_vain[-1].ended_at
    return min(since, before) if is_all and before is not None else since


def describe_standstill(
    latest: Sequence[AnsweredSubmit], *, since: datetime | None, now: datetime
) -> str | None:
    """Return what to say of an account that has accepted nothing since a time; None for nothing."""
    if since is None or len(latest) < ENOUGH or now - since < PATIENCE:
        return None
    minutes = int((now - since).total_seconds() // 60)
    return f"nothing was accepted for {minutes} minutes, the last answer: {latest[0].reason}"
