"""Remember which creates were answered in vain, so that their repeats get the task of the first.

Clients repeat a create whose connection broke, and most say nothing of it. An equal create is such
a repeat only if an earlier one's answer did not arrive; two equal creates that were both answered
are two tasks. Nothing is written for an answer that arrives.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tracker.domain.errors import Unavailable
from tracker.domain.presence import GONE_LEASES
from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.store import lost_answers, processes
from tracker.store.driver.transaction import Tx
from tracker.store.lost_answers import CreateName, LostAnswer, TimeSpan

log = logging.getLogger(__name__)

_LEAST_HELD_S = 60
"""So long any answer may have been held back when its process died."""
_DOUBTED_S = 60.0
"""So long after its start a process takes into account that another may have died before it."""


@dataclass(slots=True, eq=False)
class PendingAnswer:
    """The answer to one create, until it is known whether it arrived.

    held_s:   how long it may be held back.
    task_key: of the task that was made or found; None before the commit.
    is_over:  set when nothing more is to be done about it.
    """

    name: CreateName
    began_at: datetime
    owner: "LostAnswers"
    held_s: int = 0
    task_key: int | None = None
    is_lost: bool = False
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def note_task(self, task: Task) -> None:
        """Note the task that the client is about to be told of."""
        self.task_key = task.key
        if self.is_lost:
            self.owner.write_soon(self)

    def tell(self, is_delivered: bool) -> None:  # noqa: FBT001 - a callback with one argument
        """Note whether the answer arrived."""
        if is_delivered:
            self.owner.drop(self)
            return
        self.is_lost = True
        if self.task_key is not None:
            self.owner.write_soon(self)


class LostAnswers:
    """Knows the answers of this process that have not arrived yet, and records those that will not.

    One per process.
    """

    def __init__(self, context: Context) -> None:
        """Nothing was asked yet."""
        self._context = context
        self._pending: dict[CreateName, list[PendingAnswer]] = {}
        self._doubts: dict[CreateName, TimeSpan] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._died: TimeSpan | None = None
        self._started_at = context.clock.now()
        self._asked_of_dead: set[CreateName] = set()

    @property
    def kept(self) -> timedelta:
        """Return how long a create may be repeated."""
        return self._context.policy.keep_lost_answers

    async def look_back(self) -> None:
        """Find out whether a process ended here without notice: its answers may be lost.

        What was made later than the dead process can have lived was made, and answered, by another.
        Call it before this process is seen itself.
        """
        clock = self._context.clock
        try:
            # The time is asked for once connected: it is the server's then.
            left = await self._context.store.read(
                lambda db: processes.list_alive(db, since=clock.now() - self.kept)
            )
        except Unavailable as error:
            log.warning("whether a process died is not known: %(reason)s", {"reason": error})
            return
        if left:
            seen = [one.seen_at for one in left]
            until = min(clock.now(), max(seen) + self._context.policy.lease * GONE_LEASES)
            self._died = TimeSpan(min(seen), until)

    def begin(self, name: CreateName, *, held_s: int = 0) -> PendingAnswer:
        """Begin to answer a create. The caller tells `made` or `failed`, and `tell`.

        held_s: how long the answer may be held back.
        """
        answer = PendingAnswer(name, self._context.clock.now(), self, held_s)
        self._pending.setdefault(name, []).append(answer)
        return answer

    async def settle(self, answer: PendingAnswer) -> TimeSpan | None:
        """Wait until every lost answer to an equal create is on record.

        Returns the time within which another task may have been made for the same call; None for
        the usual case that there was no such accident.
        """
        name = answer.name
        for other in list(self._pending.get(name, ())):
            if other is not answer and other.is_lost:
                await other.is_over.wait()
        doubt = self._doubts.pop(name, None)
        if doubt is not None:
            return doubt
        died = self._died
        if died is None or name in self._asked_of_dead:
            return None
        if (answer.began_at - self._started_at).total_seconds() > _DOUBTED_S:
            self._died = None
            self._asked_of_dead.clear()
            return None
        self._asked_of_dead.add(name)
        return replace(died, since=died.since - _find_longest_held(answer))

    def note_refusal(self, answer: PendingAnswer, error: BaseException) -> None:
        """Note that the create was refused. After Unavailable it may still have been made."""
        if isinstance(error, Unavailable):
            self._record_doubt(answer)
        self.drop(answer)

    def drop(self, answer: PendingAnswer) -> None:
        """Forget an answer."""
        equal = self._pending.get(answer.name, [])
        if answer in equal:
            equal.remove(answer)
        if not equal:
            self._pending.pop(answer.name, None)
        answer.is_over.set()

    def write_soon(self, answer: PendingAnswer) -> None:
        """Record a lost answer as soon as the database takes it."""
        writing = asyncio.get_running_loop().create_task(self._write(answer))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def flush(self) -> None:
        """Wait until everything is written; drop doubts that are too old."""
        if self._writing:
            await asyncio.wait(self._writing)
        now = self._context.clock.now()
        self._doubts = {name: span for name, span in self._doubts.items() if span.until > now}

    def _record_doubt(self, answer: PendingAnswer) -> None:
        until = answer.began_at + self.kept
        self._doubts[answer.name] = TimeSpan(answer.began_at, until)

    async def _write(self, answer: PendingAnswer) -> None:
        assert answer.task_key is not None  # noqa: S101 - written once it is known
        try:
            lost = LostAnswer(answer.name, answer.task_key)
            await self._context.store.write(_record, lost, is_patient=True)
        except Unavailable as error:
            log.warning(
                "a lost answer is known to this process alone: %(reason)s", {"reason": error}
            )
            self._record_doubt(answer)
        self.drop(answer)


def _find_longest_held(answer: PendingAnswer) -> timedelta:
    """Return how long the answer to an equal create may have been held back."""
    return timedelta(seconds=max(answer.held_s, _LEAST_HELD_S))


def _record(tx: Tx, lost: Sequence[LostAnswer]) -> list[None]:
    lost_answers.record(tx.db, lost, now=tx.now)
    return [None] * len(lost)
