"""The work that a transition causes. Values only; `services.recorder` carries them out."""

from enum import StrEnum


class Effect(StrEnum):
    """Owed in the same transaction as the transition that causes it, once per version."""

    SUBMIT = "submit"
    """Hand the task to its provider."""
    RECONCILE = "reconcile"
    """Look at the task at its provider by and by."""
    LOOK_UP = "look_up"
    """Ask the provider soon whether the task exists: a submit's outcome is unknown."""
    FOLLOW_UP = "follow_up"
    """Go on asking about a task that has ended: no other work on it."""
    FREE_NAME = "free_name"
    """Let the external id be used again: the provider never had the task."""
    STOP = "stop"
    """No more work on this task: drop its jobs."""
    FREE_SLOTS = "free_slots"
    """Give the account's concurrency slots back."""
    NOTIFY = "notify"
    """Tell whoever subscribed to such changes, and the URLs that came with the task."""
