"""How many deliveries to one destination may be under way: more while it answers, fewer while not.

Additive increase, halving on failure, as TCP does it: a dead destination soon holds one slot and
leaves the others to those who answer. Arithmetic only.
"""

from dataclasses import dataclass

START = 8
MOST = 32
"""Places that a destination which answers may hold at once, in one process."""
AHEAD = 3
"""Deliveries claimed beyond those under way, per slot, so that no slot waits for a claim."""


@dataclass(slots=True)
class Pace:
    """One destination, as this process knows it.

    limit:    how many may be under way.
    under_way: how many are.
    claimed:   how many are held, those under way counted in.
    """

    limit: float = START
    under_way: int = 0
    claimed: int = 0

    @property
    def is_failing(self) -> bool:
        """Return true while the limit is reduced to its last slots."""
        return self.limit < 2

    @property
    def may_start(self) -> bool:
        """Return true if one more may be sent now."""
        return self.under_way < int(self.limit)

    @property
    def room(self) -> int:
        """Return how many more may be claimed. Nothing is claimed ahead for one that fails."""
        ahead = 1 if self.is_failing else 1 + AHEAD
        return max(int(self.limit) * ahead - self.claimed, 0)

    def note_success(self) -> None:
        """Note that one was accepted."""
        self.limit = min(self.limit + 1 / max(self.limit, 1.0), MOST)
        if self.limit < START:  # back from failing: the first answers weigh more
            self.limit = min(self.limit + 1, START)

    def note_failure(self) -> None:
        """Note that one was not accepted."""
        self.limit = max(self.limit / 2, 1.0)
