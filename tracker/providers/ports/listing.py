"""The capability to list tasks: for those that a restored database does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tracker.domain.exchange import HttpCall
from tracker.domain.outcome import Unanswered
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer


@dataclass(frozen=True, slots=True)
class ListedTask:
    """One entry of a provider's list.

    operation:        it can be asked for as a task of this one.
    external_task_id: our name for it, where the provider keeps that.
    callback_url:     where it calls back, where the list repeats that.
    """

    operation: str
    provider_task_id: str
    external_task_id: str | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of the list. following: leads to the page after it; None at the end."""

    tasks: Sequence[ListedTask]
    following: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A question for a page of an account's tasks.

    since: tasks that were made before need not be listed.
    page:  `ListedPage.following` of the page before; None for the first.
    now:   aware UTC.
    """

    account: Account
    since: datetime
    now: datetime
    page: Mapping[str, Any] | None = None


class Lists(Protocol):
    """Lists an account's tasks."""

    def build_list(self, request: ListRequest) -> HttpCall | None:
        """Build the call for a page; None where this account's upstream lists nothing."""
        ...

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        """Read a page."""
        ...
