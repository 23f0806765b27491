"""Find out how long a function lets no other thread run."""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any


def measure_longest_call_s(work: Callable[[], Any]) -> float:
    """Return the processor time of the longest call into C, in seconds.

    Between two of them the interpreter lets other threads run; within one only few functions do.
    """
    longest = began = 0.0

    def watch(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal longest, began
        if event == "c_call":
            began = time.thread_time()
        elif event in ("c_return", "c_exception"):
            longest = max(longest, time.thread_time() - began)

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return longest
