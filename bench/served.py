"""python -m bench.served: processor time of a callback in the whole service.

`tracker serve` with its workers takes callbacks from 64 connections, as in rows 1 and 2, and all of
its threads are counted: what is done beside callbacks (files, polls, counting) costs them too. The
files of the results lie at a host that does not exist. To compare two checkouts, run it in each in
turn.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.bed import BOTH, Bed
from bench.callbacks import CONNECTIONS, ours_after
from bench.processes import cpu_s


def main() -> None:
    """Measure on one database."""
    parser = argparse.ArgumentParser(prog="python -m bench.served", description=__doc__)
    parser.add_argument("--on", choices=BOTH, default="sqlite")
    parser.add_argument("--seconds", type=float, default=3, help="of each load")
    parser.add_argument("--rounds", type=int, default=3, help="loads, of which the least counts")
    parser.add_argument("--set", action="append", default=[], help="a setting: NAME=VALUE")
    options = parser.parse_args()
    more = dict(one.split("=", 1) for one in options.set)
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder, ExitStack() as stack:
        bed = Bed(
            Path(folder),
            quick=True,
            stack=stack,
            seconds=options.seconds,
            rounds=options.rounds,
        )
        ours = ours_after(bed, stack, options.on, 0, settings=more)
        ours.warm_up()
        took = []
        for _ in range(options.rounds):
            before_s, before = cpu_s(ours.server.pid), ours.answered
            ours.take(CONNECTIONS, options.seconds)
            used_s, answered = cpu_s(ours.server.pid) - before_s, ours.answered - before
            took.append(used_s / answered * 1e6)
            print(f"{took[-1]:.1f} µs a callback, {ours.loads[-1].rate():,.0f}/s")
        print(f"least: {min(took):.1f} µs a callback")


if __name__ == "__main__":
    main()
