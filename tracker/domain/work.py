"""Kinds of background work."""

from enum import StrEnum


class JobKind(StrEnum):
    """What a job does."""

    SUBMIT = "submit"
    RECONCILE = "reconcile"
    DELIVER = "deliver"
    """No job row: deliveries are a queue of their own. The word wakes those who deliver."""
