"""Ask a provider one harmless query, to see whether its account works now."""

from dataclasses import replace
from http import HTTPStatus

from tracker.domain.errors import Conflict, NotFound
from tracker.providers.ports.adapter import Probed
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.services.upkeep.health import LATEST
from tracker.store import attempts
from tracker.store.conditions import ACCOUNT_REFUSED

PROBE_S = 10.0
"""For a provider's whole answer."""


class AccountProber:
    """Proves accounts on demand."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def probe(self, provider: str, account: str) -> Probed:
        """Ask a provider for a task that nobody has: one query, which costs nothing.

        Where the key was refused, an account that is taken is not said to be refused any more: a
        query shows nothing of money and rights, which the next submit does.
        Raises NotFound; Conflict where the provider offers no such query.
        """
        known = self._context.accounts.get((provider, account))
        if known is None:
            raise NotFound("there is no such account")
        probes = self._context.providers[provider].probes
        if probes is None:
            raise Conflict(
                "offers no query that costs nothing: the first task shows whether it takes the key"
            )
        call = probes.build_probe(known, now=self._context.clock.now())
        answer = await self._context.calls.call(provider, known, replace(call, timeout_s=PROBE_S))
        probed = probes.parse_probe(known, answer)
        if probed.level == "ok" and await self._is_key_refused(provider, account):
            news = ConditionReport(ACCOUNT_REFUSED, provider, account, None)
            await self._context.store.write(report, news)
        return probed

    async def _is_key_refused(self, provider: str, account: str) -> bool:
        """Return whether the account's latest submit was answered 401."""
        latest = await self._context.store.read(
            lambda db: attempts.find_latest_ended(db, limit=LATEST)
        )
        own = (one for one in latest if (one.provider, one.account) == (provider, account))
        newest = next(own, None)
        return newest is not None and newest.http_status == HTTPStatus.UNAUTHORIZED
