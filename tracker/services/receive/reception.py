"""Take callbacks in: check the token, keep the raw bytes, record what is said.

Whatever arrives with a valid token is kept, also what cannot be used; the answer waits for the
commit that keeps it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar
from uuid import UUID

from tracker.domain import token
from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.documents import replace_unstorable_text
from tracker.domain.errors import CallbackUnproven, NotFound, Unavailable
from tracker.domain.events import Event, Source
from tracker.domain.lifecycle import Step, Verdict
from tracker.domain.observation import Observation
from tracker.domain.records import record
from tracker.domain.signals import CrashPoint
from tracker.domain.task import is_askable
from tracker.providers.ports.callbacks import Inbound
from tracker.services.context import Context
from tracker.services.receive.adopting import match_or_adopt
from tracker.services.receive.arrivals import READ_AT_ONCE, Arrivals
from tracker.services.receive.callback import Match, ParsedCallback, RawCallback
from tracker.services.receive.confirming import can_poll
from tracker.services.receive.forgeries import ForgeryCounter
from tracker.services.receive.judging import Judge, main_match
from tracker.services.receive.reading import FORGED_BODY_BYTES, CallbackReader
from tracker.services.recorder import Recorder
from tracker.store import callback_ids, receipts, tasks, tombstones
from tracker.store.callback_ids import CallbackId
from tracker.store.driver.transaction import Tx
from tracker.store.receipts import Receipt
from tracker.telemetry.metrics import CALLBACKS, OTHER
from tracker.telemetry.tracing import is_any_callback_traced, is_callback_traced, record_callback

_T = TypeVar("_T")
log = logging.getLogger(__name__)

_NO_SUCH_URL = "no such callback URL"


@record
class CallbackReply:
    """An answer in the sender's own terms."""

    status: int
    body: bytes


@record
class ReceptionResult:
    """The result of receiving one callback.

    is_duplicate: these very bytes were there before.
    reply:        what the sender insists on being answered; None for our own words.
    traceparent:  of its task; None where that has none, or no callback makes a span.
    """

    verdict: Verdict
    reason: str | None = None
    is_duplicate: bool = False
    reply: CallbackReply | None = None
    traceparent: str | None = None


