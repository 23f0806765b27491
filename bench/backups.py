"""Row 29: what callbacks feel of a backup every ten seconds, under all the load that it takes."""

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from bench.bed import SECRET, Bed
from bench.callbacks import CONNECTIONS, ours_after
from bench.processes import CORES
from bench.table import Figure
from tests.support.postgres import PROGRAMS
from tracker.store.driver.engine import find_sqlite_file

EVERY_S = 10.0
ROUNDS = 2


def beside(bed: Bed) -> list[Figure]:
    """Each database: loads of twelve seconds, with and without backups in turn."""
    return [_beside(bed, kind) for kind in bed.kinds]


def _beside(bed: Bed, kind: str) -> Figure:
    shorter = 0.4 if bed.quick else 1.0
    seconds, old = EVERY_S * 1.2 * shorter, 20_000 if bed.quick else 300_000
    longer = replace(bed, seconds=seconds, rounds=2 * ROUNDS)
    with ExitStack() as stack:
        ours = ours_after(longer, stack, kind, 0, old=old)
        ours.warm_up()
        made = Backups(ours.url, bed.folder / f"backups-{kind}", EVERY_S * shorter)
        for _ in range(ROUNDS):
            ours.take(CONNECTIONS, seconds)
            with made:
                ours.take(CONNECTIONS, seconds)
    without, beside_it = ours.loads[::2], ours.loads[1::2]
    fast, slow = (median(one.p99 for one in loads) * 1000 for loads in (without, beside_it))
    rates = [median(one.rate() for one in loads) for loads in (without, beside_it)]
    raw = (
        f"p99 {slow:.1f} ÷ {fast:.1f} ms; {rates[1]:,.0f} of {rates[0]:,.0f} callbacks/s; "
        f"{len(made.took_s)} backups of {median(made.took_s):.1f} s, {made.failed} failed"
    )
    assert not made.failed, raw
    return Figure("29", slow / fast, raw, kind)


@dataclass
class Backups:
    """Backups as an operator makes them, one every so often while the block lasts.

    took_s: how long each took. failed: how many did not end with 0: each is checked as it is made.
    """

    url: str
    folder: Path
    every_s: float
    took_s: list[float] = field(default_factory=list)
    failed: int = 0

    def __enter__(self) -> None:
        """Begin."""
        self.folder.mkdir(exist_ok=True)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        os.sched_setaffinity(0, CORES)  # of this thread: they take whichever core is free
        while not self._is_over.is_set():
            began = time.monotonic()
            self.failed += not self._make(self.folder / str(len(self.took_s)))
            self.took_s.append(time.monotonic() - began)
            self._is_over.wait(max(0.0, began + self.every_s - time.monotonic()))

    def _make(self, destination: Path) -> bool:
        dumped: list[str | Path] = []
        if find_sqlite_file(self.url) is None:
            dump = self.folder / "dump"
            program: list[str | Path] = [PROGRAMS / "pg_dump", "--format=custom"]
            if subprocess.run([*program, f"--file={dump}", self.url], check=False).returncode:
                return False
            dumped = ["--dump", dump]
        done = subprocess.run(
            [sys.executable, "-m", "tracker", "backup", *dumped, destination],
            env=os.environ | {"DATABASE_URL": self.url, "TRACKER_CALLBACK_SECRETS": SECRET},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode == 0
