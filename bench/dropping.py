"""Rows 37 and 38: how fast retention drops whole tasks, and what callbacks feel of it."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from statistics import median
from time import perf_counter, process_time

import psycopg

from bench import fill
from bench.bed import STATUSES, Bed, counts
from bench.callbacks import CONNECTIONS, TASKS_PER_S, Subject, ours_after
from bench.deliveries import settings_of
from bench.load import Load, paced
from bench.processes import cpu_s
from bench.table import Figure
from tracker.domain.signals import CrashPoint
from tracker.parts import open_parts
from tracker.services.upkeep import retention_plan
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.driver.engine import find_sqlite_file

NEVER = {f"TRACKER_KEEP_{name}": "never" for name in ("INPUTS", "EVIDENCE", "TASKS")}
KEEP = {**NEVER, "TRACKER_KEEP_TASKS": "7d"}
ROWS = {"postgresql": "37", "sqlite": "37x"}


def alone(bed: Bed) -> list[Figure]:
    """Row 37: each database, with nothing beside, until the last batch is committed.

    It rests nowhere, as it is late; what it does once nothing is left does not count.
    """
    return [asyncio.run(_alone(bed, kind)) for kind in bed.kinds]


async def _alone(bed: Bed, kind: str) -> Figure:
    tasks = 20_000 if bed.quick else 1_000_000
    settings = settings_of(bed, kind, **KEEP)
    url = settings.resolve_database_url()
    fill.history(url, 1, tasks, ended="{long_ago}")
    fill.settle(url)
    pids, read = list[int](), list[tuple[float, float, float]]()

    def note(point: CrashPoint) -> None:
        if point is CrashPoint.RETENTION_COMMITTED:
            read[1:] = [(perf_counter(), process_time(), sum(map(cpu_s, pids)))]

    async with open_parts(settings, note) as parts:
        await parts.context.store.write(retention_plan.approve, parts.context.retention)
        chore = RetentionChore(parts.context)
        pids += _backends(url)
        read.append((perf_counter(), process_time(), sum(map(cpu_s, pids))))
        while await chore.drop_for_while() is not None and counts(url, "tasks")[0]:
            pass
    took_s, own_s, server_s = (after - before for before, after in zip(*read, strict=True))
    left, gone = counts(url, "tasks", "gone_tasks")
    assert (left, gone) == (0, tasks), (left, gone)
    raw = (
        f"{tasks:,} tasks in {took_s:.1f} s; processor time of each {own_s / tasks * 1e6:.0f} µs "
        f"of ours, {server_s / tasks * 1e6:.0f} µs of the server"
    )
    return Figure(ROWS[kind], tasks / took_s, raw, kind)


def _backends(url: str) -> list[int]:
    """Return the server's processes that work for a database; none on SQLite."""
    if find_sqlite_file(url) is not None:
        return []
    with psycopg.connect(url, autocommit=True) as db:
        found = db.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
        return [pid for (pid,) in found]


def beside(bed: Bed) -> list[Figure]:
    """Row 38: half of the callbacks/s that a service without retention takes, to one after another.

    The one with retention is late all the while, which is the worst: it never rests. They do not
    run at once, as what one drops would hold up the other.
    """
    return [_beside(bed, kind) for kind in bed.kinds]


def _beside(bed: Bed, kind: str) -> Figure:
    old = 100_000 if bed.quick else 300_000
    with ExitStack() as stack:
        calm = ours_after(bed, stack, kind, 0, old=old, settings=NEVER)
        calm.warm_up()
        rate = calm.take(CONNECTIONS, bed.seconds).rate() / 2
        without = [_half(calm, rate, bed.seconds) for _ in range(bed.rounds)]
    with ExitStack() as stack:
        url = bed.migrated(kind)
        asyncio.run(_approve(url, bed))  # of an empty one: its chore begins with the service
        busy = ours_after(bed, stack, kind, 0, url=url, old=old, settings=KEEP)
        busy.warm_up()
        busy.take(CONNECTIONS, bed.seconds)  # as the calm one was, which then had all counted
        before = _left(url, old)
        with_it = [_half(busy, rate, bed.seconds) for _ in range(bed.rounds)]
        after = _left(url, old)
    assert after > 0, "nothing was left to drop: the row needs more old tasks"
    slow, fast = (median(one.p99 for one in loads) * 1000 for loads in (with_it, without))
    raw = (
        f"p99 {slow:.1f} ÷ {fast:.1f} ms at {rate:,.0f}/s; {before - after:,} of {old:,} tasks "
        "dropped meanwhile"
    )
    return Figure("38", slow / fast, raw, kind)


def _left(url: str, old: int) -> int:
    """Count those of the old tasks, which came first, that are left."""
    return counts(url, f"tasks WHERE key <= {old}")[0]


def _half(subject: Subject, rate: float, seconds: float) -> Load:
    share = rate / (TASKS_PER_S * len(STATUSES))
    ready: Sequence[Sequence[bytes]] = subject.requests(seconds * share + 1 / TASKS_PER_S)
    load = paced(subject.server.port, chain.from_iterable(ready), rate=rate, seconds=seconds)
    assert set(load.answers) == {200}, load.answers
    return load


async def _approve(url: str, bed: Bed) -> None:
    settings = settings_of(bed, url, **KEEP)
    async with open_parts(settings) as parts:
        await parts.context.store.write(retention_plan.approve, parts.context.retention)
