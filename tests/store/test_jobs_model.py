"""Jobs against a model in memory: several claimants, leases that run out, nothing held twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, delete, select

from tests.store.test_gapless_feed import make_tasks, opened
from tracker.domain.work import JobKind
from tracker.store import due_jobs, jobs
from tracker.store.jobs import FreeSlots, Job, NewJob
from tracker.store.schema import jobs as table

START = datetime(2026, 11, 24, tzinfo=UTC)
LEASE = timedelta(seconds=10)
LANES = ("a", "b", "c")
CLAIMANTS = ("one", "two", "three")
CAP = 3
"""Slots of lane `c`; its tasks take one each."""


class Model:
    """The expected content of the table: {task key: entry}."""

    def __init__(self) -> None:
        self.now = START
        self.there: dict[int, dict[str, Any]] = {}

    def is_free(self, key: int) -> bool:
        entry = self.there[key]
        return entry["until"] is None or entry["until"] <= self.now

    def due(self, lane: str) -> list[int]:
        """Task keys that can be claimed, oldest first."""
        found = [
            (entry["run_at"], entry["key"], key)
            for key, entry in self.there.items()
            if entry["lane"] == lane and entry["run_at"] <= self.now and self.is_free(key)
        ]
        return [key for _, _, key in sorted(found)]


class Jobs(RuleBasedStateMachine):
    """Drives `store.jobs` and the model side by side."""

    engine: Engine
    tasks: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.held: dict[str, list[Job]] = {name: [] for name in CLAIMANTS}
        self.claims = 0
        with self.engine.begin() as db:
            db.execute(delete(table))

    @rule(seconds=st.integers(1, 15))
    def time_passes(self, seconds: int) -> None:
        self.model.now += timedelta(seconds=seconds)

    @rule(
        places=st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True),
        delay=st.integers(-5, 20),
    )
    def enqueue(self, places: list[int], delay: int) -> None:
        run_at = self.model.now + timedelta(seconds=delay)
        new = [
            NewJob("default", JobKind.SUBMIT, self.tasks[n], LANES[n % 3], run_at) for n in places
        ]
        with self.engine.begin() as db:
            jobs.enqueue(db, new, now=self.model.now)
            keys = dict(db.execute(select(table.c.task_key, table.c.key)).all())
        for job in new:
            entry = self.model.there.get(job.task_key)
            if entry is None:
                self.model.there[job.task_key] = {
                    "key": keys[job.task_key],
                    "lane": job.lane,
                    "run_at": run_at,
                    "until": None,
                    "token": None,
                    "attempts": 0,
                }
            elif entry["until"] is None:
                entry["run_at"] = min(entry["run_at"], run_at)
            elif run_at <= self.model.now:
                entry["run_at"] = run_at  # whoever holds it is to hear that it is wanted at once

    @rule(
        who=st.sampled_from(CLAIMANTS),
        limit=st.integers(1, 8),
        per_lane=st.integers(1, 4),
        free=st.integers(0, CAP),
    )
    def claim(self, who: str, limit: int, per_lane: int, free: int) -> None:
        self.claims += 1
        token = f"{who}-{self.claims}"
        until = self.model.now + LEASE
        before = {lane: self.model.due(lane) for lane in LANES}
        with self.engine.begin() as db:
            got = jobs.claim(
                db,
                JobKind.SUBMIT,
                token=token,
                now=self.model.now,
                until=until,
                limit=limit,
                per_lane=per_lane,
                rooms={"c": FreeSlots(free, CAP)},
            )
        assert len(got) <= limit
        for lane in LANES:
            taken = [job.task_key for job in got if job.lane == lane]
            most = min(per_lane, free) if lane == "c" else per_lane
            assert len(taken) <= most
            assert sorted(taken) == sorted(before[lane][: len(taken)])  # the oldest, none skipped
        takable = {lane for lane in LANES if before[lane] and (lane != "c" or free)}
        assert bool(got) == bool(takable)
        for job in got:
            entry = self.model.there[job.task_key]
            assert job.attempts == entry["attempts"]
            entry |= {"until": until, "token": token}
        self.held[who] += got

    @rule(who=st.sampled_from(CLAIMANTS))
    def renew(self, who: str) -> None:
        if not self.held[who]:
            return
        until = self.model.now + LEASE
        with self.engine.begin() as db:
            kept = jobs.renew(db, self.held[who], until=until)
        for job in self.held[who]:
            assert (job in kept) == self._is_ours(job)
            if job in kept:
                self.model.there[job.task_key]["until"] = until

    @rule(who=st.sampled_from(CLAIMANTS))
    def finish(self, who: str) -> None:
        for job in self._taken_from(who):
            with self.engine.begin() as db:
                jobs.finish(db, [job])
            if self._is_ours(job):
                del self.model.there[job.task_key]

    @rule(who=st.sampled_from(CLAIMANTS), delay=st.integers(0, 20), spent=st.booleans())
    def reschedule(self, who: str, delay: int, spent: bool) -> None:  # noqa: FBT001 - drawn
        run_at = self.model.now + timedelta(seconds=delay)
        for job in self._taken_from(who):
            with self.engine.begin() as db:
                assert (job in jobs.lock_held(db, [job])) == self._is_ours(job)
                assert jobs.reschedule(db, job, run_at=run_at, spent=spent) == self._is_ours(job)
            if self._is_ours(job):
                entry = self.model.there[job.task_key]
                is_wanted = entry["run_at"] != job.run_at and entry["run_at"] < run_at
                at = entry["run_at"] if is_wanted else run_at
                entry |= {"run_at": at, "until": None, "token": None}
                entry["attempts"] += spent

    @rule(who=st.sampled_from(CLAIMANTS))
    def hand_back(self, who: str) -> None:
        held = self._taken_from(who, most=9)
        if not held:
            return
        with self.engine.begin() as db:
            jobs.release(db, held, now=self.model.now)
        waiting = [one["run_at"] for one in self.model.there.values() if one["until"] is None]
        in_sight = min([self.model.now, *waiting])
        for job in held:
            if self._is_ours(job):
                entry = self.model.there[job.task_key]
                run_at = max(entry["run_at"], in_sight)  # not before what others look through
                entry |= {"run_at": run_at, "until": None, "token": None}

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        with self.engine.connect() as db:
            rows = db.execute(
                select(
                    table.c.task_key,
                    table.c.run_at,
                    table.c.lease_until,
                    table.c.lease_token,
                    table.c.attempts,
                )
            ).all()
            due = due_jobs.count_due(db, now=self.model.now).kinds
            next_due = due_jobs.find_next_due(db, JobKind.SUBMIT)
        assert {row.task_key: tuple(row)[1:] for row in rows} == {
            key: (entry["run_at"], entry["until"], entry["token"], entry["attempts"])
            for key, entry in self.model.there.items()
        }
        assert (due == {JobKind.SUBMIT}) == any(self.model.due(lane) for lane in LANES)
        times = [entry["until"] or entry["run_at"] for entry in self.model.there.values()]
        assert next_due == min(times, default=None)

    @invariant()
    def nobody_holds_what_another_holds(self) -> None:
        ours = [job.key for held in self.held.values() for job in held if self._is_ours(job)]
        assert len(ours) == len(set(ours))

    def _is_ours(self, job: Job) -> bool:
        entry = self.model.there.get(job.task_key)
        return entry is not None and (entry["key"], entry["token"]) == (job.key, job.token)

    def _taken_from(self, who: str, *, most: int = 1) -> list[Job]:
        taken, self.held[who] = self.held[who][:most], self.held[who][most:]
        return taken


def test_claimants_agree_with_the_model(database_url: str, request: pytest.FixtureRequest) -> None:
    is_sqlite = database_url.startswith("sqlite")
    with opened(database_url) as engine:

        class Machine(Jobs):
            pass

        Machine.engine = engine
        Machine.tasks = [task.key for task in make_tasks(engine, 12)]
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=25 if is_sqlite else 12,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
