"""Learn from our own history: how long tasks take, and whether callbacks still come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tracker.domain import bodies
from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.event_types import EventType
from tracker.domain.expectation import (
    EndedTask,
    Expectation,
    compute_callback_share,
    derive_expectation,
    is_silent,
)
from tracker.services.conditions import ConditionReport, raise_one, report
from tracker.services.context import Context
from tracker.store import conditions, task_ends
from tracker.store.conditions import CALLBACKS_DEGRADED
from tracker.store.driver.transaction import Tx
from tracker.store.task_ends import TaskEnd
from tracker.telemetry.metrics import CALLBACK_SHARE, TASK_SECONDS, Labels

LATEST = 1000
"""How many of the latest tasks are looked at."""

OTHER = "other"
"""The label of operations that no adapter lists."""


class DurationLearner:
    """Looks at the latest verdicts now and then."""

    def __init__(self, context: Context) -> None:
        """Fills the context's expectations."""
        self._context = context

    async def learn_durations(self) -> None:
        """Look once: renew the expectations, raise and clear conditions."""
        context = self._context
        accounts: dict[tuple[str, str], list[EndedTask]] = defaultdict(list)
        for verdict in await self.recall():
            accounts[verdict.provider, verdict.account].append(verdict.ended)
        if accounts:
            silent = {
                account
                for account, ended in accounts.items()
                if context.is_called_back(*account) and is_silent(ended)
            }
            await self._record(silent, set(accounts))

    async def recall(self) -> Sequence[TaskEnd]:
        """Renew the expectations alone; returns what they were made of."""
        context = self._context
        latest = await context.store.read(lambda db: task_ends.list_latest(db, limit=LATEST))
        kinds: dict[tuple[str, str], list[EndedTask]] = defaultdict(list)
        accounts: dict[tuple[str, str], list[EndedTask]] = defaultdict(list)
        for verdict in latest:
            kinds[verdict.provider, verdict.operation].append(verdict.ended)
            accounts[verdict.provider, verdict.account].append(verdict.ended)
        known = {kind: derive_expectation(ended) for kind, ended in kinds.items()}
        context.expectations.replace(known)
        _show(
            {
                kind: derive_expectation(ended)
                for kind, ended in self._name_listed_kinds(kinds).items()
            },
            {account: compute_callback_share(ended) for account, ended in accounts.items()},
        )
        return latest

    def _name_listed_kinds(
        self, kinds: Mapping[tuple[str, str], list[EndedTask]]
    ) -> dict[tuple[str, str], list[EndedTask]]:
        """Return the kinds as labels name them: whoever submits must not be able to make one.

        Operations that callers name, such as a model of a catalogue, are one together.
        """
        found: dict[tuple[str, str], list[EndedTask]] = defaultdict(list)
        for (name, operation), ended in kinds.items():
            provider = self._context.providers.get(name)
            is_listed = provider is not None and operation in provider.submits.operations
            found[name, operation if is_listed else OTHER] += ended
        return found

    async def _record(self, silent: set[tuple[str, str]], known: set[tuple[str, str]]) -> None:
        there = await self._context.store.read(conditions.list_open)
        raised = conditions.find_accounts_with(there, CALLBACKS_DEGRADED)
        news = [(account, True) for account in silent - raised]
        news += [(account, False) for account in (raised & known) - silent]
        for account, is_raised in sorted(news):
            await self._context.store.write(self._write, (account, is_raised))

    def _write(self, tx: Tx, news: Sequence[tuple[tuple[str, str], bool]]) -> list[None]:
        for (provider, account), is_raised in news:
            if is_raised:
                self._raise(tx, provider, account)
            else:
                report(tx, [ConditionReport(CALLBACKS_DEGRADED, provider, account, None)])
        return [None] * len(news)

    def _raise(self, tx: Tx, provider: str, account: str) -> None:
        """Raise the condition, and tell subscribers where it was not raised already."""
        if not raise_one(tx, ConditionReport(CALLBACKS_DEGRADED, provider, account, REASON)):
            return  # another process was faster, and has told them
        said = {"provider": provider, "account": account, "reason": REASON}
        type_ = EventType.CALLBACKS_DEGRADED
        self._context.outbox.enqueue_event(
            tx,
            DEFAULT_TENANT,
            type_,
            body=bodies.build_event_body(type_, tx.now, said),
            provider=provider,
            about=(provider, account, tx.now.isoformat()),
        )


def _show(
    known: Mapping[tuple[str, str], Expectation], shares: Mapping[tuple[str, str], float | None]
) -> None:
    """Show what was learned as metrics: by provider and operation, by provider and account."""
    CALLBACK_SHARE.replace({name: share for name, share in shares.items() if share is not None})
    times: dict[Labels, float] = {
        (*kind, quantile): took.total_seconds()
        for kind, usual in known.items()
        for quantile, took in (("0.5", usual.typical), ("0.9", usual.slow))
        if took is not None
    }
    TASK_SECONDS.replace(times)


REASON = (
    "most of the latest verdicts had to be polled for; check that the provider can reach "
    "TRACKER_PUBLIC_URL"
)
