"""Wait for a condition instead of for a time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Until the condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + timeout_s
    event_s = 0.002
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        time.sleep(event_s)  # a look every few milliseconds at another thread or process
        event_s = min(event_s * 1.5, 0.05)
