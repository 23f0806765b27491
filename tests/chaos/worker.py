"""`tracker worker`, as a test needs it.

python -m tests.chaos.worker hasty              gives work under way half a second to end
python -m tests.chaos.worker freezing POINT     stops itself (SIGSTOP) the first time it is there
"""

import os
import signal

from tracker.domain.signals import Point, Signal


def freezing_at(point: Point) -> Signal:
    """A signal that stops the process once."""
    left = [point]

    def at(passed: Point) -> None:
        if passed in left:
            left.clear()
            os.kill(os.getpid(), signal.SIGSTOP)

    return at
