"""The record of what one provider can do. A capability that it lacks is an empty place."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tracker.domain.call_rate import NO_LIMITS, CallLimits, CallRate
from tracker.domain.errors import FieldError
from tracker.domain.prices import DefaultSeconds
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.adapter import Cancels, Looks, Polls, Probes, Streams, Submits
from tracker.providers.ports.callbacks import CallsBack
from tracker.providers.ports.front import Front
from tracker.providers.ports.listing import Lists
from tracker.providers.ports.objects import NO_OBJECTS, ObjectIds
from tracker.providers.ports.passing import PassesOn
from tracker.providers.ports.tokens import ExchangesTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultHosting:
    """The hosts and the lifetime of a provider's results.

    answers_with_files: tells of an operation whether the provider's answers about it hold the
                 files themselves, as base64 or raw. In the place of each the adapter finds a name,
                 which it passes on as the URL of the artifact. Such an operation needs custody.
    lifetime:    how long their URLs live; None where the provider does not say. An artifact's own
                 `expires_at` and what the URL says tighten it.
    own_links:   whether the front shows links of ours to kept files where an operator says nothing
                 else: the provider's own die within minutes, say.
    credentials: returns, for an account, the headers that some hosts need to hand a result out,
                 by host; None where none does. No other host is sent them.
    token_hosts: returns, for an account, the hosts that hand a result out to whoever brings its
                 token, as `tokens` of the provider exchanges it; no other host is sent it.
    """

    answers_with_files: Callable[[str], bool] | None = None
    lifetime: timedelta | None = None
    own_links: bool = False
    credentials: Callable[[Account], Mapping[str, Mapping[str, str]]] | None = None
    token_hosts: Callable[[Account], Collection[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider. Ask for a capability with `is None`, never by the provider's name.

    name:    on our surface and in the database, e.g. `kling`; no slash in it.
    revision: of its adapter, raised by whoever changes what a kept callback or answer is read as;
             kept with each receipt that the adapter reads.
    regions: base URLs by region; the first is where an account is that says nothing.
    options: the model of its accounts' options.
    objects: what its inputs name besides tasks, and the ids that its tasks bring.
    callback_bytes: of its largest callbacks, where they may hold whole results; 0 where they do not
             and the service's own limit is enough.
    tells_costs: whether its answers say what a task costs.
    default_seconds: returns, by operation and input, the length of what a task makes whose input
             names none as `duration` or the like; None where the provider does not say.
    examples: bodies of `POST /v1/tasks` without the provider, by title, for the API's document.
    check_account: returns `key: reason` for each flaw that only the adapter knows, no values.
    check_limits: returns the fields of a checked body that one account's upstream would refuse, by
             account, operation and body; None where every upstream has the same limits.
    call_limits: returns the documented limits of an account's calls; None where there are none.
    """

    name: str
    revision: int
    regions: Mapping[str, str]
    options: type[AccountOptions]
    submits: Submits
    streams: Streams | None = None
    looks: Looks | None = None
    lists: Lists | None = None
    polls: Polls | None = None
    calls_back: CallsBack | None = None
    cancels: Cancels | None = None
    probes: Probes | None = None
    front: Front | None = None
    passes_on: PassesOn | None = None
    tokens: ExchangesTokens | None = None
    objects: ObjectIds = NO_OBJECTS
    results: ResultHosting = ResultHosting()
    tells_costs: bool = False
    default_seconds: DefaultSeconds | None = None
    callback_bytes: int = 0
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check_account: Callable[[Account], Sequence[str]] | None = None
    check_limits: Callable[[Account, str, Mapping[str, Any]], Sequence[FieldError]] | None = None
    call_limits: Callable[[Account], CallLimits] | None = None

    def make_account(self, name: str, options: AccountOptions) -> Account:
        """Make an account. Raises ValueError `key: reason` for options that cannot work."""
        if options.base_url and options.region:
            raise ValueError("region: excludes base_url; set one")
        region = options.region or next(iter(self.regions))
        if region not in self.regions:
            raise ValueError(f"region: no such region; one of: {', '.join(self.regions)}")
        account = Account(name, options.base_url or self.regions[region], options)
        for flaw in self.find_flaws(account):
            raise ValueError(flaw)
        return account

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return `key: reason` for each reason why an account cannot work; empty when it can."""
        own = self.check_account(account) if self.check_account is not None else ()
        return [*account.options.find_flaws(), *own]

    def get_limits(self, account: Account) -> CallLimits:
        """Return the limits of an account's calls: as it is set, else as documented."""
        own = account.options.calls_per_s
        if own is None:
            return NO_LIMITS if self.call_limits is None else self.call_limits(account)
        if own == 0:
            return NO_LIMITS
        return CallLimits(CallRate(own, 1) if own >= 1 else CallRate(1, 1 / own))
