"""Steps of a machine's clock, after which ages by it are wrong. Arithmetic only."""

FAR_S = 60.0
"""A smaller step changes no pause that anybody would notice."""
LASTS_S = 3600.0
"""How long ages are not trusted: most tasks of the time before it have ended by then."""
LONGEST_LOOK_S = 30.0
"""The longest pause of ours between two looks meanwhile. A task that was sent before the clock went
two hours forward passes for one that is two hours late, which is asked for every ten minutes."""


class ClockSteps:
    """Steps that one process saw. All times are monotonic seconds."""

    def __init__(self) -> None:
        """No step was seen yet."""
        self._until_s: float | None = None

    def note(self, step_s: float, now_s: float) -> bool:
        """Note that the clock was set by so much; return whether that makes ages wrong."""
        is_far = abs(step_s) >= FAR_S
        if is_far:
            self._until_s = now_s + LASTS_S
        return is_far

    def has_recent(self, now_s: float) -> bool:
        """Return whether ages are not to be trusted."""
        return self._until_s is not None and now_s < self._until_s
