"""Accounts at Midjourney proxies: which kind of proxy answers, and how it takes the key.

Sources: https://github.com/novicezk/midjourney-proxy (ApiAuthorizeInterceptor),
https://github.com/trueai-org/midjourney-proxy and https://github.com/QuantumNous/new-api
(middleware/auth.go), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from tracker.providers.kit.calls import build_bearer_header
from tracker.providers.kit.useless_options import UNSIGNED, SecretlessOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import NO_SUCH_OPERATION, Finds

KeyField = Literal["mj-api-secret", "authorization", "bearer"]


class Kind(StrEnum):
    """Kinds of upstream; the values of an account's `profile`."""

    NOVICEZK = "novicezk"
    TRUEAI = "trueai"
    NEW_API = "new-api"
    """A gateway of the new-api family in front of one of the others."""
    PLAIN = "plain"
    """A closed gateway of which nothing is known."""


@dataclass(frozen=True, slots=True)
class ProxyProfile:
    """The abilities of one kind of upstream.

    key_in:       the field that carries the key, unless the account says another one.
    finds:        how a submit whose answer was lost can be found.
    calls_back:   whether it calls the URL that it is given.
    spacing_s:    least seconds between two looks at one task.
    has_modes:    whether `/mj-fast`, `/mj-turbo` and `/mj-relax` stand beside `/mj`.
    can_cancel:   whether a task can be cancelled.
    operations:   None for all.
    """

    key_in: KeyField = "mj-api-secret"
    finds: Finds = Finds.NEVER
    calls_back: bool = True
    spacing_s: float = 0.0
    has_modes: bool = True
    can_cancel: bool = False
    operations: frozenset[str] | None = None


_FIRST = frozenset({"imagine", "blend", "describe", "change", "simple-change"})
_GATEWAY = _FIRST | {"shorten", "action", "modal", "edits", "video", "insight-face/swap"}
PROFILES: Mapping[Kind, ProxyProfile] = MappingProxyType(
    {
        Kind.NOVICEZK: ProxyProfile(finds=Finds.BY_SCAN, has_modes=False, operations=_FIRST),
        Kind.TRUEAI: ProxyProfile(finds=Finds.BY_SCAN, can_cancel=True),
        # It strips the URL, and asks its own upstream every 15 s.
        Kind.NEW_API: ProxyProfile(
            key_in="bearer", calls_back=False, spacing_s=5.0, operations=_GATEWAY
        ),
        Kind.PLAIN: ProxyProfile(),
    }
)


class MidjourneyOptions(SecretlessOptions):
    """The options of an account.

    base_url: with its path, e.g. `https://gateway.example/mj`.
    profile:  a Kind; None for `plain`.
    key_in:   the field that carries the key: `mj-api-secret`, `authorization` (the bare key) or
              `bearer`; None for the profile's own.
    """

    key_in: KeyField | None = None
    why_no_secrets = UNSIGNED

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what cannot work."""
        found = list(super().find_flaws())
        if self.profile is not None and self.profile not in list(Kind):
            found.append(f"profile: must be one of: {', '.join(Kind)}")
        return found


def find_kind(account: Account) -> Kind:
    """Return the kind of upstream behind an account."""
    return Kind(account.profile or Kind.PLAIN)


def find_profile(account: Account) -> ProxyProfile:
    """Return the abilities of the upstream behind an account."""
    return PROFILES[find_kind(account)]


def explain_refusal(account: Account, operation: str) -> str | None:
    """Return why an account's upstream does not serve an operation of the table; None if it does.

    operation: one that some kind serves.
    """
    served = find_profile(account).operations
    if served is None or operation in served:
        return None
    return f"{NO_SUCH_OPERATION}: a proxy of the kind {find_kind(account)} does not serve it"


def build_key_headers(account: Account) -> dict[str, str]:
    """Build the header that carries the key: one alone, as a second one may be taken instead."""
    key = account.api_key
    field = account.get_options(MidjourneyOptions).key_in or find_profile(account).key_in
    if not key:
        return {}
    return build_bearer_header(key) if field == "bearer" else {field: key}
