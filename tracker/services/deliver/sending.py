"""Send what is owed, at least once, the same id and bytes each time; and write down how it went."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from tracker.clock import make_token
from tracker.domain import bodies, delivery, signature
from tracker.domain.delivery import AttemptResult, DeliveryOutcome, Endpoint, EndpointState
from tracker.domain.event_types import EventType
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.retry import retry_after_s
from tracker.domain.sealing import CannotOpen, unseal
from tracker.domain.signals import CrashPoint
from tracker.domain.work import JobKind
from tracker.precedence import Precedence
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import UNOPENED_PAUSE_S, Context
from tracker.store import delivery_queue, endpoints, task_lookups
from tracker.store.conditions import SECRETS_DIFFER
from tracker.store.delivery_queue import AttemptedDelivery, Claimed, DeliveryLane
from tracker.store.driver.transaction import Tx
from tracker.telemetry.metrics import DELIVERIES, LEASES_EXPIRED
from tracker.telemetry.tracing import (
    NO_SPAN,
    Attributes,
    NoSpan,
    OpenSpan,
    SpanKind,
    add_traceparent,
    begin_span,
    describe_answer,
    is_on,
)

log = logging.getLogger(__name__)

ANSWER_BYTES = 4096
"""Kept of each answer."""


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed delivery with the endpoint it goes to.

    endpoint:   None for a URL that came with the task.
    start_by_s: monotonic seconds after which it must not be sent any more: its whole attempt would
        not fit into the time for which it is ours.
    traceparent: of the task that it tells of; None where it has none, or nothing is traced.
    """

    claimed: Claimed
    endpoint: Endpoint | None
    start_by_s: float
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    held: Held
    attempt: AttemptResult


