"""Row 17: one worker with 10,000 open tasks of a provider with batches, and of one without."""

import time
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import insert, select

from bench.bed import Bed
from bench.processes import CLIENT_CORE, Server, cpu_s, server
from bench.table import Figure
from tracker.clock import make_id
from tracker.domain.call_rate import CallRate, look_spacing_s
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind, build_lane
from tracker.store.driver.engine import open_engine
from tracker.store.jobs import build_dedup_key
from tracker.store.schema import jobs, tasks

TASKS = 10_000
YOUNGEST_S, OLDEST_S = 300.0, 900.0
"""Ages at the start. A task of unknown length is looked at after a quarter of its age."""


@dataclass(frozen=True)
class Upstream:
    """A provider, and what it documents: seconds between looks, tasks of a call, its rate."""

    provider: str
    operation: str
    options: Mapping[str, str]
    path: str
    spacing_s: float
    together: int
    rate: CallRate | None = None


UPSTREAMS = (
    # Documents no limit; these are the adapter's own.
    Upstream("midjourney", "imagine", {"PROFILE": "new-api"}, "/mj", spacing_s=5.0, together=100),
    # docs.dev.runwayml.com, "Polling", 2026-11: no more often than every five seconds.
    Upstream("runway", "text_to_video", {}, "", spacing_s=5.0, together=1),
    # replicate.com/docs/topics/predictions/rate-limits, 2026-11.
    Upstream(
        "replicate", "predictions", {}, "/v1", spacing_s=0.0, together=1, rate=CallRate(3000, 60)
    ),
)


@dataclass(frozen=True)
class _Watched:
    """One run: the share of a core, how late the looks are, and the calls that were made."""

    core: float
    late: float
    calls: int
    looks: int


def open_tasks(bed: Bed) -> list[Figure]:
    """Row 17."""
    figures = []
    for kind in bed.kinds:
        for upstream in UPSTREAMS:
            seen = _run(bed, kind, upstream)
            of, raw = (
                f"{kind}, {upstream.provider}",
                f"{seen.looks:,} looks in {seen.calls:,} calls",
            )
            figures.append(Figure("17", seen.late, raw, of))
            figures.append(Figure("17x", seen.core * 100, raw, of))
    return figures


def _run(bed: Bed, kind: str, upstream: Upstream) -> _Watched:
    url, count = bed.migrated(kind), TASKS // 5 if bed.quick else TASKS
    name = f"TRACKER_{upstream.provider.upper()}"
    with ExitStack() as stack:
        words = ["uvicorn", "bench.upstream:app", "--port", "{port}", "--no-access-log"]
        there = stack.enter_context(
            server(words, bed.folder, env={}, ready="/ready", cores=CLIENT_CORE)
        )
        looked = _fill(url, upstream, count)
        account = {f"{name}_{key}": value for key, value in upstream.options.items()}
        account |= {
            f"{name}_API_KEY": "a-key-for-measuring-only",
            f"{name}_BASE_URL": f"http://127.0.0.1:{there.port}{upstream.path}",
        }
        ours = stack.enter_context(bed.service(url, **account))
        began, used_s = time.time(), cpu_s(ours.pid)
        time.sleep(15 if bed.quick else 90)
        used_s, took_s = cpu_s(ours.pid) - used_s, time.time() - began
        facts, planned, now = _facts(there), _planned(url), time.time()
    assert facts["shortest_gap_s"] >= upstream.spacing_s, facts["shortest_gap_s"]
    assert facts["most_ids"] <= upstream.together, facts["most_ids"]
    if (rate := upstream.rate) is not None:
        times = facts["times"]
        most = max(bisect_left(times, at + rate.seconds) - n for n, at in enumerate(times))
        assert most <= rate.calls, most
    last = looked | facts["looks"]
    late = sorted((now - last[id_]) / (planned[id_] - last[id_]) for id_ in last)
    return _Watched(
        used_s / took_s, late[int(len(late) * 0.95)], facts["calls"], len(facts["looks"])
    )


def _facts(there: Server) -> dict[str, Any]:
    found = httpx.get(f"http://127.0.0.1:{there.port}/ready", trust_env=False)
    facts: dict[str, Any] = found.raise_for_status().json()
    return facts


def _fill(url: str, upstream: Upstream, count: int) -> dict[str, float]:
    """Write tasks of all ages, each to be looked at again when it is due.

    Returns when each was looked at last, in seconds since 1970, by its provider's id.
    """
    now, looked, rows, due = datetime.now(UTC), {}, [], []
    least_s = 0.0
    if upstream.rate is not None:
        least_s = look_spacing_s(upstream.rate, open_tasks=count, together=upstream.together)
    for number in range(1, count + 1):
        age_s = YOUNGEST_S + (OLDEST_S - YOUNGEST_S) * number / count
        pause_s = max(age_s / 4, least_s)
        # By a step that shares no factor with it, so that ages and due times are not in step.
        run_at = now + timedelta(seconds=pause_s * (number * 7919 % count) / count)
        began, name = now - timedelta(seconds=age_s), f"{number:016d}"
        looked[name] = run_at.timestamp() - pause_s
        rows.append(
            {
                "key": number,
                "id": make_id(),
                "tenant": "default",
                "provider": upstream.provider,
                "account": "default",
                "operation": upstream.operation,
                "external_task_id": f"b-{number}",
                "provider_task_id": name,
                "state": TaskState.RUNNING.value,
                "version": 3,
                "overdue": False,
                "slots": 1,
                "slots_held": 1,
                "absences": 0,
                "created_at": began,
                "updated_at": began,
                "submitted_at": began,
                "deadline_at": now + timedelta(days=1),
                "give_up_at": now + timedelta(days=1),
            }
        )
        due.append(
            {
                "tenant": "default",
                "kind": JobKind.RECONCILE.value,
                "task_key": number,
                "dedup_key": build_dedup_key(JobKind.RECONCILE, number),
                "lane": build_lane(upstream.provider, "default"),
                "run_at": run_at,
                "attempts": 0,
                "created_at": now,
            }
        )
    engine = open_engine(url, pool_size=1)
    with engine.begin() as db:
        db.execute(insert(tasks), rows)
        db.execute(insert(jobs), due)
    engine.dispose()
    return looked


def _planned(url: str) -> dict[str, float]:
    """Return when each task is to be looked at next, in seconds since 1970."""
    wanted = select(tasks.c.provider_task_id, jobs.c.run_at).join(
        jobs, jobs.c.task_key == tasks.c.key
    )
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    with engine.connect() as db:
        found = {name: run_at.timestamp() for name, run_at in db.execute(wanted)}
    engine.dispose()
    return found
