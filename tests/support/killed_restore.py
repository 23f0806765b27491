"""A restore that kills itself at a point.

python -m tests.support.killed_restore SOURCE URL FOLDER POINT

FOLDER: the data directory, which gets the secret of the workbench.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.support.subscribing import OK
from tests.support.workbench import SECRET, ScriptedHttp, open_workbench
from tracker.config.kept_secrets import keep
from tracker.domain.signals import CrashPoint
from tracker.services.backup.folder import check_backup
from tracker.services.backup.readying import RestoreReadiness, make_ready
from tracker.services.backup.restoring import RestoreOrder, restore


async def prepare_database(url: str, taken_at: datetime) -> RestoreReadiness:
    """Make a database ready in which nobody is asked anything."""
    async with open_workbench(url, ScriptedHttp(lambda _: OK)) as bench:
        return await make_ready(bench.context, taken_at)


def main(source: str, url: str, folder: str, point: str) -> None:
    """Restore, and die."""

    def die(passed: CrashPoint) -> None:
        if passed.value == point:
            os.kill(os.getpid(), signal.SIGKILL)

    given = partial(keep, Path(folder), SECRET + b"\n")
    order = RestoreOrder(Path(source), url, [SECRET], keep_secrets=given, at=die)
    asyncio.run(restore(order, check_backup(order.source), prepare_database))


if __name__ == "__main__":
    main(*sys.argv[1:])
