"""The dependencies of every service: store, outbound HTTP, providers, clock, policy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tracker.clock import Clock, make_key
from tracker.domain import token
from tracker.domain.choosing import Rule
from tracker.domain.clock_steps import ClockSteps
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import OpenSink
from tracker.domain.policy import Policy
from tracker.domain.prices import ListPrice
from tracker.domain.redaction import Redactor
from tracker.domain.retention import Keep, KeptClass, RetentionPolicy
from tracker.domain.sealing import NONCE_BYTES, seal_long
from tracker.domain.signals import Signal, ignore_signal
from tracker.domain.task import Task
from tracker.precedence import Precedence
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider
from tracker.services.conditions import ConditionReport, report
from tracker.services.expectations import Expectations
from tracker.services.inline_sinks import build_sink_opener
from tracker.services.key_sets import KeySets
from tracker.services.outbox import Outbox
from tracker.services.provider_calls import OutboundHttp, ProviderCalls
from tracker.services.recovery import Recovery
from tracker.services.storage import ObjectStore, Storage
from tracker.services.store_room import StoreRoom
from tracker.store.conditions import ACCOUNT_TOKEN_REFUSED
from tracker.store.store import Store

ACCOUNT_GONE_PAUSE = timedelta(minutes=1)
"""How long work waits whose task's account is not in the settings."""
ACCOUNT_GONE = "its account is not in the settings (any more)"
UNOPENED_PAUSE_S = 60.0
"""How long a process leaves a destination to others whose secret it cannot open."""
DEFAULT_ACCOUNT = "default"
"""The one that the environment sets."""


