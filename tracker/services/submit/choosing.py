"""Choose the account of a task: by what its input names, else by rule, weight, health and room."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.domain.choosing import choose, rank_accounts
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.records import record
from tracker.domain.spelling import build_hint
from tracker.domain.task import Task
from tracker.providers.ports.account import Account, list_slot_caps
from tracker.providers.ports.adapter import NO_SUCH_OPERATION
from tracker.providers.ports.provider import Provider
from tracker.services.context import Context
from tracker.services.named_objects import NamedHere
from tracker.services.submit.request import Submission
from tracker.store import conditions, held_slots, task_lookups
from tracker.store.conditions import ACCOUNT_AILING
from tracker.store.store import Reading

REMEMBERED_S = 2.0
"""How long what was read of the accounts' health and room is used again."""
_MOST_KNOWN = 1024
"""Operations whose accounts are remembered; some providers have a name for each model."""

NEEDS_CUSTODY = (
    "the provider answers with the files themselves and no URL: this needs custody of files, "
    "which is switched off (TRACKER_ASSETS)"
)


@record
class AccountQuery:
    """The facts by which a new task's account is chosen.

    key: its external id, or ours: the same key meets the same account again.
    takers: the accounts whose limits its input keeps; None where all of them take it.
    """

    provider: str
    operation: str
    metadata: Mapping[str, Any]
    key: str
    takers: Collection[str] | None


@dataclass(frozen=True, slots=True)
class _AccountStatus:
    """How a provider's accounts stand. at_s: when that was read, monotonic."""

    ailing: frozenset[str]
    full: frozenset[str]
    at_s: float


def explain_refusal(
    provider: Provider, account: Account, operation: str, *, has_custody: bool = True
) -> str | None:
    """Return why an account cannot do an operation, and what was probably meant; None: it can.

    has_custody: whether files that come within answers can be kept.
    """
    asks = provider.results.answers_with_files
    if asks is not None and not has_custody and asks(operation):
        return NEEDS_CUSTODY
    refusal = provider.submits.explain_unserved(account, operation)
    if refusal == NO_SUCH_OPERATION:
        return refusal + build_hint(operation, provider.submits.operations)
    return refusal


NO_ACCOUNT = "no such account at this provider"


def explain_refusal_at(
    context: Context, provider: Provider, name: str, operation: str
) -> str | None:
    """Return why the account of a name cannot do an operation; None when it can."""
    account = context.accounts.get((provider.name, name))
    if account is None:
        return NO_ACCOUNT
    return explain_refusal(provider, account, operation, has_custody=context.storage is not None)


def find_fixed_account(
    context: Context, submission: Submission, parent: Task | None, named: NamedHere
) -> str | None:
    """Return the account that a task must go to; None where it may be chosen.

    named: what its input names. Raises InvalidRequest where the account has not all of that, or
    cannot do the operation.
    """
    chosen = submission.account or (None if parent is None else parent.account)
    if named.accounts is None or chosen in named.accounts:
        return chosen
    able = sorted(named.accounts)
    path = f"{submission.input_path}.{named.path}" if submission.input_path else named.path
    if submission.account is not None:
        raise InvalidRequest(FieldError("account", f"what {path} names is at account {able[0]!r}"))
    if parent is not None:
        reason = f"is at account {able[0]!r}, and the task that it continues at {chosen!r}"
        raise InvalidRequest(FieldError(path, reason))
    provider = context.get_provider(submission.provider)
    refusals = {
        one: explain_refusal_at(context, provider, one, submission.operation) for one in able
    }
    for name, refusal in refusals.items():
        if refusal is None:
            return name
    raise InvalidRequest(FieldError(path, f"is at account {able[0]!r} alone: {refusals[able[0]]}"))


