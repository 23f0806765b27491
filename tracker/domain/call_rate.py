"""How many calls a provider takes from one account within a time. Arithmetic only."""

from dataclasses import dataclass

from tracker.domain.token_bucket import TokenBucket

_AT_ONCE = 10
"""One call in so many may leave without a pause before it."""
_UNEVEN_S = 0.1
"""Calls that leave evenly arrive closer together by as much."""
_FOR_LOOKS = 0.75
"""Looks are planned to need this share: where creates take half of all, they come late by half."""


@dataclass(frozen=True, slots=True)
class CallRate:
    """At most `calls` in any `seconds`."""

    calls: float
    seconds: float

    @property
    def at_once(self) -> int:
        """Return how many may leave at once after a quiet time."""
        return max(1, int(self.calls / _AT_ONCE))

    @property
    def per_s(self) -> float:
        """Return the calls a second with which no window of `seconds` holds more than `calls`."""
        return (self.calls - self.at_once + 1) / (self.seconds + _UNEVEN_S)

    def make_bucket(self) -> TokenBucket:
        """Return a full bucket that keeps to this rate."""
        return TokenBucket(self.at_once, self.per_s)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The rates that an account's calls must keep to.

    calls:   of all calls; None for no limit.
    creates: of creates, where they are counted apart and `calls` is that of all others.
    """

    calls: CallRate | None = None
    creates: CallRate | None = None


NO_LIMITS = CallLimits()


def look_spacing_s(rate: CallRate, *, open_tasks: int, together: int) -> float:
    """Return the least seconds between two looks at one task at which all can be looked at.

    together: how many tasks one call asks for.
    """
    return open_tasks / together / (rate.per_s * _FOR_LOOKS)
