"""How slow the processor is, for bounds of processor time that are promises."""

import time

_CALCULATION_S = 0.008
"""Processor time of the calculation below on a free core of the machine that promises are from."""


def measure_slowness() -> float:
    """Return how many times more processor time Python needs now; 1.0 at the least.

    Neighbours on a host slow a processor down without taking it away.
    """
    began = time.thread_time()
    for number in range(20_000):
        f"{number} {number}".partition(" ")
    return max(1.0, (time.thread_time() - began) / _CALCULATION_S)
