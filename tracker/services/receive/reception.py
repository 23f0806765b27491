"""Take callbacks in: check the token, keep the raw bytes, record what is said.

Whatever arrives with a valid token is kept, also what cannot be used; the answer waits for the
commit that keeps it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from tracker.domain import token
from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.documents import storable_text
from tracker.domain.errors import CallbackRejected, CallbackUnproven, NotFound
from tracker.domain.events import Source
from tracker.domain.lifecycle import Step, Verdict
from tracker.domain.observation import Observation
from tracker.domain.records import record
from tracker.domain.signals import CrashPoint
from tracker.domain.signature import Proof
from tracker.domain.task import AT_PROVIDER
from tracker.domain.unknown_word import reason_of
from tracker.providers.ports.adapter import Hint, Inbound
from tracker.services.context import Context
from tracker.services.receive.confirming import can_poll, wait_of
from tracker.services.receive.correlation import Item, Match, RawCallback, correlate
from tracker.services.receive.forgeries import Forgeries
from tracker.services.recorder import Recorder
from tracker.store import callback_ids, receipts
from tracker.store.callback_ids import CallbackId
from tracker.store.driver.transaction import Tx
from tracker.store.receipts import Receipt

FORGED_BODY_BYTES = 4096
"""How much of a forged callback's body is kept: anybody can send one."""
KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "user-agent", "date", "x-forwarded-for"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature", "x-request-id"}
)


_NO_SUCH_URL = "no such callback URL"
_CANONICAL = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@record
class Received:
    """What became of it.

    is_duplicate: these very bytes were there before.
    """

    verdict: Verdict
    reason: str | None = None
    is_duplicate: bool = False


