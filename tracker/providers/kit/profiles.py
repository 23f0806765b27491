"""One provider, several kinds of upstream: the profile of an account says which one answers it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from tracker.domain.exchange import HttpCall
from tracker.domain.outcome import (
    CancelOutcome,
    CancelUnknown,
    LookupOutcome,
    NotSeen,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import Task
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import (
    NO_SUCH_OPERATION,
    Answer,
    Asking,
    Cancels,
    Finds,
    Looks,
    Probed,
    Request,
    Sending,
)
from tracker.providers.ports.listing import ListedPage, ListRequest, Lists


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamKind:
    """One kind of upstream.

    adapter:       its creates, polls and probe.
    looks:         finds its lost submits; None where nothing does.
    lists:         lists an account's tasks; None where it does not.
    cancels:       None where it offers no way.
    is_calling:    whether it calls back.
    path_ends:     ends of a base URL's path that tell it where the account names no profile.
    hosts:         domains at which nothing else stands; they tell it likewise.
    needs_address: it stands at no address of its own: the account must have a base URL.
    """

    adapter: TableAdapter
    looks: Looks | None = None
    lists: Lists | None = None
    cancels: Cancels | None = None
    is_calling: bool = False
    path_ends: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    needs_address: bool = True


class AdapterByProfile:
    """Puts each question to the adapter of the account's profile. The Protocols: ports/adapter.py.

    Callbacks are not here: who sent one is not known when it is read.
    not_served: reasons why calls cannot be served that are known by name.
    """

    not_served: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, kinds: Mapping[str, UpstreamKind]) -> None:
        """kinds: by profile; the first is the one of accounts that nothing tells another of."""
        self._kinds = kinds
        self._first = next(iter(kinds.values()))

    @property
    def profiles(self) -> Collection[str]:
        """Every profile, the one of accounts that nothing tells another of first."""
        return self._kinds.keys()

    def find_kind(self, account: Account) -> UpstreamKind:
        """Return the kind that the profile names, or that the base URL tells."""
        if account.profile is not None:
            return self._kinds.get(account.profile, self._first)
        by_host = self._find_profile_of_host(account)
        if by_host is not None:
            return self._kinds[by_host]
        path = urlsplit(account.base_url).path
        ends = [
            (len(end), kind)
            for kind in self._kinds.values()
            for end in kind.path_ends
            if path.endswith(end)
        ]
        # The longest end tells most: `/x/runway` may be another upstream than `/runway`.
        return max(ends, key=lambda found: found[0])[1] if ends else self._first

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return `key: reason` for a profile that there is not, or that lacks an address."""
        if account.profile is not None and account.profile not in self._kinds:
            return [f"profile: no such profile; one of: {', '.join(self._kinds)}"]
        is_here = account.options.base_url is not None
        if self.find_kind(account).needs_address and not is_here:
            which = account.profile or "that is taken where none is set"
            return [f"base_url: is needed for the profile {which}"]
        by_host = self._find_profile_of_host(account)
        if account.profile is not None and by_host not in (None, account.profile):
            return [f"profile: the address is that of {by_host}; set region or base_url"]
        return []

    def _find_profile_of_host(self, account: Account) -> str | None:
        """Return the profile whose domain the base URL is of; None where none claims it."""
        host = urlsplit(account.base_url).hostname or ""
        return next(
            (
                name
                for name, kind in self._kinds.items()
                if any(f".{host}".endswith(f".{domain}") for domain in kind.hosts)
            ),
            None,
        )

    @property
    def operations(self) -> Collection[str]:
        """Every operation of every kind."""
        return dict.fromkeys(name for kind in self._kinds.values() for name in kind.adapter.creates)

    @property
    def together(self) -> int:
        """The most tasks that one call of any kind asks for."""
        return max(kind.adapter.together for kind in self._kinds.values())

    @property
    def erases_ended(self) -> bool:
        """Tell whether the cancel of any kind erases an ended task: each is looked at first."""
        return any(kind.cancels.erases_ended for kind in self._kinds.values() if kind.cancels)

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account's upstream calls back."""
        del operation
        return self.find_kind(account).is_calling

    def get_lookup_kind(self, account: Account) -> Finds:
        """Ask the account's kind."""
        return self.find_kind(account).adapter.get_lookup_kind(account)

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Ask the account's kind; name it where another kind has the operation."""
        if operation in self.not_served:
            return self.not_served[operation]
        refusal = self.find_kind(account).adapter.explain_unserved(account, operation)
        if refusal == NO_SUCH_OPERATION and operation in self.operations:
            return "the account's upstream has no such operation"
        return refusal

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the model of the first kind that has the operation."""
        owners = self._list_owners(operation)
        return owners[0].get_input_model(operation) if owners else None

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the first kind that has the operation: accounts are chosen later."""
        return self._list_owners(operation)[0].check(operation, input_)

    def _list_owners(self, operation: str) -> list[TableAdapter]:
        return [
            kind.adapter for kind in self._kinds.values() if operation in kind.adapter.operations
        ]

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Tell whether any kind takes the refusal for the account's fault."""
        return any(
            kind.adapter.is_account_fault(code, http_status) for kind in self._kinds.values()
        )

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create."""
        return self.find_kind(sending.account).adapter.build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read the create's answer."""
        return self.find_kind(sending.account).adapter.parse_submit(sending, answer)

    def is_url_needed(self, account: Account) -> bool:
        """Ask the account's kind."""
        looks = self.find_kind(account).looks
        return looks is not None and looks.is_url_needed(account)

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Build the search; None where nothing can be searched."""
        looks = self.find_kind(asking.account).looks
        return None if looks is None else looks.build_lookup(asking)

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Read what a search found."""
        looks = self.find_kind(asking.account).looks
        if looks is None:
            return NotSeen("the account's upstream has no list")
        return looks.parse_lookup(asking, answer)

    def build_list(self, request: ListRequest) -> HttpCall | None:
        """Build the call for a page of the list; None where the account's kind has none."""
        lists = self.find_kind(request.account).lists
        return None if lists is None else lists.build_list(request)

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        """Read a page of the list."""
        lists = self.find_kind(request.account).lists
        if lists is None:
            return Unanswered("the account's upstream has no list")
        return lists.parse_list(request, answer)

    def get_poll_spacing_s(self, account: Account) -> float:
        """Ask the account's kind."""
        return self.find_kind(account).adapter.get_poll_spacing_s(account)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask the account's kind."""
        return self.find_kind(account).adapter.get_poll_group(account, task)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query."""
        return self.find_kind(asking.account).adapter.build_poll(asking)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the query's answer."""
        return self.find_kind(asking.account).adapter.parse_poll(asking, answer)

    def explain_too_late(self, asking: Asking) -> str | None:
        """Ask the account's kind."""
        cancels = self.find_kind(asking.account).cancels
        return None if cancels is None else cancels.explain_too_late(asking)

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the cancel; None where the account's kind offers none."""
        cancels = self.find_kind(asking.account).cancels
        return None if cancels is None else cancels.build_cancel(asking)

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """Read the cancel's answer."""
        cancels = self.find_kind(asking.account).cancels
        if cancels is None:
            return CancelUnknown("the account's upstream offers no way to cancel")
        return cancels.parse_cancel(asking, answer)

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Build the probe."""
        return self.find_kind(account).adapter.build_probe(account, now=now)

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Read the probe's answer."""
        return self.find_kind(account).adapter.parse_probe(account, answer)
