"""Hosts of files that no connection to can be made: one fact, not one for each of their files.

While a host is out of reach its files wait where they are, and a single one of them is tried now
and then. What is known here is only of this process and is learned anew after a restart: the files
are rows that stay due.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FAILURES = 3
"""Tries in a row that no connection was made for, before the host's files wait."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Between two tries of one host; each pause is twice the one before."""
_FORGOTTEN_S = 3600.0
"""After the last failure: whose host is out of reach is tried more often while it has files."""


@dataclass(slots=True)
class _Failing:
    failures: int = 0
    failed_at_s: float = 0.0
    paused_at_s: float = 0.0
    pause_s: float = 0.0


class UnreachableHosts:
    """Knows which lanes of fetches lead to a host out of reach. Times: seconds, monotonic."""

    def __init__(self) -> None:
        """One per process: it learns from the fetches of that."""
        self._failing: dict[str, _Failing] = {}

    def note_failure(self, lane: str, *, since_s: float, now_s: float) -> float:
        """Count a try that no connection was made for; return the pause that begins with it.

        since_s: when the try began: of those that were under way at once, one counts for a pause.
        Returns 0.0 where none begins.
        """
        one = self._failing.setdefault(lane, _Failing())
        one.failures, one.failed_at_s = one.failures + 1, now_s
        if one.failures < FAILURES or (one.pause_s and since_s < one.paused_at_s):
            return 0.0
        one.pause_s = min(2 * one.pause_s, LONGEST_PAUSE_S) or FIRST_PAUSE_S
        one.paused_at_s = now_s
        return one.pause_s

    def note_answer(self, lane: str) -> bool:
        """Forget what failed before a try that was answered. Returns whether its files waited."""
        one = self._failing.pop(lane, None)
        return one is not None and one.pause_s > 0

    def is_waited_for(self, lane: str) -> bool:
        """Return whether the files of a lane wait for their host."""
        return lane in self._failing and self._failing[lane].pause_s > 0

    def get_claim_limits(self, busy: Mapping[str, int], *, now_s: float) -> dict[str, int]:
        """Return how many files may be claimed of each lane that is out of reach.

        0 during a pause and while one is being tried, 1 after it. busy: what is being fetched.
        """
        for lane, one in list(self._failing.items()):
            if now_s > one.failed_at_s + _FORGOTTEN_S:
                del self._failing[lane]
        return {
            lane: int(now_s >= one.paused_at_s + one.pause_s and not busy.get(lane))
            for lane, one in self._failing.items()
            if one.pause_s
        }

    def compute_next_try_s(self, *, now_s: float) -> float | None:
        """Return in how many seconds the next pause ends; None where none is."""
        ends = [one.paused_at_s + one.pause_s - now_s for one in self._failing.values()]
        return min((left for left in ends if left > 0), default=None)
