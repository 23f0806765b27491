"""A process whose threads share one core."""

import os
import subprocess
import sys

import pytest

from tests.support.service import ROOT

PROGRAM = """
import os, threading
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from tracker.app import tune_interpreter
from tracker.settings import Settings
tune_interpreter(Settings.read_environment())
found = []
later = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
later.start()
later.join()
print(found[0] == os.sched_getscheduler(0) == os.SCHED_BATCH)
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no such policy")
@pytest.mark.parametrize(
    ("url", "is_batch"),
    [("sqlite:///a.db", b"True\n"), ("postgresql://nobody@127.0.0.1:9/a", b"False\n")],
)
def test_threads_on_sqlite_let_each_other_finish(url: str, is_batch: bytes) -> None:
    env = os.environ | {"DATABASE_URL": url}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, capture_output=True, check=True
    )
    assert found.stdout == is_batch
