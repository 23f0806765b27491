"""Kinds of background work, and the lanes that it is shared out by."""

from enum import StrEnum

from tracker.domain.enum_members import find_members_directly


@find_members_directly
class JobKind(StrEnum):
    """The kind of a background job."""

    SUBMIT = "submit"
    RECONCILE = "reconcile"
    DELIVER = "deliver"
    """No job row: deliveries are a queue of their own. The word wakes those who deliver."""
    FETCH = "fetch"
    """Nor here: the assets that are wanted are the queue."""
    RUN = "run"
    """Nor here: the runs that are not over are the queue."""


def build_lane(provider: str, account: str) -> str:
    """Return the fairness lane of jobs at a provider: its account."""
    return f"{provider}/{account}"


def split_lane(lane: str) -> tuple[str, str]:
    """Return the provider and the account of a lane. No provider's name has a slash in it."""
    provider, _, account = lane.partition("/")
    return provider, account
