"""python -m tests.support.killed_checkpoint FILE N: commit rows until killed at the N-th pass.

Each line says how many rows are committed.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from tracker.domain.signals import CrashPoint
from tracker.store.driver import bulk
from tracker.store.driver.checkpoints import Checkpoints
from tracker.store.driver.engine import open_engine
from tracker.store.driver.line import WriteConnection

BEGIN = 40
"""Pages in the log with which the thread begins."""


def main(file: Path, passes: int) -> None:
    """Commit, as the writer does, until the thread of the log kills the process."""
    left = passes

    def die(point: CrashPoint) -> None:
        nonlocal left
        left -= point is CrashPoint.LOG_CARRIED
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoints = Checkpoints(file, die, begin=BEGIN)
    line = WriteConnection(open_engine(f"sqlite:///{file}", pool_size=1), checkpoints=checkpoints)
    checkpoints.start()
    for number in count(1):
        write_one(line)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def write_one(line: WriteConnection) -> None:
    """Commit a row in a page of its own, and what the writer does after a commit."""
    db = line.begin()
    bulk.run(db, "CREATE TABLE IF NOT EXISTS blocks (body BLOB)")
    bulk.run(db, "INSERT INTO blocks (body) VALUES (zeroblob(3000))")
    line.commit()
    line.do_idle_work()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
