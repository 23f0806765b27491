"""Kinds of background work."""

from enum import StrEnum

from tracker.domain.members import direct_members


@direct_members
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