class Reception:
    """Receives callbacks."""

    def __init__(self, context: Context) -> None:
        """One per process: it counts forgeries."""
        self._context = context
        self.forgeries = Forgeries(context)
        self._schemes = [
            (owner, account.name, scheme)
            for (owner, _), account in context.accounts.items()
            if (calls_back := context.providers[owner].calls_back) is not None
            and (scheme := calls_back.proof(account)) is not None
        ]
        self._kept_headers = KEPT_HEADERS.union(*(scheme.headers for _, _, scheme in self._schemes))

    async def receive(self, raw: RawCallback) -> Received:
        """Keep one callback and apply what it says. When this returns, it is on disk.

        Raises NotFound when the token is not ours, whether or not the task exists;
        CallbackUnproven when its account signs callbacks and this one is not genuine; Unavailable
        when it could not be kept, so that the provider must send it again.
        """
        item = self._read(raw)
        is_forged = item.verdict is Verdict.FORGED
        if is_forged and not await self.forgeries.count(raw):
            raise NotFound(_NO_SUCH_URL)
        received: Received = await self._context.store.write(self._apply, item)
        self._context.at(CrashPoint.CALLBACK_COMMITTED)
        if is_forged:
            raise NotFound(_NO_SUCH_URL)
        if received.verdict is Verdict.FORGED:
            # The same words for every flaw: which one it was stands in the receipt.
            raise CallbackUnproven("callbacks to this URL must be signed with the account's secret")
        return received

    def _read(self, raw: RawCallback) -> Item:
        """Everything that needs no database, so that the writer need not do it."""
        task_id = _task_id(raw.subject)
        providers = self._context.providers
        calls_back = providers[raw.provider].calls_back if raw.provider in providers else None
        subject_ok = task_id is not None or raw.subject == token.SHARED
        genuine = token.is_valid(self._context.secrets, raw.provider, raw.subject, raw.token)
        headers = {k: v[:512] for k, v in raw.headers.items() if k in self._kept_headers}
        if calls_back is None or not (subject_ok and genuine):
            digest = receipts.digest(raw.provider, raw.subject, raw.body[:FORGED_BODY_BYTES])
            flaw = "the token is not ours"
            raw, headers = self._redacted(raw, headers)
            return Item(raw, digest, headers, None, None, Verdict.FORGED, flaw)
        digest = receipts.digest(raw.provider, raw.subject, raw.body)
        inbound = Inbound("POST", raw.path, raw.query, raw.headers, raw.body)
        proofs = self._proofs(raw.provider, inbound, raw.signed)
        raw, headers = self._redacted(raw, headers)
        if raw.flaw is not None:
            return Item(raw, digest, headers, task_id, None, Verdict.MALFORMED, raw.flaw, proofs)
        if raw.body is not inbound.body:
            inbound = replace(inbound, body=raw.body)
        try:
            said = calls_back.parse_callback(inbound)
        except CallbackRejected as error:
            flaw = str(error)
            return Item(raw, digest, headers, task_id, None, Verdict.MALFORMED, flaw, proofs)
        return Item(
            raw,
            digest,
            headers,
            task_id,
            next((one for one in said if isinstance(one, Observation)), None),
            Verdict.ADVANCED,
            None,
            proofs,
            hint=next((one for one in said if isinstance(one, Hint)), None),
            more=tuple(one for one in said if isinstance(one, Observation))[1:],
        )

    def _redacted(
        self, raw: RawCallback, headers: dict[str, str]
    ) -> tuple[RawCallback, dict[str, str]]:
        """The callback, and the headers that are kept, without the secrets of the service.

        The token of its URL is one: whoever reads the receipt could send verdicts with it. What
        needs the bytes as they came, digests and signatures, has been done before.
        """
        redactor, token_ = self._context.redactor, raw.token
        body = redactor.redact_bytes(raw.body, token_)
        values = "\n".join(headers.values())
        if redactor.redact(values, token_) != values:
            headers = {name: redactor.redact(text, token_) for name, text in headers.items()}
        return (raw if body is raw.body else replace(raw, body=body)), headers

    def _proofs(self, provider: str, inbound: Inbound, signed: Sequence[bytes]) -> dict[str, Proof]:
        """What the signature proves, for each account that has a secret.

        signed: what it may be of where that is not the body.

        Here and not once the task is known, which is in the writer's thread: digests take time.
        """
        if not self._schemes:
            return {}
        now = self._context.clock.now()
        candidates = [replace(inbound, body=body) for body in signed] or [inbound]
        found: dict[str, Proof] = {}
        for owner, name, scheme in self._schemes:
            if owner == provider:
                proofs = [scheme.verify(candidate, now=now) for candidate in candidates]
                found[name] = next((one for one in proofs if one.flaw is None), proofs[0])
        return found

    def _apply(self, tx: Tx, items: Sequence[Item]) -> list[Received]:
        """Set-based: any number of callbacks, one transaction."""
        matches = _fresh(tx, items, correlate(self._context, tx, items))
        sent = [_receipt(item, match, tx) for item, match in zip(items, matches, strict=True)]
        # As if each were to be applied, so that PostgreSQL stores them while we judge.
        inserted = receipts.insert_first(tx.db, sent)
        recorder = Recorder(self._context, tx, [m.task for m in matches if m.task is not None])
        for match in matches:
            if match.adopted is not None:
                recorder.start(match.adopted)
        steps: list[Step | None] = []
        judged = list(sent)
        for number, item in enumerate(items):
            match = self._hold_back(recorder, item, matches[number])
            step = _judge(recorder, item, match)
            verdict = match.verdict if step is None else step.verdict
            if verdict is not sent[number].verdict:
                reason = match.reason
                if verdict is Verdict.UNKNOWN_STATUS and item.observation is not None:
                    reason = reason_of(item.observation.word)
                judged[number] = replace(sent[number], verdict=verdict, reason=reason)
            steps.append(step)
        recorder.save()
        results: list[Received] = []
        for step, (key, received) in zip(steps, _kept(tx, sent, judged, inserted()), strict=True):
            if step is not None and step.transition is not None:
                recorder.cite(step, receipt=key)
            results.append(received)
        recorder.flush()
        return results

    def _hold_back(self, recorder: Recorder, item: Item, match: Match) -> Match:
        """Have the provider asked where a callback is a hint, or its verdict must be confirmed."""
        if match.task is None or match.verdict is not Verdict.ADVANCED:
            return match
        if item.observation is None:
            return self._heed_hint(recorder, item, match)
        task = recorder.task(match.task.key)
        wait = wait_of(self._context, task, item, item.observation)
        if wait is None:
            return match
        recorder.request_poll(task.key, wait.awaits)
        return replace(match, verdict=Verdict.UNCONFIRMED, reason=wait.reason)

    def _heed_hint(self, recorder: Recorder, item: Item, match: Match) -> Match:
        if item.hint is None or match.task is None:
            return match
        task = recorder.task(match.task.key)
        is_asked = task.state in AT_PROVIDER or task.follow_up is not None
        if is_asked and can_poll(self._context, task):
            recorder.poll_soon(task.key)
            return replace(match, verdict=Verdict.UNCONFIRMED, reason=item.hint.reason)
        return replace(match, verdict=Verdict.STALE, reason=item.hint.reason)


