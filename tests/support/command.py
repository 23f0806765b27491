"""Run a command to its end: a process of its own, which need not import anything first."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.memory import find_memory_folder
from tests.support.service import Process


@dataclass(frozen=True, slots=True)
class Done:
    """Its exit status, negative for the signal that ended it, and its output."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, module: str = "tracker", **env: str) -> Done:
    """Run `tracker`, or another module, with these arguments, and with only these settings."""
    with tempfile.TemporaryDirectory(dir=find_memory_folder(), prefix="tracker-command-") as folder:
        out, log = Path(folder, "out"), Path(folder, "err")
        with Process(arguments, env, log, module, out) as process:
            status = process.join()
        return Done(status, out.read_text(), log.read_text())
