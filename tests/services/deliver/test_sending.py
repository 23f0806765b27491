"""Deliveries without a network: what is owed, claimed, sent and settled, on both databases."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.subscribing import OK, create_endpoint, list_owed
from tests.support.waiting import PATIENCE_S
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.delivery import DeliveryState, Endpoint, EndpointState
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.notices import EventFilter
from tracker.domain.policy import Policy
from tracker.domain.task import Task
from tracker.services.deliver.endpoints import Endpoints
from tracker.services.deliver.sending import DeliverySender
from tracker.services.recorder import Recorder
from tracker.store import deliveries, endpoints, tasks
from tracker.store.driver.transaction import Tx
from tracker.telemetry.metrics import LEASES_EXPIRED
from tracker.workers.deliveries import DeliveryLoop

Answer = HttpResult | HttpFailure
BROKEN = HttpFailure(Certainty.UNKNOWN, "no whole answer within 15 s")


pytestmark = pytest.mark.anyio


async def submitted_as(bench: Workbench, name: str) -> Task:
    """A task that the provider has accepted."""
    return await bench.accept_task(await bench.create_queued(name), f"theirs-{name}")


async def happened(bench: Workbench, task: Task, *kinds: EventKind) -> None:
    """Record events, each in a transaction of its own."""

    def batch(tx: Tx, events: Sequence[Event]) -> list[None]:
        recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, [task.key]).values())
        for event in events:
            recorder.record(task.key, event)
        recorder.flush()
        return [None] * len(events)

    for kind in kinds:
        await bench.context.store.write(batch, Event(kind, Source.CALLBACK))


async def now(bench: Workbench, endpoint: Endpoint) -> Endpoint:
    found = await bench.context.store.read(lambda db: endpoints.list_by_key(db, [endpoint.key]))
    return found[endpoint.key]


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - another thread commits
            await asyncio.sleep(0.005)


async def deliver_all(bench: Workbench) -> int:
    """One attempt for everything that is due."""
    delivering = DeliverySender(bench.context)
    lanes = await delivering.list_lanes()
    held = await delivering.claim({lane.name: 100 for lane in lanes})
    for one in held:
        await delivering.deliver(one)
    return len(held)


async def test_an_endpoint_made_by_another_process_is_told_of_the_next_change(
    database_url: str,
) -> None:
    """A process's cache holds only under the stamp it was read under."""
    outbound = ScriptedHttp(lambda _: OK)
    async with (
        open_workbench(database_url, outbound) as one,
        open_workbench(database_url, outbound) as two,
    ):
        (task,) = await one.submit_tasks(1)
        await create_endpoint(one, "http://first.example/")
        await happened(one, task, EventKind.SEEN_RUNNING)
        second = await create_endpoint(two, "http://second.example/")
        await happened(one, task, EventKind.SEEN_SUCCEEDED)
        told = Counter((one.event, one.url) for one in await list_owed(one))
        assert told == {
            ("task.running", "http://first.example/"): 1,
            ("task.succeeded", "http://first.example/"): 1,
            ("task.succeeded", "http://second.example/"): 1,
        }
        await Endpoints(two.context).delete("default", second.id)
        (other,) = [await submitted_as(one, "another")]
        assert [d.url for d in await list_owed(one, task_id=other.id)] == ["http://first.example/"]


