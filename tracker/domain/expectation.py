"""How long tasks of a kind usually take, and whether callbacks bring their verdicts. Arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

ENOUGH = 5
"""Verdicts below which nothing is concluded."""
RECENT = 20
"""How many of the latest verdicts say whether callbacks arrive."""
SHARE_OF = 100
"""How many of the latest verdicts make the share that callbacks bring."""


@dataclass(frozen=True, slots=True)
class EndedTask:
    """One task that got its verdict.

    took:          from the provider's acceptance to the verdict; None when that is not known.
    by_callback:   whether a callback brought the verdict.
    """

    took: timedelta | None
    by_callback: bool


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected duration and callback behaviour of tasks of one kind, from our own history.

    typical, slow: half and nine tenths of them have their verdict by then; None when too few have
        ended.
    is_silent:     callbacks stay away: most of the latest verdicts had to be polled for.
    """

    typical: timedelta | None = None
    slow: timedelta | None = None
    is_silent: bool = False


NOTHING_KNOWN = Expectation()


def derive_expectation(latest: Sequence[EndedTask]) -> Expectation:
    """Conclude from the latest tasks of a kind, newest first."""
    durations = sorted(ended.took for ended in latest if ended.took is not None)
    is_known = len(durations) >= ENOUGH
    return Expectation(
        typical=_find_percentile(durations, 0.5) if is_known else None,
        slow=_find_percentile(durations, 0.9) if is_known else None,
        is_silent=is_silent(latest),
    )


def is_silent(latest: Sequence[EndedTask]) -> bool:
    """Return true if most of the latest verdicts, newest first, had to be polled for."""
    recent = latest[:RECENT]
    polled = sum(1 for ended in recent if not ended.by_callback)
    return len(recent) >= ENOUGH and polled * 2 > len(recent)


def compute_callback_share(latest: Sequence[EndedTask]) -> float | None:
    """Return the share of the latest 100 verdicts, newest first, that callbacks brought.

    None where too few have ended.
    """
    recent = latest[:SHARE_OF]
    if len(recent) < ENOUGH:
        return None
    return sum(ended.by_callback for ended in recent) / len(recent)


def compute_next_visit(usual: Expectation, age: timedelta) -> timedelta:
    """Return when a caller who polls should look at an open task again: 1 s to 1 min from now.

    age: since the provider accepted it; zero before.
    """
    if usual.typical is not None and usual.slow is not None and age < usual.slow:
        until_typical = (usual.typical - age) * 0.8
        pause = max(until_typical, (usual.slow - usual.typical) / 5)
    else:
        pause = age / 4
    return min(max(pause, _SOONEST), _LATEST)


_SOONEST, _LATEST = timedelta(seconds=1), timedelta(minutes=1)


def _find_percentile(ordered: Sequence[timedelta], share: float) -> timedelta:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
