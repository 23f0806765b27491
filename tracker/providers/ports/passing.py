"""Calls of a provider's API that make no task: what they make, name and list, as data.

Several tenants may share an account. The host keeps who made which object, and lets a call name
only what its tenant made; besides the fields that are told here it looks at those of `objects.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tracker.domain.exchange import HttpCall
from tracker.providers.ports.account import Account


@dataclass(frozen=True, slots=True)
class PassedCall:
    """One call that is passed on.

    makes, names, lists: the kind of object whose id the answer brings, the body names, or the
                answer lists; None for none.
    may_be_public: whether what the body names may be the provider's own, which everybody may use.
    field:      the field of such an id, in the body and in answers.
    made_field: of the id of what it makes, where that has another name in answers.
    more_names: fields of the body that hold further ids, as `ObjectIds.fields` tells them.
    is_account: whether it concerns the account as a whole: its costs, its balance.
    takes_any_body: whether its body may be of any type, such as a multipart upload; else JSON.
    """

    method: str
    makes: str | None = None
    names: str | None = None
    lists: str | None = None
    field: str = ""
    made_field: str = ""
    more_names: tuple[str, ...] = ()
    may_be_public: bool = False
    is_account: bool = False
    takes_any_body: bool = False


@dataclass(frozen=True, slots=True)
class ForwardedCall:
    """A client's call that goes to an account.

    path:    a key of `calls`; the provider's id of the task or object that it is about, escaped,
             stands in the place of `{id}`.
    query:   the raw query string.
    headers: the client's, lower-case names.
    """

    account: Account
    path: str
    method: str
    query: str
    headers: Mapping[str, str]
    now: datetime
    timeout_s: float


class PassesOn(Protocol):
    """The calls of a provider that are passed on."""

    @property
    def calls(self) -> Mapping[str, PassedCall]:
        """Every call, by its path."""
        ...

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Return why a call cannot be made at an account's upstream; None when it can.

        path: a key of `calls`.
        """
        ...

    def is_public(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a listed object is the provider's own, which everybody may see."""
        ...

    def build_call(self, forwarded: ForwardedCall) -> HttpCall:
        """Return the call to the provider, with the account's own credentials."""
        ...
