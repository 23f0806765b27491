"""`serve`, in a process that kills itself, really, the n-th time it comes to a point.

python -m tests.support.crashing POINT N            kill -9
python -m tests.support.crashing POINT N SIGSTOP    freezes, until somebody sends SIGCONT
"""

import os
import signal
import sys

import uvicorn

from tests.support import made_up
from tracker.app import make_app, server_options
from tracker.domain.redaction import Redactor
from tracker.domain.signals import CrashPoint, Signal
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings
from tracker.telemetry import configure_logging


def dying_at(point: CrashPoint, times: int, by: signal.Signals = signal.SIGKILL) -> Signal:
    """A signal that lets `times - 1` passes of the point go by, and strikes once."""
    left = times

    def at(passed: CrashPoint) -> None:
        nonlocal left
        if passed is point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), by)

    return at


def main() -> None:
    """Serve until the point."""
    settings = Settings.from_env(providers={**PROVIDERS, **made_up.PROVIDERS})
    configure_logging("warning", "json", Redactor())
    by = signal.Signals[sys.argv[3]] if len(sys.argv) > 3 else signal.SIGKILL
    at = dying_at(CrashPoint(sys.argv[1]), int(sys.argv[2]), by)
    app = make_app(settings, workers=True, signal=at)
    uvicorn.run(app, port=settings.port, **server_options(settings))


if __name__ == "__main__":
    main()