class DeliverySender:
    """Claims, sends and settles deliveries."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    @property
    def precedence(self) -> Precedence:
        """The order of work in this event loop."""
        return self._context.precedence

    async def list_lanes(self) -> list[DeliveryLane]:
        """Return the destinations that are owed something, the longest waiting first."""
        now_s, unopened = self._context.clock.monotonic(), self._context.unopened
        with self.precedence:
            found = await self._context.store.read(delivery_queue.list_lanes)
        return [lane for lane in found if unopened.get(lane.name, 0.0) <= now_s]

    async def claim(self, wanted: Mapping[str, int]) -> list[Held]:
        """Take what is due of some lanes. wanted: lane → how many at most."""
        context = self._context
        start_by_s = context.clock.monotonic() + context.policy.lease.total_seconds()
        with context.precedence:
            claimed, known, traces = await context.store.write(
                self._claim, dict(wanted), is_patient=True
            )
        if claimed:
            LEASES_EXPIRED.add(by=sum(one.was_left for one in claimed))
            context.at(CrashPoint.DELIVERY_CLAIMED)
        return [
            Held(
                one,
                known.get(one.endpoint_key or 0),
                start_by_s,
                traces.get(one.task_key or 0),
            )
            for one in claimed
        ]

    async def deliver(self, held: Held) -> bool:
        """Make and record one attempt. Returns whether it was accepted. Raises Unavailable."""
        context = self._context
        try:
            attempt = await self._send(held)
        except CannotOpen as error:
            await self._leave(held, error)
            return False
        except Exception:
            # A bug of ours must not make this delivery the first in line for ever.
            log.exception("a delivery raised; it counts as an attempt")
            attempt = AttemptResult(context.clock.now(), 0, error="not sent: raised; see the log")
        context.at(CrashPoint.DELIVERY_SENT)
        await context.store.write(self._settle, _Done(held, attempt), is_patient=True)
        DELIVERIES.add(("delivered" if attempt.succeeded else "failed",))
        context.at(CrashPoint.DELIVERY_RECORDED)
        return attempt.succeeded

    async def release(self, held: Sequence[Held]) -> None:
        """Hand back what was not tried."""
        await self._context.store.write(_release, tuple(held))

    async def _leave(self, held: Held, error: CannotOpen) -> None:
        """Hand back what this process cannot sign: another one may, and no try is spent."""
        context, lane = self._context, held.claimed.lane
        context.unopened[lane] = context.clock.monotonic() + UNOPENED_PAUSE_S
        about = held.endpoint.id if held.endpoint else lane
        reason = describe_unreadable_secret(about, error)
        await self.release([held])
        await context.store.write(report, ConditionReport(SECRETS_DIFFER, "", "", reason))

    async def _send(self, held: Held) -> AttemptResult:
        context, at = self._context, self._context.clock.now()
        call = self._call(held, int(at.timestamp()))
        context.unopened.pop(held.claimed.lane, None)
        started = context.clock.monotonic()
        with _begin_span(held) as traced, context.precedence:
            answer = await context.egress.call_guarded(add_traceparent(call, traced))
            describe_answer(traced, answer)
        latency_ms = round((context.clock.monotonic() - started) * 1000)
        if not isinstance(answer, HttpResult):
            return AttemptResult(at, latency_ms, error=_make_printable(answer.reason))
        return AttemptResult(
            at,
            latency_ms,
            status=answer.status,
            error=None if 200 <= answer.status < 300 else f"HTTP {answer.status}",
            answer=answer.body[:ANSWER_BYTES] or None,
            retry_after_s=retry_after_s(answer.headers, now=context.clock.now()),
        )

    def _call(self, held: Held, at_s: int) -> HttpCall:
        context, endpoint, claimed = self._context, held.endpoint, held.claimed
        keys = (
            context.webhook_secrets
            if endpoint is None
            else [
                unseal(context.secrets, sealed)
                for sealed in endpoint.list_sealed_secrets(context.clock.now())
            ]
        )
        headers = signature.build_headers(keys, str(claimed.id), at_s, claimed.body)
        return HttpCall(
            "POST",
            claimed.url or (endpoint.url if endpoint else ""),
            {"content-type": "application/json; charset=utf-8"} | headers,
            claimed.body,
            timeout_s=context.policy.deliver_timeout_s,
            secrets=tuple(
                signature.format_secret(key).removeprefix(signature.PREFIX) for key in keys
            ),
        )

    def _claim(
        self, tx: Tx, wanted: Sequence[Mapping[str, int]]
    ) -> list[tuple[list[Claimed], dict[int, Endpoint], dict[int, str]]]:
        policy = self._context.policy
        until = tx.lease_now + policy.lease + timedelta(seconds=policy.deliver_timeout_s)
        results = []
        for rooms in wanted:
            claimed = delivery_queue.claim(
                tx.db, rooms, token=make_token(), now=tx.lease_now, until=until
            )
            keys = {one.endpoint_key for one in claimed if one.endpoint_key is not None}
            told = {one.task_key for one in claimed if one.task_key is not None}
            traces = task_lookups.find_traceparents(tx.db, told) if is_on() and told else {}
            results.append((claimed, endpoints.list_by_key(tx.db, keys), traces))
        return results

    def _settle(self, tx: Tx, done: Sequence[_Done]) -> list[None]:
        tried = [
            AttemptedDelivery(one.held.claimed, one.attempt, self._judge_attempt(tx, one))
            for one in done
        ]
        delivery_queue.settle(tx.db, tried, now=tx.now)
        self._judge_endpoints(tx, done)
        ended = {
            one.claimed.task_key
            for one in tried
            if one.outcome.again_at is None and one.claimed.task_key is not None
        }
        ordered = {
            one.held.claimed.task_key
            for one in done
            if one.held.endpoint is not None and one.held.endpoint.ordered
        }
        if delivery_queue.promote(tx.db, ended & ordered, now=tx.now):
            tx.woken.add(JobKind.DELIVER)
        return [None] * len(done)

    def _judge_attempt(self, tx: Tx, one: _Done) -> DeliveryOutcome:
        return delivery.judge_attempt(
            one.attempt,
            one.held.claimed.tries + 1,
            now=tx.now,
            jitter=self._context.jitter(),
        )

    def _judge_endpoints(self, tx: Tx, done: Sequence[_Done]) -> None:
        """Note which endpoints answer; stop those that said 410 or have failed for long."""
        answering, failing, gone = set(), set(), set()
        for one in done:
            key = one.held.claimed.endpoint_key
            if key is None:
                continue
            if one.attempt.succeeded:
                answering.add(key)
            elif one.attempt.status == delivery.GONE:
                gone.add(key)
            else:
                failing.add(key)
        failing -= answering
        endpoints.mark_answering(tx.db, answering)
        endpoints.mark_failing(tx.db, failing, now=tx.now)
        long_ago = tx.now - self._context.policy.patience
        for endpoint in endpoints.lock_failing(tx.db, failing, since=long_ago):
            reason = f"nothing but failures since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
            self._stop(tx, endpoint, EndpointState.PAUSED, reason)
        for endpoint in endpoints.lock_active(tx.db, gone):
            self._stop(tx, endpoint, EndpointState.DISABLED, "it answered 410 Gone")

    def _stop(self, tx: Tx, endpoint: Endpoint, state: EndpointState, reason: str) -> None:
        stopped = replace(
            endpoint, state=state, state_reason=reason, state_at=tx.now, updated_at=tx.now
        )
        endpoints.save(tx.db, stopped)
        log.warning(
            "endpoint %(endpoint)s is stopped (%(state)s): %(reason)s",
            {"endpoint": endpoint.id, "state": state.value, "reason": reason},
        )
        type_ = (
            EventType.ENDPOINT_PAUSED
            if state is EndpointState.PAUSED
            else EventType.ENDPOINT_DISABLED
        )
        self._context.outbox.enqueue_event(
            tx,
            endpoint.tenant,
            type_,
            body=bodies.build_endpoint_body(type_, stopped, tx.now),
            about=(str(endpoint.id), tx.now.isoformat()),
            besides=endpoint.key,
        )


def _begin_span(held: Held) -> OpenSpan | NoSpan:
    """Begin the span of one try, where the task that it tells of has a trace."""
    claimed = held.claimed
    if held.traceparent is None:
        return NO_SPAN
    about: Attributes = {"tracker.delivery": str(claimed.id), "tracker.try": claimed.tries + 1}
    return begin_span("deliver", SpanKind.CLIENT, parent=held.traceparent, attributes=about)


def _release(tx: Tx, held: Sequence[Sequence[Held]]) -> list[None]:
    claimed = [one.claimed for some in held for one in some]
    delivery_queue.release(tx.db, claimed, now=tx.now)
    if claimed:
        tx.woken.add(JobKind.DELIVER)
    return [None] * len(held)


def describe_unreadable_secret(about: UUID | str, error: CannotOpen) -> str:
    """Return what to say of deliveries that this process cannot sign. about: an endpoint's id."""
    return (
        f"deliveries to endpoint {about} wait: its secret cannot be read: {error}. Give every "
        "process the same secrets; one that was replaced must stay as a further one"
    )


def _make_printable(reason: str) -> str:
    """Make a reason printable, so that every database stores it: it may hold a receiver's bytes."""
    return "".join(char if char.isprintable() else "\ufffd" for char in reason)