@dataclass(frozen=True, slots=True)
class Context:
    """Made once, in `app`.

    public_url: where providers reach us, no slash at the end; None when they cannot.
    secrets:    of callback URLs and cursors; the first signs, all verify.
    accounts:   by (provider, account name).
    redactor:   takes the secrets of the service out of what others wrote.
    precedence: of the event loop, as the way out knows it.
    webhook_secrets: they sign what is sent to URLs that came with a task; none: it is unsigned.
    prices:     the operator's list, for estimates.
    rules:      which of them a task goes to whose caller names none.
    recovery:   whether this database was restored and is still being completed.
    adopt:      whether a shared-URL callback about an unknown task makes it a tracked one.
    storage:    keeps the files of results; None where custody is off.
    archive:    where rows are written before they are dropped; None: nowhere.
    archives_parquet: whether they are written as Parquet, and as JSON lines otherwise.
    retention:  how long what belongs to ended tasks is kept.
    on_text:    told, in the event loop, of each task whose streamed text has grown.
    look_spacing_s: least seconds between two looks at one task of an account, by which all of its
        open ones can be looked at within the rate of its calls.
    unopened:   destinations whose secret this process could not open, with monotonic seconds
        before which it leaves them to other processes.
    """

    store: Store
    egress: OutboundHttp
    clock: Clock
    jitter: Callable[[], float]
    policy: Policy
    providers: Mapping[str, Provider]
    accounts: Mapping[tuple[str, str], Account]
    secrets: Sequence[bytes]
    rules: Sequence[Rule] = ()
    prices: Sequence[ListPrice] = ()
    public_url: str | None = None
    adopt: bool = False
    expectations: Expectations = field(default_factory=Expectations)
    clock_steps: ClockSteps = field(default_factory=ClockSteps)
    recovery: Recovery = field(default_factory=Recovery)
    at: Signal = field(default=ignore_signal)
    webhook_secrets: Sequence[bytes] = field(default=(), repr=False)
    redactor: Redactor = field(default_factory=Redactor)
    precedence: Precedence = field(default_factory=Precedence)
    storage: Storage | None = None
    archive: ObjectStore | None = None
    archives_parquet: bool = False
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    unopened: dict[str, float] = field(default_factory=dict)
    look_spacing_s: dict[tuple[str, str], float] = field(default_factory=dict)
    on_text: list[Callable[[UUID], None]] = field(default_factory=list)
    outbox: Outbox = field(init=False)
    calls: ProviderCalls = field(init=False)
    key_sets: KeySets = field(init=False)
    room: StoreRoom | None = field(init=False)

    def __post_init__(self) -> None:
        """Build what remembers: endpoints, tokens of accounts, published keys."""
        object.__setattr__(self, "outbox", Outbox(self.providers, self.public_url or ""))
        calls = ProviderCalls(self.egress, self.providers, self.clock, self._report_token)
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "key_sets", KeySets(self.store, self.egress, self.clock))
        room = None if self.storage is None else StoreRoom(self.storage, self.store, self.clock)
        object.__setattr__(self, "room", room)

    async def _report_token(self, provider: str, account: str, reason: str | None) -> None:
        """Say that an account gets no token, or that it gets one again. Raises Unavailable."""
        await self.store.write(
            report, ConditionReport(ACCOUNT_TOKEN_REFUSED, provider, account, reason)
        )

    def can_hold_files(self, task: Task) -> bool:
        """Return whether the provider's answers about a task may hold its files."""
        provider = self.providers.get(task.provider)
        asks = None if provider is None else provider.results.answers_with_files
        return asks is not None and asks(task.operation)

    def is_fetching_files(self, task: Task) -> bool:
        """Return whether the files that a task's result names are fetched and kept."""
        if self.storage is None:
            return False
        account = self.accounts.get((task.provider, task.account))
        own = None if account is None else account.options.assets
        return self.storage.rules.is_default if own is None else own == "on"

    def keep_files(self, task: Task) -> Keep:
        """Return how long the files of a task's result are kept, from when they are here."""
        return self.retention.keep(KeptClass.ASSETS, task.tenant, task.provider, task.state)

    def make_sinks(self, task: Task) -> OpenSink | None:
        """Return where files within an answer about a task go; None where it can have none.

        Where some of a provider's answers hold files, others may although an address was asked for.
        """
        provider = self.providers.get(task.provider)
        if self.storage is None or provider is None or provider.results.answers_with_files is None:
            return None
        return build_sink_opener(self.storage, self.secrets[0], task.tenant)

    def seal(self, secret: bytes) -> bytes:
        """Encrypt a URL that the database is to hold and not to tell."""
        return seal_long(self.secrets[0], secret, nonce=make_key(NONCE_BYTES))

    def get_provider(self, name: str, *, path: str = "provider") -> Provider:
        """Return an adapter by name. Raises InvalidRequest naming the field."""
        found = self.providers.get(name)
        if found is None:
            known = ", ".join(sorted(self.providers))
            raise InvalidRequest(FieldError(path, f"no such provider; one of: {known}"))
        return found

    def get_made_kind(self, task: Task) -> str | None:
        """Return the kind of object that a task makes at its provider; None where it makes none."""
        provider = self.providers.get(task.provider)
        return None if provider is None else provider.objects.made_by.get(task.operation)

    def has_account(self, task: Task) -> bool:
        """Return true if the account that a task belongs to is still in the settings."""
        return (task.provider, task.account) in self.accounts

    def get_account(self, task: Task) -> Account:
        """Return the account that a task belongs to. Raises KeyError when it was taken out."""
        return self.accounts[task.provider, task.account]

    def list_accounts(self, provider: str) -> set[str]:
        """Return the names of a provider's accounts."""
        return {name for owner, name in self.accounts if owner == provider}

    def main_account(self, provider: str) -> str:
        """Return the account of calls for no task: `default`, else the one of most weight."""
        accounts = {
            a.name: a.weight for (owner, _), a in self.accounts.items() if owner == provider
        }
        return min(accounts, key=lambda name: (name != DEFAULT_ACCOUNT, -accounts[name], name))

    def build_callback_url(self, task: Task) -> str | None:
        """Return the task's own callback URL; None where nobody can reach us."""
        if self.public_url is None:
            return None
        secret = token.sign(self.secrets[0], task.provider, str(task.id))
        return f"{self.public_url}/callbacks/{task.provider}/{task.id}/{secret}"

    def iterate_callback_tokens(self, tasks: Sequence[Task]) -> tuple[str, ...]:
        """Return the secret parts of tasks' callback URLs, by every secret that is still good."""
        if self.public_url is None:
            return ()
        return tuple(
            token.sign(secret, task.provider, str(task.id))
            for task in tasks
            for secret in self.secrets
        )

    def has_unopened(self) -> bool:
        """Return whether a destination's secret could not be opened when it was last tried."""
        long_ago = self.clock.monotonic() - UNOPENED_PAUSE_S
        return any(until > long_ago for until in self.unopened.values())

    def is_called_back(self, provider: str, account: str, operation: str | None = None) -> bool:
        """Return whether an account's upstream is given a URL of ours, and calls it.

        operation: asks about this one alone.
        """
        known = self.accounts.get((provider, account))
        if self.public_url is None or known is None:
            return False
        calls_back = self.providers[provider].calls_back
        return calls_back is not None and calls_back.has_callbacks(known, operation)

    def get_poll_spacing_s(self, provider: str, account: str) -> float:
        """Return the least seconds between two looks at one task of an account."""
        known = self.accounts.get((provider, account))
        polls = None if known is None else self.providers[provider].polls
        if known is None or polls is None:
            return 0.0
        return max(
            polls.get_poll_spacing_s(known), self.look_spacing_s.get((provider, account), 0.0)
        )
