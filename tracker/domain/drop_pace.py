"""How much retention drops in one transaction, and how long it rests after it.

A transaction that drops holds up whoever commits after it. While others write it drops so little
that nobody waits long, and rests more than it works. Alone it takes what suits the database, and no
more than the first who writes again can wait for.
"""

SHARED_S = 2.0
"""For how long after a write of others it is taken that more will come."""
HELD_S = 0.0015
"""How long one transaction should take while others write."""
FIRST = 8
"""Tasks of the first transaction while others write."""
HELD_ALONE_S = 0.05
"""How long one transaction should take while nobody else writes: who does next waits for it."""
FIRST_ALONE = 100
"""Tasks of the first transaction while nobody else writes: what a task costs is not known yet."""
LEAST = 4
MOST_SHARED = 16
"""Tasks of a transaction while others write, however little they take: behind many of which there
is nothing to drop come some of which there is, or the walk of another class begins."""
REST_LATE = 4
"""Pause after a batch while it is late and others write, in times of how long it took."""
REST = 9
"""Pause after a batch otherwise: it has time."""
MOST_REST_S = 3.0


class DropPace:
    """Arithmetic only: told what was seen, it says how much and how long."""

    def __init__(self, *, least: int = LEAST) -> None:
        """least: tasks of one transaction, however long they take. Nobody else writes yet."""
        self._least = least
        self._shared = float(max(FIRST, least))
        self._alone = float(max(FIRST_ALONE, least))
        self._head: int | None = None
        self._shared_until_s: float | None = None

    def note_newest(self, head: int, now_s: float) -> None:
        """Note the newest number of the feed, which each write of others moves.

        now_s: monotonic seconds.
        """
        if self._head not in (None, head):
            self._shared_until_s = now_s + SHARED_S
        elif self._shared_until_s is not None and now_s >= self._shared_until_s:
            self._shared_until_s = None
        self._head = head

    @property
    def is_shared(self) -> bool:
        """Tell whether others write."""
        return self._shared_until_s is not None

    def choose_batch(self, most: int) -> int:
        """Return how many tasks to drop next. most: what suits the database."""
        return min(most, int(self._shared if self.is_shared else self._alone))

    def note_drop(self, count: int, held_s: float) -> None:
        """Note how long a transaction took for so many tasks: the next one takes its time."""
        if not count:
            return
        a_task_s = max(held_s, 1e-6) / count
        if self.is_shared:
            fitting = min(max(HELD_S / a_task_s, self._shared / 2), self._shared * 2)
            self._shared = max(min(fitting, MOST_SHARED), self._least)
        else:
            self._alone = max(min(HELD_ALONE_S / a_task_s, count * 4), self._least)

    def compute_pause_s(self, took_s: float, *, is_late: bool) -> float:
        """Return the pause after a batch that took so long; none if it is late and alone."""
        if is_late and not self.is_shared:
            return 0.0
        return min((REST_LATE if is_late else REST) * took_s, MOST_REST_S)