class Reception:
    """Receives callbacks."""

    def __init__(self, context: Context) -> None:
        """One per process: it counts forgeries."""
        self._context = context
        self.forgeries = ForgeryCounter(context)
        self._reader = CallbackReader(context)
        self._receivers, self._read = self._reader.receivers, self._reader.read
        self._arrivals: Arrivals[ReceptionResult] = Arrivals(
            self._reader.read_all,
            partial(context.store.write_all, self._apply),
            self._report_received,
            context.precedence,
        )

    def answer_challenge(self, raw: RawCallback) -> CallbackReply | None:
        """Return the answer to a test of our URL; None for every other callback.

        Such a test says nothing of a task, which may not even be known yet: nothing is kept.
        """
        calls_back = self._receivers[raw.provider]
        if calls_back is None or not calls_back.has_handshake:
            return None
        # Before the token is checked, which costs more: most callbacks are no such test.
        body = _read_or_none(calls_back.answer_challenge, raw.inbound)
        if body is None:
            return None
        return CallbackReply(200, body) if self._reader.is_ours(raw) else None

    def find_largest(self, provider: str, subject: str, token_: str) -> int:
        """Return how large callbacks to this URL may be beyond the service's own limit, in bytes.

        0 where the provider sends no large ones, and where the token is not ours: a stranger could
        send as much.
        """
        known = self._context.providers.get(provider)
        if known is None or not known.callback_bytes:
            return 0
        is_ours = token.is_valid(self._context.secrets, provider, subject, token_)
        return known.callback_bytes if is_ours else 0

    async def receive(self, raw: RawCallback) -> ReceptionResult:
        """Keep one callback and apply what it says. When this returns, it is on disk.

        Raises NotFound when the token is not ours, whether or not the task exists;
        CallbackUnproven when its account signs callbacks and this one is not genuine; Unavailable
        when it could not be kept, or nobody can tell yet whether it is genuine, so that the
        provider must send it again.
        """
        started_s = self._context.clock.monotonic()
        item = await self._parse(raw)
        if item.awaits_keys:
            try:
                item = await self._reader.read_by_newer_keys(item, partial(self._parse, raw))
            except Unavailable:
                await self._request_poll(item)
                raise
        is_forged = item.verdict is Verdict.FORGED
        if is_forged and not await self.forgeries.count(item.raw):
            raise NotFound(_NO_SUCH_URL)
        self._context.precedence.begin()
        try:
            received: ReceptionResult = await self._context.store.write(self._apply, item)
        finally:
            self._context.precedence.end()
        return self._report_received(raw, item, received, started_s)

    def take_up(
        self,
        raw: RawCallback,
        started_s: float,
        then: Callable[[ReceptionResult | Exception | None], None],
    ) -> bool:
        """Receive a callback with all that this turn of the loop brings, if it is as most are.

        False where more is to be done than to read it: that is for `receive`.

        started_s: when it came, monotonic.
        then: called in the loop with what `receive` would return or raise once it is on disk; with
            None where `receive` must have it after all.
        """
        calls_back = self._receivers[raw.provider]
        if calls_back is None or calls_back.has_handshake or len(raw.inbound.body) > READ_AT_ONCE:
            return False
        self._arrivals.add(raw, started_s, then)
        return True

    def _report_received(
        self, raw: RawCallback, item: ParsedCallback, received: ReceptionResult, started_s: float
    ) -> ReceptionResult:
        # A stranger chooses the name of a provider that there is none of.
        provider = raw.provider if raw.provider in self._context.providers else OTHER
        CALLBACKS.add((provider, received.verdict._value_))
        if is_any_callback_traced() and is_callback_traced(received.traceparent, item.digest):
            _record_trace(item, received, self._context.clock.monotonic() - started_s)
        self._context.at(CrashPoint.CALLBACK_COMMITTED)
        if item.verdict is Verdict.FORGED:
            raise NotFound(_NO_SUCH_URL)
        if received.verdict is Verdict.FORGED:
            # The same words for every flaw: which one it was stands in the receipt.
            raise CallbackUnproven("callbacks to this URL must be signed with the account's secret")
        calls_back = self._receivers[raw.provider]
        if calls_back is None or not calls_back.has_handshake:
            return received
        reply = _read_or_none(calls_back.acknowledge, raw.inbound)
        return received if reply is None else replace(received, reply=CallbackReply(*reply))

    async def _request_poll(self, item: ParsedCallback) -> None:
        """Have the provider asked about the task whose callback cannot be judged now.

        Its sender may give up before the keys are there, or sign once and be too late with that.
        """
        if item.task_id is not None and item.verdict is not Verdict.FORGED:
            await self._context.store.write(self._ask, item.task_id)

    def _ask(self, tx: Tx, ids: Sequence[UUID]) -> list[None]:
        found = tasks.lock_by_id(tx.db, set(ids))
        recorder = Recorder(self._context, tx, list(found.values()))
        for task in found.values():
            if can_poll(self._context, task) and is_askable(task):
                recorder.poll_soon(task.key)
        recorder.flush()
        return [None] * len(ids)

    async def renew_keys(self) -> None:
        """Have the keys at hand that callbacks are signed with, before any comes."""
        if self._context.public_url is not None:
            await self._context.key_sets.renew(self._reader.key_sources)

    async def _parse(self, raw: RawCallback) -> ParsedCallback:
        if len(raw.inbound.body) > READ_AT_ONCE:
            return await asyncio.to_thread(self._read, raw)
        return self._read(raw)

    def _apply(self, tx: Tx, items: Sequence[ParsedCallback]) -> list[ReceptionResult]:
        """Set-based: any number of callbacks, one transaction."""
        more = [one for item in items if item.more for one in item.more]
        found = match_or_adopt(self._context, tx, [*items, *more])
        late = {
            index
            for index, match in enumerate(found[: len(items)])
            if match.gone is not None and not items[index].more
        }
        if not late:
            return self._keep(tx, items, found)
        for index in sorted(late):
            tombstones.count_callback(tx.db, found[index].gone)
        kept = [index for index in range(len(items)) if index not in late]
        matches = [*(found[index] for index in kept), *found[len(items) :]]
        received = iter(self._keep(tx, [items[index] for index in kept], matches))
        return [
            ReceptionResult(Verdict.STALE, found[index].reason) if index in late else next(received)
            for index in range(len(items))
        ]

    def _keep(
        self, tx: Tx, items: Sequence[ParsedCallback], found: Sequence[Match]
    ) -> list[ReceptionResult]:
        """Keep callbacks and apply them. found: their matches, then those of what they say more."""
        further = iter(found[len(items) :])
        beside = [
            [(one, next(further)) for one in item.more] if item.more else () for item in items
        ]
        matches = [
            main_match(match, others) if others else match
            for match, others in zip(found, beside, strict=False)
        ]
        if any(item.proofs for item in items):
            matches = _mark_duplicates(tx, items, matches)
        sent = [
            self._build_receipt(item, match, tx) for item, match in zip(items, matches, strict=True)
        ]
        # As if each were to be applied, so that PostgreSQL stores them while we judge.
        inserted = receipts.insert_first(tx.db, sent)
        recorder = Recorder(self._context, tx, [m.task for m in found if m.task is not None])
        for match in found:
            if match.adopted is not None:
                recorder.start(match.adopted)
        judge = Judge(self._context, recorder, _make_event)
        steps: list[list[Step]] = []
        judged = list(sent)
        for number, item in enumerate(items):
            first, *others = judge.judge(item, found[number], matches[number], beside[number])
            if first.verdict is not sent[number].verdict:
                judged[number] = replace(sent[number], verdict=first.verdict, reason=first.reason)
            steps.append([one.step for one in (first, *others) if one.step is not None])
        recorder.save()
        kept = _save_receipts(tx, sent, judged, inserted())
        for made, (key, _) in zip(steps, kept, strict=True):
            for step in made:
                if step.transition is not None:
                    recorder.cite_evidence(step, receipt=key)
        recorder.flush()
        results = [received for _, received in kept]
        return _add_places(results, matches) if is_any_callback_traced() else results

    def _build_receipt(self, item: ParsedCallback, match: Match, tx: Tx) -> Receipt:
        raw, task = item.raw, match.task
        tenant, key = (DEFAULT_TENANT, None) if task is None else (task.tenant, task.key)
        is_forged, body = item.verdict is Verdict.FORGED, raw.inbound.body
        return Receipt(
            tenant=tenant,
            # A forger names any provider; what we do not know is not stored as a name.
            provider=replace_unstorable_text(raw.provider[:64]) if is_forged else raw.provider,
            task_key=key,
            source=Source.CALLBACK,
            verdict=match.verdict,
            received_at=tx.now,
            fingerprint=receipts.compute_fingerprint(key, item.digest),
            size_bytes=raw.size_bytes or len(body),
            body=body[:FORGED_BODY_BYTES] if is_forged else body,
            headers=item.headers,
            reason=match.reason,
            reader=None if is_forged else self._context.providers[raw.provider].revision,
        )


