"""python -m bench.backlog [sqlite|postgresql] [EACH]: owed to ten endpoints, one of them silent.

Prints how fast the others get theirs, every five seconds; a flat rate is what is looked for.
"""

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from bench.bed import Bed
from bench.deliveries import ended, owe, settings_of
from bench.processes import CLIENT_CORE, server
from tracker.app import run_workers
from tracker.parts import open_parts

ALIVE = 9
LOOK_S = 5.0


async def run(bed: Bed, kind: str, each: int, receiver: str) -> None:
    """Owe, then deliver until all that can be has been."""
    urls = [f"{receiver}/dead", *(f"{receiver}/{n}" for n in range(ALIVE))]
    async with open_parts(settings_of(bed, kind)) as parts:
        await owe(parts, urls, each)
        print(f"{kind}: {len(urls) * each:,} owed", flush=True)
        began, before = perf_counter(), 0
        async with run_workers(parts):
            while before < ALIVE * each:
                await asyncio.sleep(LOOK_S)
                now = await ended(parts)
                took_s, rate = perf_counter() - began, (now - before) / LOOK_S
                print(f"{took_s:5.0f} s: {now:,} delivered ({rate:,.0f}/s)", flush=True)
                before = now


def main() -> None:
    """Read the arguments, and run."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    each = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder, ExitStack() as stack:
        bed = Bed(Path(folder), quick=False, stack=stack, seconds=1.0, rounds=1)
        if kind == "postgresql":
            bed.postgres_url()  # before this process takes its core
        os.sched_setaffinity(0, CLIENT_CORE)
        with server(["bench.sink"], Path(folder), env={}, ready="/") as sink:
            asyncio.run(run(bed, kind, each, f"http://127.0.0.1:{sink.port}"))


if __name__ == "__main__":
    main()
