"""Callbacks and deliveries go before slices of work that lasts, which go one after another."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from tests.support.subscribing import create_endpoint
from tests.support.upstream import Asked, Upstream, build_json_answer
from tests.support.waiting import wait_for_condition
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.clock import SystemClock
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.signals import CrashPoint
from tracker.egress.client import EgressClient
from tracker.precedence import BACKGROUND_SHARE, CROWD, CROWDED_S, PAUSE_S, Background, Precedence
from tracker.services.deliver.sending import DeliverySender
from tracker.workers.deliveries import DeliveryLoop

pytestmark = pytest.mark.anyio


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


class Sleeper(SystemClock):
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def monotonic(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.at_s += seconds


async def turns() -> None:
    """Let everybody go on as far as they can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def slices(precedence: Precedence, done: list[int], name: int, number: int = 1) -> None:
    for _ in range(number):
        await precedence.give_way()
        done.append(name)


async def test_one_turn_of_the_loop_holds_one_slice_and_all_take_turns() -> None:
    precedence, done, most = Precedence(Hand()), list[int](), 0
    async with asyncio.TaskGroup() as group:
        for name in range(20):
            group.create_task(slices(precedence, done, name, 3))
        while len(done) < 60:
            before = len(done)
            await asyncio.sleep(0)
            most = max(most, len(done) - before)
    assert most == 1
    assert done == [0, *range(20), *range(20), *range(1, 20)]


async def test_slices_wait_for_what_is_urgent_and_go_on_all_the_same() -> None:
    hand, done = Hand(), list[int]()
    precedence = Precedence(hand)
    async with asyncio.TaskGroup() as group:
        with precedence, precedence:
            for name in range(4):
                group.create_task(slices(precedence, done, name))
            await turns()
            assert (done, precedence.waiting) == ([0], 3)
            hand.at_s += PAUSE_S
            await wait_for_condition(lambda: precedence.waiting == 2)
            await turns()
            assert done == [0, 1]
        await turns()
    assert done == [0, 1, 2, 3]
    assert not precedence.is_urgent


async def test_what_began_first_ends_first() -> None:
    precedence, done = Precedence(Hand()), list[int]()

    async def work(name: int) -> None:
        place = precedence.take_place()
        for _ in range(3):
            await precedence.give_way(place)
            done.append(name)

    async with asyncio.TaskGroup() as group:
        with precedence:
            await precedence.give_way()
            for name in range(4):
                group.create_task(work(name))
            group.create_task(slices(precedence, done, 9, 2))
            await wait_for_condition(lambda: precedence.waiting == 5)
    assert done == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 9, 9]


async def test_who_leaves_takes_no_turn_and_what_raises_is_over() -> None:
    precedence, done = Precedence(Hand()), list[int]()
    with contextlib.suppress(TimeoutError), precedence:
        waiting = [asyncio.create_task(slices(precedence, done, one)) for one in range(5)]
        await turns()
        waiting[1].cancel()
        waiting[3].cancel()
        raise TimeoutError
    await asyncio.wait(waiting)
    assert done == [0, 2, 4]


async def test_calls_that_last_and_large_answers_give_way_and_other_calls_do_not() -> None:
    hand, told = Hand(), count()
    precedence = Precedence(hand)
    egress = EgressClient(("127.0.0.0/8",), precedence=precedence)
    body = b"0" * 1_000_000

    def answer(asked: Asked) -> list[bytes]:
        assert [*asked.body]
        next(told)
        return [build_json_answer(body)]

    with Upstream(answer) as upstream:
        slow = HttpCall("POST", upstream.url, {}, b"{}", lasts_s=60.0)
        with precedence:
            lasting = [asyncio.create_task(egress.call_provider(slow)) for _ in range(5)]
            await wait_for_condition(lambda: precedence.waiting == 5)
            assert await egress.call_guarded(HttpCall("POST", upstream.url, {}, b"{}"))
            assert next(told) == 1
            assert precedence.waiting == 5
        answers = await asyncio.gather(*lasting)
    await egress.close()
    assert [one for one in answers if not isinstance(one, HttpResult) or one.body != body] == []


async def test_a_callback_is_urgent_until_its_commit_and_a_create_is_not(database_url: str) -> None:
    urgent: list[bool] = []
    asked: list[Callable[[], bool]] = []

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY and asked:
            urgent.append(asked[0]())

    http = ScriptedHttp(lambda _: HttpResult(200, {}, b"{}"))
    async with open_workbench(database_url, http, signal=at) as bench:
        asked.append(lambda: bench.context.precedence.is_urgent)
        task = await bench.create_queued("ours")
        assert urgent == [False]
        await bench.call_back(task, {"id": "theirs", "state": "running"})
        assert urgent == [False, True]
        assert not bench.context.precedence.is_urgent


