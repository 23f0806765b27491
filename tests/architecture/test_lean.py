"""The modules that a process holds, and those it does without."""

import subprocess
import sys

import pytest

IMPORT = """
import sys
import tracker.app
held = {name.partition(".")[0] for name in sys.modules}
print(*sorted(held & {"rich", "pygments", "psycopg", "alembic", "opentelemetry"}))
from rich.console import Console  # commands that need it still find it
"""


@pytest.mark.parametrize(("needs", "holds"), [("", ""), ("import rich.console\n", "pygments rich")])
def test_a_service_holds_no_console_unless_it_was_there_before(needs: str, holds: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", needs + IMPORT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == holds
