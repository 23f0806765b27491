"""Watch how each account's submits end, and say while one is ailing or not there at all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from tracker.domain.health import (
    AnsweredSubmit,
    ProviderReply,
    SubmitBlame,
    describe_account_refusal,
    describe_standstill,
    find_ailment,
    find_standstill_start,
)
from tracker.domain.work import JobKind, build_lane, split_lane
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.store import attempts, conditions, due_jobs
from tracker.store.attempts import EndedSubmit
from tracker.store.conditions import (
    ACCOUNT_AILING,
    ACCOUNT_MISSING,
    ACCOUNT_REFUSED,
    ACCOUNT_STANDSTILL,
    ACCOUNT_TOKEN_REFUSED,
    Condition,
)

LATEST = 300
"""How many of the latest submits of all accounts are looked at."""
_ACCEPTED = frozenset({"accepted", "exists"})
_IN_VAIN = frozenset({"unknown", "not_sent", "lost"})

MISSING = (
    "its tasks are neither sent nor asked about: the configuration has no such account. "
    "Put it back, or cancel what is queued; the rest ends by its callbacks or expires"
)


class AccountHealthCheck:
    """Looks at the latest submits now and then."""

    def __init__(self, context: Context) -> None:
        """Remembers since when each account has accepted nothing: what is read is bounded."""
        self._context = context
        self._standing: dict[tuple[str, str], datetime] = {}

    async def look(self) -> None:
        """Look once: raise and clear conditions."""
        context = self._context
        latest = await context.store.read(lambda db: attempts.find_latest_ended(db, limit=LATEST))
        there = await context.store.read(conditions.list_open)
        tries: dict[tuple[str, str], list[SubmitBlame]] = defaultdict(list)
        for one in latest:
            found = self._try(one)
            if found is not None:
                tries[one.provider, one.account].append(found)
        now = context.clock.now()
        raised = conditions.find_accounts_with(there, ACCOUNT_AILING)
        for name in sorted({*tries, *raised}):
            reason = find_ailment(tries.get(name, []), now=now)
            if (reason is None) == (name in raised):
                await self._report(ACCOUNT_AILING, name, reason)
        await self._look_for_refusals(latest, there)
        await self._look_for_standstills(latest, there)
        await self._look_for_missing(there)
        await self._look_for_keys(there)

    async def _look_for_refusals(
        self, latest: Sequence[EndedSubmit], there: Sequence[Condition]
    ) -> None:
        """Accounts that their providers do not take, from the first refusal to the next success.

        What stands goes on standing where the latest submits tell nothing of an account any more.
        """
        context = self._context
        newest: dict[tuple[str, str], ProviderReply] = {}
        for one in latest:
            is_refused = one.outcome == "refused" and self._is_account_fault(one)
            if is_refused or one.outcome in _ACCEPTED:
                answered = ProviderReply(one.ended_at, is_refused, _describe_ended(one))
                newest.setdefault((one.provider, one.account), answered)
        raised = conditions.find_accounts_with(there, ACCOUNT_REFUSED)
        for name in sorted({*newest, *raised}):
            if name in context.accounts and name not in newest:
                continue
            reason = None
            if name in context.accounts:
                reason = await self._describe_refusal(name, newest[name])
            if (reason is None) == (name in raised):
                await self._report(ACCOUNT_REFUSED, name, reason)

    async def _describe_refusal(self, name: tuple[str, str], newest: ProviderReply) -> str | None:
        """Return what to say of an account by its newest answer; None for nothing."""
        over_at = None
        if newest.is_refused:  # only then is it looked up what is over
            over_at = await self._context.store.read(
                lambda db: conditions.find_last_cleared(db, ACCOUNT_REFUSED, *name)
            )
        return describe_account_refusal(newest, over_at=over_at)

    async def _look_for_standstills(
        self, latest: Sequence[EndedSubmit], there: Sequence[Condition]
    ) -> None:
        """Look for accounts that defer or refuse all that is sent to them, busy ones among them."""
        now = self._context.clock.now()
        submits: dict[tuple[str, str], list[AnsweredSubmit]] = defaultdict(list)
        for one in latest:
            is_accepted = one.outcome in _ACCEPTED
            submitted = AnsweredSubmit(one.ended_at, is_accepted, _describe_ended(one))
            submits[one.provider, one.account].append(submitted)
        raised = conditions.find_accounts_with(there, ACCOUNT_STANDSTILL)
        for name in sorted({*submits, *raised}):
            found = submits.get(name, [])
            since = find_standstill_start(found, before=self._standing.pop(name, None), now=now)
            if since is not None:
                self._standing[name] = since
            reason = describe_standstill(found, since=since, now=now)
            is_over = since is None and name in raised
            if is_over or (reason is not None and name not in raised):
                await self._report(ACCOUNT_STANDSTILL, name, reason)

    async def _look_for_missing(self, there: Sequence[Condition]) -> None:
        """Look for accounts that are gone, though tasks still want to be sent or asked about."""
        context = self._context
        lanes = await context.store.read(
            lambda db: {
                *due_jobs.list_lanes(db, JobKind.SUBMIT),
                *due_jobs.list_lanes(db, JobKind.RECONCILE),
            }
        )
        missing = lanes - {build_lane(*name) for name in context.accounts}
        raised = {
            build_lane(*name) for name in conditions.find_accounts_with(there, ACCOUNT_MISSING)
        }
        for lane in sorted(missing ^ raised):
            reason = MISSING if lane in missing else None
            await self._report(ACCOUNT_MISSING, split_lane(lane), reason)

    async def _look_for_keys(self, there: Sequence[Condition]) -> None:
        """End what was said of tokens of accounts that need none any more, or are gone."""
        context = self._context
        for name in sorted(conditions.find_accounts_with(there, ACCOUNT_TOKEN_REFUSED)):
            tokens = context.providers[name[0]].tokens if name in context.accounts else None
            if tokens is None or not tokens.is_token_needed(context.accounts[name]):
                await self._report(ACCOUNT_TOKEN_REFUSED, name, None)

    async def _report(self, condition: str, name: tuple[str, str], reason: str | None) -> None:
        await self._context.store.write(report, ConditionReport(condition, *name, reason))

    def _try(self, ended: EndedSubmit) -> SubmitBlame | None:
        """Return None for an answer that says nothing of the account: it was only asked to wait."""
        if ended.outcome == "deferred":
            return None
        at_fault = ended.outcome in _IN_VAIN or (
            ended.outcome == "refused" and self._is_account_fault(ended)
        )
        return SubmitBlame(ended.ended_at, at_fault, _describe_ended(ended))

    def _is_account_fault(self, refused: EndedSubmit) -> bool:
        provider = self._context.providers.get(refused.provider)
        return provider is not None and provider.submits.is_account_fault(
            refused.code, refused.http_status
        )


def _describe_ended(ended: EndedSubmit) -> str:
    """Return what was answered, with its code: `AccountOverdueError` says more than `HTTP 403`."""
    words, code = ended.message or ended.outcome, ended.code
    return words if not code or code in words else f"{code} {words}"
