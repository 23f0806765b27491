"""python -m bench [--quick] [--rows 1,2]: measure, print the table, write it to the docs."""

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench import (
    backups,
    bloat,
    bursts,
    callbacks,
    commands,
    custody,
    dashboard,
    deliveries,
    dropping,
    failovers,
    first_bytes,
    fronts,
    history,
    month,
    polling,
    requests,
    rereads,
    running,
    waiters,
)
from bench.bed import BOTH, Bed
from bench.processes import CLIENT_CORE
from bench.table import Figure, keep, machine, render

PARTS: tuple[tuple[frozenset[int], Callable[[Bed], Sequence[Figure]]], ...] = (
    (frozenset({1, 2, 3, 4, 5}), callbacks.under_load),
    (frozenset({6}), callbacks.one_at_a_time),
    (frozenset({7}), requests.submits),
    (frozenset({8}), requests.gets),
    (frozenset({9}), waiters.idle),
    (frozenset({10}), waiters.wake_up),
    (frozenset({11, 12}), history.grown),
    (frozenset({13}), running.two_processes),
    (frozenset({14}), running.footprint),
    (frozenset({15}), deliveries.beside_httpx),
    (frozenset({15}), deliveries.one_dead),
    (frozenset({16}), fronts.creates),
    (frozenset({17}), polling.open_tasks),
    (frozenset({20}), custody.random_kills),
    (frozenset({21}), custody.sixteen_at_once),
    (frozenset({22}), custody.callbacks_beside),
    (frozenset({23}), custody.inline),
    (frozenset({24}), first_bytes.first_byte),
    (frozenset({25}), bloat.after_callbacks),
    (frozenset({26}), rereads.dry_run),
    (frozenset({27}), bursts.synchronous),
    (frozenset({28}), running.watched),
    (frozenset({29}), backups.beside),
    (frozenset({30}), commands.starts),
    (frozenset({31, 32, 33, 34, 36}), dashboard.pages),
    (frozenset({35}), dashboard.streams),
    (frozenset({37}), dropping.alone),
    (frozenset({38}), dropping.beside),
    (frozenset({39}), failovers.in_a_row),
    (frozenset({40}), month.thirty_days),
)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything; nothing is kept")
    parser.add_argument("--rows", default="", help="numbers of rows, e.g. 1,2; all when left out")
    parser.add_argument(
        "--on",
        choices=BOTH,
        action="append",
        help="for rows 11, 12, 17, 20, 26, 29, 31 to 34, 37, 38 and 40",
    )
    options = parser.parse_args()
    rows = {int(word) for word in options.rows.split(",") if word} or set().union(
        *(numbers for numbers, _ in PARTS)
    )
    command = "make bench" + (f" ROWS={options.rows}" if options.rows else "")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder, ExitStack() as stack:
        bed = Bed(
            Path(folder),
            options.quick,
            stack,
            seconds=0.6 if options.quick else 2.0,
            rounds=3 if options.quick else 7,
            kinds=options.on or BOTH,
        )
        bed.postgres_url()  # before this process takes its core: that server may use every one
        os.sched_setaffinity(0, CLIENT_CORE)
        for numbers, measure in PARTS:
            if numbers & rows:
                figures += measure(bed)
    print(render([asdict(figure) for figure in figures]))
    print(f"\nMachine: {machine()}")
    keep(figures, command=command, is_quick=options.quick)


if __name__ == "__main__":
    main()
