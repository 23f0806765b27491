"""Deliveries: look what is due, claim in batches, send, keep each destination busy.

Deliveries are their own queue and not jobs: they are claimed many at a time, and each destination
has places of its own, fewer while it fails (domain/pacing.py).
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.pacing import Pace
from tracker.services.deliver.sending import DeliverySender, Held
from tracker.store.delivery_queue import MOST_LANES, DeliveryLane
from tracker.workers.loop import IDLE_S, Loop

log = logging.getLogger(__name__)

MOST_HELD = 512
"""Deliveries that a process holds at once."""
BETWEEN_LOOKS_S = 0.01
"""Shortest pause between two looks of many in a row: what comes meanwhile is claimed together."""
LOOKS_SAVED = 4
"""Looks that may follow each other without a pause after as many pauses without a look: whoever
comes next after a single one waits for nobody."""
REST_OF_A_LANE_S = 0.0002
"""Most that is rested after a look for each destination that it found, as long as the look itself
at most: it takes its time where they are thousands. Where they are few it took long because others
were before it, and what has come meanwhile need not wait as long again."""
_REMEMBERED = 4096
"""Destinations whose pace is remembered while nothing is held for them."""


@dataclass(slots=True)
class _Destination:
    """has_more: the last claim left something due behind."""

    pace: Pace = field(default_factory=Pace)
    ready: deque[Held] = field(default_factory=deque)
    has_more: bool = False


class RestTimes:
    """How long to rest after a look."""

    def __init__(self) -> None:
        """None was had yet."""
        self._until_s = 0.0

    def compute_rest(self, began_s: float, ended_s: float, found: int) -> float:
        """Return the rest in seconds. found: destinations: of very many a look takes its time."""
        long_s = min(ended_s - began_s, found * REST_OF_A_LANE_S)
        from_s = max(self._until_s, ended_s - BETWEEN_LOOKS_S * LOOKS_SAVED)
        self._until_s = from_s + max(BETWEEN_LOOKS_S, long_s)
        return max(0.0, self._until_s - ended_s)


class DeliveryLoop(Loop[Held]):
    """Delivers until it is told to stop."""

    def __init__(self, delivering: DeliverySender, clock: Clock, *, drain_s: float) -> None:
        """drain_s: how long what is under way may take to end when we stop."""
        super().__init__("deliveries", drain_s=drain_s)
        self._delivering = delivering
        self._clock = clock
        self._destinations: dict[str, _Destination] = {}
        self._releasing: set[asyncio.Task[None]] = set()
        self._found = 0
        self._rests = RestTimes()
        self._is_looking = self._is_awaited = False
        self._urgent = ExitStack()

    def wake(self) -> None:
        """There may be something to do now: that is urgent from here on until it is looked for."""
        if not (self._is_looking or self._is_awaited):
            self._is_awaited = True
            self._urgent.enter_context(self._delivering.precedence)
        super().wake()

    async def _step(self) -> float:
        """Look, and rest a while."""
        began = self._clock.monotonic()
        with self._delivering.precedence:
            self._is_looking = True
            self._await_nothing()
            pause_s = await super()._step()
            self._is_looking = False
        rest_s = self._rests.compute_rest(began, self._clock.monotonic(), self._found)
        if rest_s:
            if self._woken.is_set():
                self.wake()
            await self._clock.sleep(rest_s)
        return pause_s

    async def _drain(self) -> None:
        self._await_nothing()
        self._is_looking = True  # for the last time: nothing is looked for any more
        await super()._drain()

    def _await_nothing(self) -> None:
        self._is_awaited = False
        self._urgent.close()

    async def _look(self) -> float:
        lanes = await self._delivering.list_lanes()
        self._found = len(lanes)
        wanted = self._plan(lanes)
        claimed = await self._delivering.claim(wanted) if wanted else []
        for held in claimed:
            destination = self._destinations.setdefault(held.claimed.lane, _Destination())
            destination.pace.claimed += 1
            destination.ready.append(held)
        taken = Counter(held.claimed.lane for held in claimed)
        now = self._clock.now()
        for lane in lanes:
            known = self._destinations.get(lane.name)
            if known is not None:
                is_full = taken[lane.name] == wanted.get(lane.name, 0)
                known.has_more = lane.due_at <= now and is_full
        for name in taken:
            self._fill(name)
        self._forget()
        waits = [(lane.due_at - now).total_seconds() for lane in lanes if lane.due_at > now]
        return min([IDLE_S, *waits])

    def _plan(self, lanes: Sequence[DeliveryLane]) -> dict[str, int]:
        """Return how many to claim of which lanes. The rest of our room is shared out evenly."""
        now = self._clock.now()
        left = MOST_HELD - sum(one.pace.claimed for one in self._destinations.values())
        rooms = {
            lane.name: room
            for lane in lanes
            if lane.due_at <= now and (room := self._get_pace(lane.name).room) > 0
        }
        wanted: dict[str, int] = {}
        for place, (lane, room) in enumerate(list(rooms.items())[:MOST_LANES]):
            share = -(-left // (min(len(rooms), MOST_LANES) - place))
            if (fitting := min(share, room)) > 0:
                wanted[lane] = fitting
                left -= fitting
        return wanted

    def _get_pace(self, lane: str) -> Pace:
        known = self._destinations.get(lane)
        return Pace() if known is None else known.pace

    def _fill(self, lane: str) -> None:
        """Send what is ready for a destination, as far as its places go."""
        destination = self._destinations[lane]
        pace, late = destination.pace, []
        while destination.ready and pace.may_start and not self._stopping.is_set():
            held = destination.ready.popleft()
            if held.start_by_s < self._clock.monotonic():
                late.append(held)
                continue
            pace.under_way += 1
            self._start(self._carry_out(held), held)
        if late:
            pace.claimed -= len(late)
            releasing = asyncio.create_task(self._release(late))
            self._releasing.add(releasing)
            releasing.add_done_callback(self._releasing.discard)
        # Before the places run empty, others are claimed for them.
        if destination.has_more and pace.room > pace.claimed:
            self._woken.set()

    async def _carry_out(self, held: Held) -> None:
        pace = self._destinations[held.claimed.lane].pace
        with structlog.contextvars.bound_contextvars(
            delivery=str(held.claimed.id), task=held.claimed.task_key
        ):
            try:
                accepted = await self._delivering.deliver(held)
            except Unavailable as error:
                log.warning(
                    "an outcome was not recorded: %(reason)s; it will be sent again",
                    {"reason": error},
                )
            except Exception:
                log.exception("a delivery raised; it becomes due again by itself")
                pace.note_failure()
            else:
                pace.note_success() if accepted else pace.note_failure()

    def _handle_finished(self, work: Held) -> None:
        pace = self._destinations[work.claimed.lane].pace
        pace.under_way -= 1
        pace.claimed -= 1
        self._fill(work.claimed.lane)

    async def _release(self, held: Sequence[Held]) -> None:
        try:
            await self._delivering.release(held)
        except Unavailable as error:
            log.warning(
                "deliveries were not handed back: %(reason)s; they become due again",
                {"reason": error},
            )

    def _forget(self) -> None:
        """Forget destinations that nothing is held for, when there are too many."""
        if len(self._destinations) > _REMEMBERED:
            self._destinations = {
                lane: one for lane, one in self._destinations.items() if one.pace.claimed
            }

    async def _hand_back(self, unfinished: Sequence[Held]) -> None:
        untried = [held for one in self._destinations.values() for held in one.ready]
        untried += unfinished
        if untried:
            await self._release(untried)
        await asyncio.gather(*self._releasing)
