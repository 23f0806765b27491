"""Keep a sample of forged callbacks and count the rest: anybody can send as many as they like.

One of a kind is kept in a window, and few of all kinds together, so that neither the disk nor the
list of what needs a human is filled by a stranger.
"""

from dataclasses import dataclass

from tracker.services.receive.correlation import RawCallback

WINDOW_S = 3600.0
"""A kind of forgery is kept once in it, in seconds."""
MOST_KEPT = 60
"""Forgeries of all kinds that are kept in a window, by each process."""
MOST_KINDS = 1000
"""Kinds that are counted apart; beyond them only the sum is counted."""
_Kind = tuple[str, str, str]


@dataclass(slots=True)
class _Seen:
    kept_at: float
    folded: int = 0


class Forgeries:
    """Decides which forged callbacks are kept. One per process; clocks are the caller's."""

    def __init__(self) -> None:
        self._seen: dict[_Kind, _Seen] = {}
        self._began = float("-inf")
        self._kept = 0
        self._uncounted = 0

    def sample(self, raw: RawCallback, *, now: float) -> int | None:
        """Return how many went unkept since the last of this kind; None where this one is not kept.

        now: in seconds, on a clock that only goes forward.
        """
        if now - self._began >= WINDOW_S:
            self._began, self._kept = now, 0
        kind = _kind(raw)
        seen = self._seen.get(kind)
        if self._kept >= MOST_KEPT or (seen is not None and now - seen.kept_at < WINDOW_S):
            if seen is None:
                self._uncounted += 1
            else:
                seen.folded += 1
            return None
        self._kept += 1
        folded = self._uncounted if seen is None else seen.folded
        if seen is None:
            self._uncounted = 0
            if len(self._seen) >= MOST_KINDS:
                self._forget_oldest()
        self._seen.pop(kind, None)
        self._seen[kind] = _Seen(now)
        return folded

    def _forget_oldest(self) -> None:
        """Make room: what was counted of the kind that was kept longest ago joins the sum."""
        oldest = next(iter(self._seen))
        self._uncounted += self._seen.pop(oldest).folded


def _kind(raw: RawCallback) -> _Kind:
    sender = raw.headers.get("x-forwarded-for") or raw.headers.get("user-agent", "")
    return (raw.provider[:64], raw.subject[:64], sender[:128])
