"""Watch how each account's submits end, and say while one is ailing."""

from collections import defaultdict
from collections.abc import Sequence

from tracker.domain.health import Try, ailment
from tracker.services.context import Context
from tracker.store import attempts, conditions
from tracker.store.attempts import Ended
from tracker.store.conditions import ACCOUNT_AILING, Condition
from tracker.store.transaction import Tx

LATEST = 300
"""How many of the latest submits of all accounts are looked at."""
_IN_VAIN = frozenset({"unknown", "not_sent", "lost"})


class Health:
    """Looks at the latest submits now and then."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def look(self) -> None:
        """One look: raise and clear conditions."""
        context = self._context
        latest = await context.store.read(lambda db: attempts.latest_ended(db, limit=LATEST))
        there = await context.store.read(conditions.list_open)
        tries: dict[tuple[str, str], list[Try]] = defaultdict(list)
        for one in latest:
            found = self._try(one)
            if found is not None:
                tries[one.provider, one.account].append(found)
        now = context.clock.now()
        raised = {(c.provider, c.account) for c in there if c.name == ACCOUNT_AILING}
        for name in sorted({*tries, *raised}):
            reason = ailment(tries.get(name, []), now=now)
            if (reason is None) == (name in raised):
                await context.store.write(_write, (name, reason))

    def _try(self, ended: Ended) -> Try | None:
        """None for what says nothing of the account: it was only asked to wait."""
        words = ended.message or ended.outcome
        if ended.outcome == "deferred":
            return None
        provider = self._context.providers.get(ended.provider)
        at_fault = ended.outcome in _IN_VAIN or (
            ended.outcome == "refused"
            and provider is not None
            and provider.blames_account(ended.code, ended.http_status)
        )
        return Try(ended.ended_at, at_fault, words)


def _write(tx: Tx, news: Sequence[tuple[tuple[str, str], str | None]]) -> list[None]:
    for (provider, account), reason in news:
        if reason is None:
            conditions.clear(tx.db, ACCOUNT_AILING, provider, account, now=tx.now)
        else:
            conditions.raise_(tx.db, Condition(ACCOUNT_AILING, provider, account, reason, tx.now))
    return [None] * len(news)