def _record_trace(item: ParsedCallback, received: ReceptionResult, took_s: float) -> None:
    about = {"tracker.provider": item.raw.provider, "tracker.verdict": received.verdict.value}
    if item.task_id is not None:
        about["tracker.task"] = str(item.task_id)
    record_callback(took_s, parent=received.traceparent, attributes=about)


def _add_places(
    received: Sequence[ReceptionResult], matches: Sequence[Match]
) -> list[ReceptionResult]:
    return [
        one
        if match.task is None or match.task.traceparent is None
        else replace(one, traceparent=match.task.traceparent)
        for one, match in zip(received, matches, strict=True)
    ]


def _read_or_none(read: Callable[[Inbound], _T | None], inbound: Inbound) -> _T | None:
    """Read what anybody may have sent; None where it asks for nothing."""
    try:
        return read(inbound)
    except Exception:
        # Whatever an adapter raises on a stranger's bytes, the callback is still kept.
        log.exception("a callback broke the adapter")
        return None


def _mark_duplicates(tx: Tx, items: Sequence[ParsedCallback], matches: list[Match]) -> list[Match]:
    """Mark as duplicates the callbacks whose message id the sender has used before.

    The id is remembered by a unique row in this very transaction; ids of what was applied to
    nothing are not, so that the same message may still find its task later.
    """
    first_at: dict[CallbackId, int] = {}
    repeats: list[int] = []
    for index, (item, match) in enumerate(zip(items, matches, strict=True)):
        id_ = _find_message_id(item, match)
        if id_ is not None and first_at.setdefault(id_, index) != index:
            repeats.append(index)
    if first_at:
        fresh = callback_ids.insert_many(tx.db, list(first_at), now=tx.now)
        repeats += [index for id_, index in first_at.items() if id_ not in fresh]
    for index in repeats:
        reason = "a message with this webhook-id came before"
        matches[index] = replace(matches[index], verdict=Verdict.DUPLICATE, reason=reason)
    return matches


def _find_message_id(item: ParsedCallback, match: Match) -> CallbackId | None:
    if match.task is None or match.verdict is not Verdict.ADVANCED:
        return None
    proof = item.proofs.get(match.task.account)
    if proof is None or proof.message_id is None:
        return None
    task = match.task
    return CallbackId(task.tenant, task.provider, task.account, proof.message_id)


def _make_event(said: Observation) -> Event:
    return said.convert_to_event(Source.CALLBACK)


def _save_receipts(
    tx: Tx, sent: Sequence[Receipt], judged: Sequence[Receipt], keys: Sequence[int | None]
) -> list[tuple[int, ReceptionResult]]:
    """Have the rows say what was made of them, and repeats get rows.

    sent:   as they were inserted, if they were.
    judged: as they should stand there; the very same where nothing has changed.
    keys:   None for a repeat.
    """
    again = [row for key, row in zip(keys, judged, strict=True) if key is None]
    repeats = iter(receipts.insert_repeats(tx.db, again))
    corrected: dict[int, tuple[Verdict, str | None]] = {}
    kept: list[tuple[int, ReceptionResult]] = []
    for key, before, now in zip(keys, sent, judged, strict=True):
        if key is None:
            repeat, verdict = next(repeats)
            kept.append((repeat, ReceptionResult(verdict, now.reason, is_duplicate=True)))
            continue
        if now is not before:
            corrected[key] = (now.verdict, now.reason)
        kept.append((key, ReceptionResult(now.verdict, now.reason)))
    receipts.correct(tx.db, corrected)
    return kept
