"""Tell a caller's own callback URL how its task ended: at least once, the same bytes each time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.domain import retry
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.signals import Point
from tracker.services.context import Context
from tracker.services.leases import finish
from tracker.store import deliveries, jobs
from tracker.store.deliveries import Delivery
from tracker.store.jobs import Job
from tracker.store.transaction import Tx

_GONE = 410
"""The receiver says that it will never want it."""


@dataclass(frozen=True, slots=True)
class _Tried:
    job: Job
    delivery: Delivery
    answer: HttpResult | HttpFailure


class Delivering:
    """Carries out jobs of kind `deliver`."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def run(self, job: Job) -> None:
        """One job, one attempt. Raises Unavailable; anything else raised is a bug."""
        context, key = self._context, job.delivery_key or 0
        found = await context.store.read(lambda db: deliveries.get_many(db, [key]))
        delivery = found.get(key)
        if delivery is None or delivery.state != "pending":
            await context.store.write(finish, (job,))
            return
        answer = await context.egress.call_guarded(_call(context, delivery))
        context.at(Point.DELIVERY_SENT)
        await context.store.write(self._settle, _Tried(job, delivery, answer))
        context.at(Point.DELIVERY_RECORDED)

    def _settle(self, tx: Tx, tried: Sequence[_Tried]) -> list[None]:
        for item in tried:
            if jobs.is_held(tx.db, item.job):
                self._settle_one(tx, item)
        return [None] * len(tried)

    def _settle_one(self, tx: Tx, item: _Tried) -> None:
        is_answer = isinstance(item.answer, HttpResult)
        status = item.answer.status if isinstance(item.answer, HttpResult) else None
        after = replace(
            item.delivery,
            attempts=item.delivery.attempts + 1,
            last_attempt_at=tx.now,
            last_status=status,
            last_error=None if is_answer else getattr(item.answer, "reason", None),
        )
        again_at = None
        if status is not None and 200 <= status < 300:
            after = replace(after, state="delivered", ended_at=tx.now)
        elif status != _GONE:
            again_at = retry.DELIVER.next_at(
                after.attempts,
                now=tx.now,
                jitter=self._context.jitter(),
                retry_after_s=_retry_after(item.answer),
            )
        if after.state == "pending" and again_at is None:
            after = replace(after, state="failed", ended_at=tx.now)
        deliveries.save(tx.db, after)
        if again_at is None:
            jobs.finish(tx.db, item.job)
        else:
            error = after.last_error or f"HTTP {status}"
            jobs.reschedule(tx.db, item.job, run_at=again_at, spent=True, error=error)


def _call(context: Context, delivery: Delivery) -> HttpCall:
    return HttpCall(
        "POST",
        delivery.url,
        {"content-type": "application/json; charset=utf-8", "webhook-id": str(delivery.id)},
        delivery.body,
        timeout_s=context.policy.deliver_timeout_s,
    )


def _retry_after(answer: HttpResult | HttpFailure) -> float | None:
    asked = answer.headers.get("retry-after", "") if isinstance(answer, HttpResult) else ""
    return float(asked) if asked.isdigit() else None