async def test_a_set_of_endpoints_that_a_rollback_took_back_is_not_remembered(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        (task,) = await bench.submit_tasks(1)
        endpoint = await create_endpoint(bench)

        def undone(tx: Tx, items: Sequence[Endpoint]) -> list[None]:
            for item in items:
                endpoints.save(tx.db, replace(item, filter=EventFilter(types={"task.failed"})))
                recorder = Recorder(
                    bench.context, tx, tasks.lock_by_key(tx.db, [task.key]).values()
                )
                recorder.record(task.key, Event(EventKind.SEEN_RUNNING, Source.CALLBACK))
                recorder.flush()
            raise RuntimeError("the transaction is rolled back")

        with pytest.raises(RuntimeError):
            await bench.context.store.write(undone, endpoint)
        await happened(bench, task, EventKind.SEEN_RUNNING)
        assert [one.event for one in await list_owed(bench)] == ["task.running"]


async def test_an_id_is_derived_and_the_same_bytes_go_on_every_attempt(database_url: str) -> None:
    answers: list[Answer] = [BROKEN, HttpResult(503, {}, b"later"), OK]
    outbound = ScriptedHttp(lambda _: answers.pop(0))
    async with open_workbench(database_url, outbound) as bench:
        endpoint = await create_endpoint(bench, filter=EventFilter(types={"task.succeeded"}))
        (task,) = await bench.submit_tasks(1)
        await happened(bench, task, EventKind.SEEN_SUCCEEDED)
        for _ in range(3):
            await deliver_all(bench)
            (one,) = await list_owed(bench)
            await bench.context.store.write(_make_due, one.key)
        assert (one.state, one.attempts, one.endpoint_id) == ("delivered", 3, endpoint.id)
        assert {call.headers["webhook-id"] for call in outbound.calls} == {str(one.id)}
        assert len({call.body for call in outbound.calls}) == 1
        made = await bench.context.store.read(lambda db: deliveries.list_attempts(db, one.key))
        assert [(a.status, a.error, a.answer) for a in made] == [
            (None, "no whole answer within 15 s", None),
            (503, "HTTP 503", b"later"),
            (200, None, None),
        ]


def _make_due(tx: Tx, keys: Sequence[int]) -> list[None]:
    """End the pause of deliveries; those that have ended stay."""
    tx.db.exec_driver_sql(
        "UPDATE deliveries SET next_at = created_at WHERE state = 'pending' AND token IS NULL"
    )
    return [None] * len(keys)


async def test_retry_after_makes_the_pause_longer(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: HttpResult(429, {"retry-after": "120"}, b""))
    async with open_workbench(database_url, outbound) as bench:
        await create_endpoint(bench)
        await bench.submit_tasks(1)
        await deliver_all(bench)
        (one,) = await list_owed(bench)
        assert one.last_attempt_at is not None
        assert one.next_at - one.last_attempt_at >= timedelta(seconds=119)


async def test_an_endpoint_that_fails_for_long_is_paused_and_the_others_are_told(
    database_url: str,
) -> None:
    outbound = ScriptedHttp(lambda call: OK if "watch" in call.url else BROKEN)
    policy = Policy(patience=timedelta(0))
    async with open_workbench(database_url, outbound, policy=policy) as bench:
        watching = await create_endpoint(
            bench, "http://watch.example/", filter=EventFilter(types={"endpoint.paused"})
        )
        dead = await create_endpoint(bench, "http://dead.example/")
        await bench.submit_tasks(1)
        await deliver_all(bench)
        paused = await now(bench, dead)
        assert paused.state is EndpointState.PAUSED
        assert "nothing but failures since" in f"{paused.state_reason}"
        assert await deliver_all(bench) == 1
        (told,) = await list_owed(bench, endpoint_id=watching.id)
        assert (told.event, told.state) == ("endpoint.paused", "delivered")
        await submitted_as(bench, "meanwhile")
        assert await deliver_all(bench) == 0
        assert len(await list_owed(bench, endpoint_id=dead.id)) == 2
        outbound.answer = lambda _: OK
        await Endpoints(bench.context).resume("default", dead.id)
        await bench.context.store.write(_make_due, 0)
        assert await deliver_all(bench) == 2
        assert (await now(bench, dead)).failing_since is None


async def test_one_success_ends_a_time_of_failure(database_url: str) -> None:
    answers: list[Answer] = [BROKEN, OK]
    async with open_workbench(database_url, ScriptedHttp(lambda _: answers.pop(0))) as bench:
        endpoint = await create_endpoint(bench)
        await bench.submit_tasks(1)
        await deliver_all(bench)
        assert (await now(bench, endpoint)).failing_since is not None
        await submitted_as(bench, "another")
        await deliver_all(bench)
        assert (await now(bench, endpoint)).failing_since is None


async def test_a_later_change_waits_for_the_earlier_one_where_order_is_asked_for(
    database_url: str,
) -> None:
    outbound = ScriptedHttp(lambda _: BROKEN)
    async with open_workbench(database_url, outbound) as bench:
        ordered = await create_endpoint(bench, "http://ordered.example/", ordered=True)
        await create_endpoint(bench, "http://loose.example/")
        (task,) = await bench.submit_tasks(1)
        await happened(bench, task, EventKind.SEEN_RUNNING, EventKind.SEEN_SUCCEEDED)
        states = [one.state for one in await list_owed(bench, endpoint_id=ordered.id)]
        assert states == ["pending", "waiting", "waiting"]
        assert await deliver_all(bench) == 4
        outbound.answer = lambda _: OK
        sent = []
        for _ in range(3):
            outbound.calls.clear()
            await bench.context.store.write(_make_due, 0)
            await deliver_all(bench)
            sent += [c for c in outbound.calls if "ordered" in c.url]
        assert [call.headers["webhook-id"] for call in sent] == [
            str(one.id) for one in await list_owed(bench, endpoint_id=ordered.id)
        ]
        assert {one.state for one in await list_owed(bench)} == {"delivered"}


async def test_what_waits_goes_once_the_earlier_one_is_given_up(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: BROKEN)
    async with open_workbench(database_url, outbound) as bench:
        await create_endpoint(bench, ordered=True)
        (task,) = await bench.submit_tasks(1)
        await happened(bench, task, EventKind.SEEN_RUNNING)
        for _ in range(10):
            await bench.context.store.write(_make_due, 0)
            await deliver_all(bench)
        first, second = await list_owed(bench)
        assert (first.state, first.attempts, second.state) == ("failed", 10, "pending")


async def test_two_claimants_never_get_the_same(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: OK)
    async with (
        open_workbench(database_url, outbound) as one,
        open_workbench(database_url, outbound) as two,
    ):
        await create_endpoint(one)
        await one.submit_tasks(40)
        claimants = [DeliverySender(bench.context) for bench in (one, two)]
        (lane,) = await claimants[0].list_lanes()
        taken = await asyncio.gather(
            *(claimant.claim({lane.name: 5}) for claimant in claimants * 4)
        )
        keys = [held.claimed.key for some in taken for held in some]
        assert len(keys) == len(set(keys)) == 40


async def test_a_result_that_comes_after_the_lease_changes_nothing_but_is_kept(
    database_url: str,
) -> None:
    policy = Policy(lease=timedelta(0), deliver_timeout_s=0)
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), policy=policy) as bench:
        await create_endpoint(bench)
        await bench.submit_tasks(1)
        late, quick = DeliverySender(bench.context), DeliverySender(bench.context)
        (lane,) = await late.list_lanes()
        (first,) = await late.claim({lane.name: 1})
        before = LEASES_EXPIRED.values[()]
        (second,) = await quick.claim({lane.name: 1})
        assert first.claimed.key == second.claimed.key
        assert (first.claimed.was_left, second.claimed.was_left) == (False, True)
        assert LEASES_EXPIRED.values[()] == before + 1
        await late.deliver(first)
        (one,) = await list_owed(bench)
        assert one.state == "pending"
        await quick.deliver(second)
        (one,) = await list_owed(bench)
        assert (one.state, one.attempts) == ("delivered", 1)
        made = await bench.context.store.read(lambda db: deliveries.list_attempts(db, one.key))
        assert len(made) == 2