class AccountChooser:
    """Chooses accounts."""

    def __init__(self, context: Context) -> None:
        """One per process: it remembers for a moment how the accounts stand."""
        self._context = context
        self._statuses: dict[str, _AccountStatus] = {}
        self._known: dict[tuple[str, str], Sequence[Account]] = {}

    def check(self, provider: str, operation: str) -> None:
        """Raises InvalidRequest naming `operation` when no account at all can do it."""
        self._list_able(provider, operation)

    def _list_able(self, provider: str, operation: str) -> Sequence[Account]:
        """Return the accounts that can do an operation, one at least. Raises InvalidRequest.

        It is remembered: accounts stay as they are while the process runs.
        """
        known = self._known.get((provider, operation))
        if known is not None:
            return known
        adapter = self._context.get_provider(provider)
        accounts = [one for (owner, _), one in self._context.accounts.items() if owner == provider]
        if not accounts:
            setting = f"TRACKER_{provider.upper()}_API_KEY"
            reason = f"no account of {provider} is set: set {setting}, or one in TRACKER_CONFIG"
            raise InvalidRequest(FieldError("provider", reason))
        has_custody = self._context.storage is not None
        refusals = [
            explain_refusal(adapter, one, operation, has_custody=has_custody) for one in accounts
        ]
        able = [one for one, why in zip(accounts, refusals, strict=True) if why is None]
        if not able:
            raise InvalidRequest(FieldError("operation", refusals[0] or ""))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[provider, operation] = able
        return able

    def find_takers(
        self, provider: str, operation: str, body: Mapping[str, Any], fixed: str | None
    ) -> Collection[str] | None:
        """Return the accounts whose limits a body keeps; None where all accounts take it.

        fixed: the account that it must go to; None where one may be chosen.
        Raises InvalidRequest, with what the first account refuses, where none takes it.
        """
        check = self._context.get_provider(provider).check_limits
        if check is None:
            return None
        accounts = [
            one
            for one in self._list_able(provider, operation)
            if fixed is None or one.name == fixed
        ]
        flaws = {one.name: check(one, operation, body) for one in accounts}
        takers = [name for name, found in flaws.items() if not found]
        if flaws and not takers:
            raise InvalidRequest(*next(iter(flaws.values())))
        return None if len(takers) == len(flaws) else takers

    def find_sole(self, provider: str, operation: str) -> str | None:
        """Return the only account that can do it; None where there are more, or rules may decide.

        Raises InvalidRequest naming `operation` when no account at all can do it.
        """
        able = self._list_able(provider, operation)
        is_sole = len(able) == 1 and able[0].weight > 0 and not self._context.rules
        return able[0].name if is_sole else None

    async def choose(self, choice: AccountQuery) -> str:
        """Return the name of an account that can do it.

        Raises InvalidRequest naming `account` when none may be chosen.
        """
        order = rank_accounts(self._read_weights(choice), choice.key)
        if not order:
            reason = "must be named: no account that is open to all can do this"
            raise InvalidRequest(FieldError("account", reason))
        if len(order) == 1:
            return order[0]
        owner = await self._context.store.read(
            lambda db: task_lookups.find_account(db, choice.provider, order, choice.key)
        )
        if owner is not None:  # the same request again: its unique id will tell
            return owner
        status = await self._read_account_status(choice.provider)
        return choose(order, ailing=status.ailing, full=status.full)

    def _read_weights(self, choice: AccountQuery) -> dict[str, int]:
        """Return the weights of the accounts that may be chosen and can do it."""
        named = next(
            (
                rule.accounts
                for rule in self._context.rules
                if rule.is_for_task(choice.provider, choice.operation, choice.metadata)
            ),
            None,
        )
        able = [
            account
            for account in self._list_able(choice.provider, choice.operation)
            if (named is None or account.name in named)
            and (choice.takers is None or account.name in choice.takers)
        ]
        # A rule that names an account means it, whatever its weight among the unnamed.
        return {one.name: one.weight if named is None else max(one.weight, 1) for one in able}

    async def _read_account_status(self, provider: str) -> _AccountStatus:
        now_s = self._context.clock.monotonic()
        known = self._statuses.get(provider)
        if known is None or now_s - known.at_s > REMEMBERED_S:
            ailing, full = await self._context.store.read(lambda db: self._read(db, provider))
            known = self._statuses[provider] = _AccountStatus(ailing, full, now_s)
        return known

    def _read(self, db: Reading, provider: str) -> tuple[frozenset[str], frozenset[str]]:
        raised = conditions.list_open(db)
        ailing = {c.account for c in raised if (c.name, c.provider) == (ACCOUNT_AILING, provider)}
        caps = list_slot_caps(self._context.accounts)
        held = held_slots.count(db, [name for name in caps if name[0] == provider])
        full = {name for (owner, name), count in held.items() if count >= caps[owner, name]}
        return frozenset(ailing), frozenset(full)