def _fresh(tx: Tx, items: Sequence[Item], matches: list[Match]) -> list[Match]:
    """The same, with what a sender's own message id shows to be a repeat.

    The id is remembered by a unique row in this very transaction; ids of what was applied to
    nothing are not, so that the same message may still find its task later.
    """
    places: dict[CallbackId, int] = {}
    repeats: list[int] = []
    for place, (item, match) in enumerate(zip(items, matches, strict=True)):
        id_ = _message_id(item, match)
        if id_ is not None and places.setdefault(id_, place) != place:
            repeats.append(place)
    if places:
        fresh = callback_ids.insert_many(tx.db, list(places), now=tx.now)
        repeats += [place for id_, place in places.items() if id_ not in fresh]
    for place in repeats:
        reason = "a message with this webhook-id came before"
        matches[place] = replace(matches[place], verdict=Verdict.DUPLICATE, reason=reason)
    return matches


def _message_id(item: Item, match: Match) -> CallbackId | None:
    if match.task is None or match.verdict is not Verdict.ADVANCED:
        return None
    proof = item.proofs.get(match.task.account)
    if proof is None or proof.message_id is None:
        return None
    task = match.task
    return CallbackId(task.tenant, task.provider, task.account, proof.message_id)


def _judge(recorder: Recorder, item: Item, match: Match) -> Step | None:
    """Apply what a callback says; None when it is not to be applied to anything."""
    if match.task is None or item.observation is None or match.verdict is not Verdict.ADVANCED:
        return None
    step = recorder.record(match.task.key, item.observation.as_event(Source.CALLBACK))
    for said in item.more:
        later = recorder.record(match.task.key, said.as_event(Source.CALLBACK))
        step = later if later.transition is not None else step
    return step


def _receipt(item: Item, match: Match, tx: Tx) -> Receipt:
    raw, task = item.raw, match.task
    key = task.key if task else None
    is_forged = item.verdict is Verdict.FORGED
    return Receipt(
        tenant=task.tenant if task else DEFAULT_TENANT,
        # A forger names any provider; what we do not know is not stored as a name.
        provider=storable_text(raw.provider[:64]) if is_forged else raw.provider,
        task_key=key,
        source=Source.CALLBACK,
        verdict=match.verdict,
        reason=match.reason,
        received_at=tx.now,
        fingerprint=receipts.fingerprint(key, item.digest),
        size_bytes=len(raw.body),
        body=raw.body[:FORGED_BODY_BYTES] if is_forged else raw.body,
        headers=item.headers,
    )


def _kept(
    tx: Tx, sent: Sequence[Receipt], judged: Sequence[Receipt], keys: Sequence[int | None]
) -> list[tuple[int, Received]]:
    """Have the rows say what was made of them, and repeats get rows.

    sent:   as they were inserted, if they were.
    judged: as they should stand there; the very same where nothing has changed.
    keys:   None for a repeat.
    """
    again = [row for key, row in zip(keys, judged, strict=True) if key is None]
    repeats = iter(receipts.insert_repeats(tx.db, again))
    corrected: dict[int, tuple[Verdict, str | None]] = {}
    kept: list[tuple[int, Received]] = []
    for key, before, now in zip(keys, sent, judged, strict=True):
        if key is None:
            repeat, verdict = next(repeats)
            kept.append((repeat, Received(verdict, now.reason, is_duplicate=True)))
            continue
        if now is not before:
            corrected[key] = (now.verdict, now.reason)
        kept.append((key, Received(now.verdict, now.reason)))
    receipts.correct(tx.db, corrected)
    return kept


def _task_id(subject: str) -> UUID | None:
    """The public id in a URL, in its canonical spelling only: one task, one URL."""
    return UUID(subject) if _CANONICAL.fullmatch(subject) else None
