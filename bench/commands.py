"""Row 30: what the command line costs before it does anything, in seconds of a processor."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.bed import Bed
from bench.table import Figure


def starts(bed: Bed) -> list[Figure]:
    """Row 30. A start counts with everything that it imports; the service's part does not."""
    with bed.service(bed.migrated("sqlite"), "--no-worker") as server:
        asked: list[tuple[str, str, list[str], dict[str, str]]] = [
            ("30", "--version", ["--version"], {}),
            ("30", "--help", ["--help"], {}),
            (
                "30",
                "tasks list",
                ["tasks", "list"],
                {"TRACKER_URL": f"http://127.0.0.1:{server.port}"},
            ),
            (
                "30x",
                "TAB",
                [],
                {
                    "_TRACKER_COMPLETE": "bash_complete",
                    "COMP_WORDS": "tracker tasks ",
                    "COMP_CWORD": "2",
                },
            ),
        ]
        return [
            Figure(row, median(_cpu_s(arguments, env) for _ in range(bed.rounds)), "of a start", of)
            for row, of, arguments, env in asked
        ]


def _cpu_s(arguments: list[str], env: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).with_name("tracker")), *arguments]
    subprocess.run(command, env=dict(os.environ) | env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