async def test_first_attempts_go_before_retries_which_keep_a_quarter(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: BROKEN)
    async with open_workbench(database_url, outbound) as bench:
        endpoint = await create_endpoint(bench, filter=EventFilter(types={"task.submitted"}))
        await bench.submit_tasks(20)
        await deliver_all(bench)
        await bench.context.store.write(_make_due, 0)
        for n in range(20):
            await submitted_as(bench, f"new-{n}")
        delivering = DeliverySender(bench.context)
        held = await delivering.claim({f"endpoint {endpoint.key}": 12})
        assert [one.claimed.tries for one in held] == [0] * 9 + [1] * 3
        assert not any(one.claimed.was_left for one in held)


async def test_a_dead_endpoint_slows_nobody(database_url: str) -> None:
    """Ten endpoints are owed 100 each; one never answers. The others get theirs meanwhile."""
    never = asyncio.Event()
    outbound = SlowReceivers({"dead.example": never})
    async with open_workbench(database_url, outbound) as bench:
        for n in range(9):
            await create_endpoint(bench, f"http://live-{n}.example/")
        dead = await create_endpoint(bench, "http://dead.example/")
        await bench.submit_tasks(100)
        loop = DeliveryLoop(DeliverySender(bench.context), bench.context.clock, drain_s=15)
        running = asyncio.create_task(loop.run())

        async def others_have_theirs() -> bool:
            return len(await list_owed(bench, states=(DeliveryState.DELIVERED,))) == 900

        await until(others_have_theirs)
        assert {one.state for one in await list_owed(bench, endpoint_id=dead.id)} == {"pending"}
        assert outbound.most["dead.example"] <= 8
        never.set()
        loop.stop()
        await running


class SlowReceivers(ScriptedHttp):
    """Answers 200; some hosts only once they may. most: calls under way at once, by host."""

    def __init__(self, silent: dict[str, asyncio.Event]) -> None:
        super().__init__(lambda _: OK)
        self._silent = silent
        self._under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        host = urlsplit(call.url).hostname or ""
        self._under_way[host] += 1
        self.most[host] = max(self.most[host], self._under_way[host])
        try:
            if host in self._silent:
                await self._silent[host].wait()
                return BROKEN
            await asyncio.sleep(0)
            return OK
        finally:
            self._under_way[host] -= 1


@pytest.mark.parametrize(
    "reason", ["a NUL: \x00", "half a pair: \ud800", "\r\n"], ids=["nul", "surrogate", "crlf"]
)
async def test_an_odd_failure_is_kept_in_plain_text(database_url: str, reason: str) -> None:
    outbound = ScriptedHttp(lambda _: HttpFailure(Certainty.UNKNOWN, reason))
    async with open_workbench(database_url, outbound) as bench:
        await create_endpoint(bench)
        await bench.submit_tasks(1)
        await deliver_all(bench)
        (one,) = await list_owed(bench)
        assert (one.attempts, f"{one.last_error}".isprintable()) == (1, True)


async def test_a_delivery_that_raises_counts_and_blocks_nobody(database_url: str) -> None:
    def answer(call: HttpCall) -> Answer:
        if "bad" in call.url:
            raise RuntimeError("a bug of ours")
        return OK

    async with open_workbench(database_url, ScriptedHttp(answer)) as bench:
        bad = await create_endpoint(bench, "http://bad.example/")
        good = await create_endpoint(bench, "http://good.example/")
        await bench.submit_tasks(1)
        assert await deliver_all(bench) == 2
        (failed,), (sent,) = [await list_owed(bench, endpoint_id=one.id) for one in (bad, good)]
        assert (failed.state, failed.attempts, sent.state) == ("pending", 1, "delivered")
        assert failed.next_at > failed.created_at
