"""`serve`, in a process that kills itself, really, the n-th time it comes to a point.

python -m tests.support.crashing POINT N            kill -9
python -m tests.support.crashing POINT N SIGSTOP    freezes, until somebody sends SIGCONT
"""

import os
import signal
import subprocess
import sys

import uvicorn

from tests.support import made_up
from tracker.app import build_server_options, make_app
from tracker.domain.redaction import Redactor
from tracker.domain.signals import CrashPoint, Signal
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings
from tracker.store.driver.engine import find_sqlite_file
from tracker.telemetry.logs import configure_logging

_FREEZER = """
import os, signal, sqlite3, sys
file, process = sys.argv[1:]
db = sqlite3.connect(file, timeout=60, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
os.kill(int(process), signal.SIGSTOP)
threads = [f"/proc/{process}/task/{one}/stat" for one in os.listdir(f"/proc/{process}/task")]
while any(open(one).read().rpartition(")")[2].split()[0] != "T" for one in threads):
    pass
db.execute("ROLLBACK")
"""


def make_crash(point: CrashPoint, times: int, by: signal.Signals) -> Signal:
    """A signal that lets `times - 1` passes of the point go by, and strikes once."""
    left = times

    def at(passed: CrashPoint) -> None:
        nonlocal left
        if passed is point:
            left -= 1
            if left == 0:
                if by is signal.SIGSTOP:
                    _freeze()
                else:
                    os.kill(os.getpid(), by)

    return at


def _freeze() -> None:
    """Stop this process while none of its threads holds the write lock of a SQLite file.

    One that is frozen within a transaction keeps all others from writing, which is true and not
    what a test of leases is about. Another process takes the lock for that: between its end here
    and the signal a thread of ours could begin.
    """
    file = find_sqlite_file(Settings.read_environment().resolve_database_url())
    if file is None:
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        subprocess.run([sys.executable, "-c", _FREEZER, str(file), str(os.getpid())], check=True)


def main() -> None:
    """Serve until the point."""
    settings = Settings.read_environment(providers={**PROVIDERS, **made_up.PROVIDERS})
    configure_logging("warning", "json", Redactor())
    by = signal.Signals[sys.argv[3]] if len(sys.argv) > 3 else signal.SIGKILL
    at = make_crash(CrashPoint(sys.argv[1]), int(sys.argv[2]), by)
    app = make_app(settings, workers=True, signal=at)
    uvicorn.run(app, port=settings.port, **build_server_options(settings))


if __name__ == "__main__":
    main()
