"""The work that a transition causes. Values only; `services.recorder` carries them out."""

from collections.abc import Mapping
from enum import StrEnum

from tracker.domain.enum_members import find_members_directly
from tracker.domain.events import OF_ASSETS, EventKind
from tracker.domain.task import KNOWN_TO_PROVIDER, TERMINAL, Awaits, Task, TaskState


@find_members_directly
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


_EFFECTS: Mapping[TaskState, tuple[Effect, ...]] = {
    TaskState.QUEUED: (Effect.FREE_SLOTS, Effect.STOP, Effect.SUBMIT),
    TaskState.UNCERTAIN: (Effect.LOOK_UP,),
    **dict.fromkeys(KNOWN_TO_PROVIDER, (Effect.RECONCILE, Effect.NOTIFY)),
    # `expired` is told too, or a caller who relies on the callback would wait for ever.
    **dict.fromkeys(TERMINAL, (Effect.STOP, Effect.FREE_SLOTS, Effect.NOTIFY)),
}
"""The effects of entering a state."""
_EARLY = frozenset({TaskState.QUEUED, TaskState.UNCERTAIN})
_TOLD_WITHIN_A_STATE = OF_ASSETS | {
    EventKind.DEADLINE_PASSED,
    EventKind.NEWS,
    EventKind.COSTS_CHANGED,
}
_TOLD = (Effect.NOTIFY,)
_ENDED_AND_FOLLOWED_UP = (Effect.FOLLOW_UP, Effect.FREE_SLOTS, Effect.NOTIFY)
# Every callback looks at these, and in Python 3.11 a member of an enum takes long to get at.
_RESULT_COMPLETED, _SEEN_RUNNING = EventKind.RESULT_COMPLETED, EventKind.SEEN_RUNNING
_SEEN_FAILED, _REREAD = EventKind.SEEN_FAILED, EventKind.REREAD
_SUBMIT_ACCEPTED, _SUBMIT_DEFERRED = EventKind.SUBMIT_ACCEPTED, EventKind.SUBMIT_DEFERRED
_ANSWER = Awaits.ANSWER


def derive_effects(before: Task, after: Task, kind: EventKind) -> tuple[Effect, ...]:
    """Return the effects of the step that leads from one version of a task to the next."""
    if before.state is after.state:
        if kind is _RESULT_COMPLETED:
            return _TOLD if after.follow_up else (Effect.STOP, Effect.NOTIFY)
        if kind is _REREAD:  # nobody is told but by whoever has it read
            return (Effect.STOP,) if before.follow_up and not after.follow_up else ()
        if kind is _SEEN_FAILED:  # certain now: nobody asks any more, but for a refund
            return () if after.follow_up else (Effect.STOP,)
        if kind is _SEEN_RUNNING:  # its progress; nobody but a caller's own URL hears of it
            return _TOLD if after.callback_url is not None else ()
        if kind is _SUBMIT_ACCEPTED and before.awaits is _ANSWER:  # it is asked about from now on
            return (Effect.RECONCILE,)
        return _TOLD if kind in _TOLD_WITHIN_A_STATE else ()
    if after.awaits is _ANSWER:  # nobody is asked: the answer tells all there is
        return _TOLD
    if kind is _SUBMIT_DEFERRED:  # the job that sent it sends it again
        return ()
    if after.follow_up is not None:
        return _ENDED_AND_FOLLOWED_UP
    if after.never_created:
        return (*_EFFECTS[after.state], Effect.FREE_NAME)
    if after.state in KNOWN_TO_PROVIDER and before.state not in _EARLY:
        return _TOLD  # the same job goes on looking
    return _EFFECTS[after.state]