class SlowSubscriber(ScriptedHttp):
    """Answers once everybody else could have gone on; notes what was done until then."""

    def __init__(self, done: Callable[[], int]) -> None:
        super().__init__(lambda _: HttpResult(200, {}, b""))
        self.done_within: list[int] = []
        self._done = done

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        before = self._done()
        await turns()
        self.done_within.append(self._done() - before)
        return await self.call_provider(call)


async def test_a_delivery_goes_before_the_slices_of_many_pictures(database_url: str) -> None:
    """The clock stands still, so that the order alone decides: not one slice while it is out."""
    hand, done, urgent = Hand(), list[int](), list[bool]()
    precedence = Precedence(hand)
    http = SlowSubscriber(lambda: len(done))

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY:
            urgent.append(precedence.is_urgent)

    async def picture(name: int) -> None:
        place = precedence.take_place()
        for _ in range(3):
            await precedence.give_way(place)
            done.append(name)

    async with open_workbench(database_url, http, signal=at) as bench:
        await create_endpoint(bench, "http://subscriber.example/")
        task = await bench.create_queued("ours")
        await bench.accept_task(task, "theirs")
        delivering = DeliverySender(replace(bench.context, precedence=precedence))
        urgent.clear()
        held = await delivering.claim({lane.name: 9 for lane in await delivering.list_lanes()})
        assert urgent == [True]
        async with asyncio.TaskGroup() as group:
            await precedence.give_way()
            for name in range(200):
                group.create_task(picture(name))
            assert await delivering.deliver(held[0])
    assert (len(held) > 0, http.done_within) == (True, [0])
    assert done == [name for name in range(200) for _ in range(3)]


async def test_what_runs_in_the_background_rests_beside_a_crowd_of_callbacks_alone() -> None:
    clock = Sleeper()
    precedence = Precedence(clock.monotonic)
    background = Background(precedence, clock)

    async def ten_pieces_s() -> float:
        began_s = clock.at_s
        for _ in range(10):
            await background.give_way(0.001)
        return clock.at_s - began_s

    with contextlib.ExitStack() as held:  # deliveries, which may wait for their receivers for long
        for _ in range(CROWD):
            held.enter_context(precedence)
        for _ in range(CROWD - 1):
            precedence.begin()
        assert await ten_pieces_s() == 0
    precedence.begin()
    rest_s = 0.001 / BACKGROUND_SHARE
    assert 2 * rest_s == CROWDED_S
    assert await ten_pieces_s() == CROWDED_S  # two rests, and the crowd is gone
    assert await ten_pieces_s() == 0


async def test_what_cannot_be_cut_waits_for_a_lull_and_not_for_ever() -> None:
    precedence, done = Precedence(), list[str]()

    async def end_of(name: str, at_most_s: float) -> None:
        await precedence.wait_for_lull(at_most_s)
        done.append(name)

    await end_of("at once", 0.0)
    async with asyncio.TaskGroup() as group:
        with precedence:
            group.create_task(end_of("patient", 60))
            await end_of("impatient", 0.001)
            with precedence:
                await turns()
            await turns()  # one thing ended, another is under way
            assert done == ["at once", "impatient"]
    assert done == ["at once", "impatient", "patient"]


async def test_a_delivery_is_urgent_from_its_commit_until_it_is_sent(sqlite_url: str) -> None:
    http = ScriptedHttp(lambda _: HttpResult(200, {}, b""))
    async with open_workbench(sqlite_url, http) as bench:
        await create_endpoint(bench, "http://subscriber.example/")
        precedence = bench.context.precedence
        loop = DeliveryLoop(DeliverySender(bench.context), bench.context.clock, drain_s=15)
        bench.context.store.call_on_commit(lambda kinds, _: loop.wake() if kinds else None)
        running = asyncio.create_task(loop.run())
        for number in range(1, 4):
            await bench.accept_task(await bench.create_queued(f"ours-{number}"), f"theirs-{number}")
            await precedence.wait_for_lull(60)
            assert len(http.calls) == number
        for _ in range(2):
            loop.wake()
            assert precedence.is_urgent
            await precedence.wait_for_lull(60)
            assert not precedence.is_urgent
        loop.stop()
        await running
        assert not precedence.is_urgent
