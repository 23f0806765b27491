"""`serve`, in a process that kills itself, really, the n-th time it comes to a point.

python -m tests.support.crashing POINT N            kill -9
python -m tests.support.crashing POINT N SIGSTOP    freezes, until somebody sends SIGCONT
"""

import os
import signal
import sqlite3
import sys
from contextlib import closing

import uvicorn

from tests.support import made_up
from tracker.app import make_app, server_options
from tracker.domain.redaction import Redactor
from tracker.domain.signals import CrashPoint, Signal
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings
from tracker.store.driver.engine import sqlite_file
from tracker.telemetry.logs import configure_logging


def dying_at(point: CrashPoint, times: int, by: signal.Signals) -> Signal:
    """A signal that lets `times - 1` passes of the point go by, and strikes once."""
    left = times

    def at(passed: CrashPoint) -> None:
        nonlocal left
        if passed is point:
            left -= 1
            if left == 0:
                if by is signal.SIGSTOP:
                    _let_writers_end()
                os.kill(os.getpid(), by)

    return at


def _let_writers_end() -> None:
    """Wait until no transaction of this process holds the lock of a SQLite file.

    One that is frozen within a transaction keeps all others from writing, which is true and not
    what a test of leases is about.
    """
    file = sqlite_file(Settings.from_env().resolved_database_url())
    if file is not None:
        with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")


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
