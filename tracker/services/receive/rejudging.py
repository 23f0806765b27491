"""Read kept callbacks again: judge one by today's rules, or give one to the task it belongs to.

The rules decide as they do for a callback that comes now. A preview takes the very same way, and
only writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from tracker.domain.errors import NO_SUCH_TASK, Conflict, FieldError, InvalidRequest, NotFound
from tracker.domain.events import Event, Source
from tracker.domain.lifecycle import QUARANTINED, Step, Verdict
from tracker.domain.observation import Observation
from tracker.domain.records import replace_fields
from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.services.receive.callback import Match, ParsedCallback
from tracker.services.receive.correlation import match_known
from tracker.services.receive.judging import Judge, main_match
from tracker.services.receive.reading import CallbackReader
from tracker.services.receive.rereading import ReceiptRereader, is_about
from tracker.services.recorder import Recorder
from tracker.store import odd_receipts, receipts, refolds, tasks
from tracker.store.attention import ASKING
from tracker.store.driver.transaction import Tx
from tracker.store.receipts import Receipt, RereadReceipt

_Parts = Sequence[tuple[ParsedCallback, Match]]
NO_SUCH_RECEIPT = "there is no such receipt"
_UNSETTLED = frozenset({*ASKING, Verdict.UNCONFIRMED})
"""Verdicts that another reading may replace. Any other one stands for what was done."""


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The result of reading a callback again, or its preview.

    was:     its verdict until now. verdict, reason: what today's rules make of it.
    task:    whose it is, as it was before; None where it belongs to no task.
    steps:   what moved, in all tasks that it tells of.
    """

    receipt: int
    was: Verdict
    verdict: Verdict
    reason: str | None
    task: Task | None
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class _Rereading:
    """A kept callback that was read again. target: the task it is given to; None: it says whose."""

    kept: Receipt
    parts: Sequence[ParsedCallback]
    actor: str
    is_dry: bool
    target: UUID | None

    @property
    def is_strangers(self) -> bool:
        """Tell whether it came to no URL of ours, and neither signature nor person answers for it.

        The token of its URL is not kept, so that this alone can show anew that it is genuine.
        """
        is_unowned = self.kept.verdict is Verdict.FORGED and self.kept.task_key is None
        return is_unowned and self.target is None and not self.parts[0].list_signers()


