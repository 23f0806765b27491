"""How many deliveries to one destination may be under way: more while it answers, fewer while not.

Additive increase, halving on failure, as TCP does it: a dead destination soon holds one place and
leaves the others to those who answer. Arithmetic only.
"""

from dataclasses import dataclass

START = 8
MOST = 32
"""Places that a destination which answers may hold at once, in one process."""
AHEAD = 3
"""Deliveries claimed beyond those under way, per place, so that no place waits for a claim."""


@dataclass(slots=True)
class Pace:
    """One destination, as this process knows it.

    places:    how many may be under way.
    under_way: how many are.
    claimed:   how many are held, those under way counted in.
    """

    places: float = START
    under_way: int = 0
    claimed: int = 0

    @property
    def is_failing(self) -> bool:
        """Return true while the limit is reduced to its last slots."""
        return self.places < 2

    @property
    def may_start(self) -> bool:
        """Return true if one more may be sent now."""
        return self.under_way < int(self.places)

    @property
    def room(self) -> int:
        """How many more may be claimed. Nothing is claimed ahead for one that fails."""
        ahead = 1 if self.is_failing else 1 + AHEAD
        return max(int(self.places) * ahead - self.claimed, 0)

    def succeeded(self) -> None:
        """One was accepted."""
        self.places = min(self.places + 1 / max(self.places, 1.0), MOST)
        if self.places < START:  # back from failing: the first answers weigh more
            self.places = min(self.places + 1, START)

    def failed(self) -> None:
        """One was not."""
        self.places = max(self.places / 2, 1.0)
