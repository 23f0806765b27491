"""How crowded the machine is, for bounds of time that are promises."""

import hashlib
import time

_BURST_S = 0.05
_BLOCK = bytes(16 * 1024)


def crowding() -> float:
    """Return how many times longer work takes now than on a core of its own; 1.0 at the least.

    A promise of seconds is held to the letter where a core is free, and to as many times the
    seconds as everything takes longer where it is not.
    """
    begun, began = time.perf_counter(), time.thread_time()
    while (worked_s := time.thread_time() - began) < _BURST_S:
        hashlib.sha256(_BLOCK)
    return max(1.0, (time.perf_counter() - begun) / worked_s)


_CALCULATION_S = 0.008
"""Processor time of the calculation below on a free core of the machine that promises are from."""


def slowness() -> float:
    """Return how many times more processor time Python needs now; 1.0 at the least.

    Neighbours on a host slow a processor down without taking it away: `crowding` does not see it.
    """
    began = time.thread_time()
    for number in range(20_000):
        f"{number} {number}".partition(" ")
    return max(1.0, (time.thread_time() - began) / _CALCULATION_S)