class ReceiptRejudger:
    """Judges kept callbacks again."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context
        self._reader = CallbackReader(context)
        self._rereading = ReceiptRereader(context)

    async def replay(self, tenant: str, key: int, *, actor: str, is_dry: bool) -> Rejudged:
        """Judge a callback by today's adapter and rules, as if it came now.

        Nobody vouches for it: what is unproven is confirmed by a query, as it is on arrival.
        is_dry: only say what would come of it. Raises NotFound; Conflict where it cannot be read
        again, or somebody else has just settled it; Unavailable.
        """
        kept, task_id = await self._load_kept(tenant, key)
        read = self._reader.read_again(kept, task_id)
        if read.awaits_keys:
            read = await self._reader.read_by_newer_keys(
                read, partial(self._read_again, kept, task_id)
            )
        parts = [replace_fields(one, more=()) for one in (read, *read.more)]
        return await self._judge(_Rereading(kept, parts, actor, is_dry, target=None))

    async def _read_again(self, kept: Receipt, task_id: UUID | None) -> ParsedCallback:
        return self._reader.read_again(kept, task_id)

    async def attach(
        self, tenant: str, key: int, task_id: UUID, *, actor: str, is_dry: bool
    ) -> Rejudged:
        """Give a quarantined callback to a task of the tenant's, and apply what it says.

        The actor answers for where it comes from; what it does to the task, the rules decide.
        is_dry: only say what would come of it. Raises NotFound; InvalidRequest where there is no
        such task; Conflict where it is not quarantined, nobody can read it, it is another
        provider's, or somebody else has just settled it; Unavailable.
        """
        kept, _ = await self._load_kept(tenant, key)
        if kept.verdict not in QUARANTINED:
            raise Conflict("it was applied to the task that it is about: replay it")
        read = self._reader.read_again(kept, None)
        if read.names is None:
            raise Conflict(f"nothing in it can be read: {read.reason or 'it names no task'}")
        parts = [
            replace_fields(one, more=(), proofs={}, is_vouched=True) for one in (read, *read.more)
        ]
        return await self._judge(_Rereading(kept, parts, actor, is_dry, target=task_id))

    async def _load_kept(self, tenant: str, key: int) -> tuple[Receipt, UUID | None]:
        """Return a callback that can be read again, and the id of its task."""
        found = await self._context.store.read(lambda db: odd_receipts.get_whole(db, tenant, key))
        if found is None:
            raise NotFound(NO_SUCH_RECEIPT)
        kept = found.receipt
        if kept.source is not Source.CALLBACK:
            raise Conflict("it is an answer to a query: only callbacks are read again")
        if kept.body is None or len(kept.body) < kept.size_bytes:
            raise Conflict("its bytes are not kept, or only the first of them")
        return kept, found.task_id

    async def _judge(self, wanted: _Rereading) -> Rejudged:
        result: Rejudged = await self._context.store.write(self._apply, wanted)
        return result

    def _apply(self, tx: Tx, wanted: Sequence[_Rereading]) -> list[Rejudged | Exception]:
        locked = receipts.lock_judged(tx.db, {one.kept.key for one in wanted})
        found = self._match(tx, wanted)
        loaded = [
            match.task
            for some in found
            if not isinstance(some, Exception)
            for _, match in some
            if match.task is not None
        ]
        recorder = Recorder(self._context, tx, loaded)
        results: list[Rejudged | Exception] = []
        settled: list[tuple[_Rereading, Rejudged]] = []
        for one, parts in zip(wanted, found, strict=True):
            if isinstance(parts, Exception):
                results.append(parts)
                continue
            if _is_settled(one, locked) or one.kept.key in {done.kept.key for done, _ in settled}:
                results.append(Conflict("somebody else has just settled it"))
                continue
            into = Recorder(self._context, tx, loaded) if one.is_dry else recorder
            result = self._judge_one(tx, into, one, parts)
            results.append(result)
            if not one.is_dry:
                settled.append((one, result))
        recorder.save()
        for one, made in settled:
            self._settle(tx, one, made)
        recorder.flush()
        return results

    def free(
        self, tx: Tx, recorder: Recorder, task: Task, key: int, *, actor: str
    ) -> Callable[[], None]:
        """Apply a receipt that says more today to a locked task, as a replay of it does.

        key: of the receipt, which is locked. Call what is returned once the steps are saved: the
        receipt then says what was made of it.
        """
        found = odd_receipts.get_whole(tx.db, task.tenant, key)
        if found is None:
            raise NotFound(NO_SUCH_RECEIPT)
        kept = found.receipt
        if kept.source is not Source.CALLBACK:
            return self._free_by_answer(tx, recorder, task, kept, actor)
        read = self._reader.read_again(kept, found.task_id)
        parts = [replace_fields(one, more=()) for one in (read, *read.more)]
        one = _Rereading(kept, parts, actor, is_dry=False, target=None)
        about = [part for part in parts if len(parts) == 1 or _is_named(part, task)]
        match = Match(task, Verdict.ADVANCED)
        made = self._judge_one(tx, recorder, one, [(part, match) for part in about])
        return lambda: self._settle(tx, one, made)

    def _match(self, tx: Tx, wanted: Sequence[_Rereading]) -> list[_Parts | Exception]:
        """Return the tasks that each is about, locked, with what it says of them."""
        targets = tasks.lock_by_id(tx.db, {one.target for one in wanted if one.target is not None})
        asked = [part for one in wanted if one.target is None for part in one.parts]
        known = iter(match_known(self._context, tx, asked) if asked else ())
        return [
            [(part, next(known)) for part in one.parts]
            if one.target is None
            else _read_for_task(one, targets.get(one.target))
            for one in wanted
        ]

    def _judge_one(self, tx: Tx, recorder: Recorder, one: _Rereading, parts: _Parts) -> Rejudged:
        kept = one.kept

        def convert_to_event(said: Observation) -> Event:
            return replace_fields(
                said.convert_to_event(Source.OPERATOR, receipt=kept.key), actor=one.actor
            )

        if one.is_strangers:
            return Rejudged(kept.key, kept.verdict, kept.verdict, kept.reason, None, ())
        (first, own), *beside = [(_locate_part(kept, part), match) for part, match in parts]
        main = main_match(own, beside)
        judgements = Judge(self._context, recorder, convert_to_event).judge(
            first, own, main, beside
        )
        steps = [
            step for judged in judgements if (step := judged.step) and step.transition is not None
        ]
        verdict = judgements[0].verdict
        if not steps and main.task is not None and verdict not in QUARANTINED:
            steps = self._correct(tx, recorder, main.task, one)
            verdict = Verdict.ADVANCED if steps else verdict
        return Rejudged(kept.key, kept.verdict, verdict, judgements[0].reason, main.task, steps)

    def _correct(self, tx: Tx, recorder: Recorder, task: Task, one: _Rereading) -> list[Step]:
        """Correct a task where its receipt is read otherwise today and the state stays."""
        now = recorder.get_task(task.key)
        tx.write_deferred()
        (stored,) = refolds.find_beside(tx.db, {task.key: now})
        event = self._rereading.compare(stored, actor=one.actor).correction
        if event is None or event.receipt != one.kept.key:
            return []
        return [recorder.record(task.key, event)]

    def _free_by_answer(
        self, tx: Tx, recorder: Recorder, task: Task, kept: Receipt, actor: str
    ) -> Callable[[], None]:
        """Apply what the answer to a query says today: nothing more has to be proved of it."""
        for said in self._rereading.read_answer(task, kept):
            event = replace_fields(
                said.convert_to_event(Source.OPERATOR, receipt=kept.key), actor=actor
            )
            recorder.record(task.key, event)
        one = _Rereading(kept, (), actor, is_dry=False, target=None)
        made = Rejudged(kept.key, kept.verdict, Verdict.ADVANCED, None, task, ())
        return lambda: self._settle(tx, one, made)

    def _settle(self, tx: Tx, one: _Rereading, result: Rejudged) -> None:
        reader = self._context.providers[one.kept.provider].revision
        _settle(tx, one, result, reader)


def _is_settled(one: _Rereading, locked: Mapping[int, tuple[Verdict, int | None]]) -> bool:
    """Tell whether a receipt is not as it was read any more."""
    return locked.get(one.kept.key) != (one.kept.verdict, one.kept.task_key)


def _read_for_task(one: _Rereading, task: Task | None) -> _Parts | Exception:
    """Return what a callback says of the task that it is given to."""
    if task is None or task.tenant != one.kept.tenant:
        return InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    if task.provider != one.kept.provider:
        return Conflict(f"it came from {one.kept.provider}, the task is at {task.provider}")
    parts = [part for part in one.parts if len(one.parts) == 1 or _is_named(part, task)]
    if not parts:
        return Conflict("it tells of several tasks, and names none of them as this one")
    return [(part, Match(task, Verdict.ADVANCED)) for part in parts]


def _is_named(part: ParsedCallback, task: Task) -> bool:
    return part.names is not None and is_about(part.names, task)


def _locate_part(kept: Receipt, part: ParsedCallback) -> ParsedCallback:
    """Return a part as it came: to the task's own URL only where the fingerprint proves that.

    Which URL a callback came to is not kept; of its own URL the digest holds the task's id.
    """
    if part.task_id is None:
        return part
    own = receipts.digest(kept.provider, str(part.task_id), kept.body or b"")
    return part if own == part.digest else replace_fields(part, task_id=None)


def _settle(tx: Tx, one: _Rereading, result: Rejudged, reader: int) -> None:
    """Have the receipt say what was made of it now; what it was is kept in the reason."""
    kept, verdict = one.kept, result.verdict
    is_worse = verdict in QUARANTINED and kept.verdict not in QUARANTINED
    may_replace = kept.verdict in _UNSETTLED and verdict is not kept.verdict and not is_worse
    if not may_replace and verdict is not Verdict.ADVANCED and one.target is None:
        return
    reason = result.reason
    if verdict is not Verdict.UNKNOWN_STATUS:  # whose reason names the word
        how = "replayed" if one.target is None else "attached"
        was = kept.verdict.value if kept.reason is None else f"{kept.verdict}: {kept.reason}"
        reason = f"{how} by {one.actor}; it was {was}"
        reason = reason if result.reason is None else f"{result.reason} ({reason})"
    task_key = kept.task_key if result.task is None else result.task.key
    receipts.judge_anew(tx.db, kept.key, RereadReceipt(verdict, reason, task_key, reader))
