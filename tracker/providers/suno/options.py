"""Options of Suno accounts, and the profile that an address has by itself."""

from collections.abc import Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from tracker.domain.call_rate import NO_LIMITS, CallLimits, CallRate
from tracker.providers.kit.calls import build_bearer_header
from tracker.providers.ports.account import Account, AccountOptions, CookieSecret, reveal

GATEWAY, RAW, SUNOAPI, KIE, GCUI = "gateway", "raw", "sunoapi", "kie", "gcui"
_HOSTS = MappingProxyType({"sunoapi.org": SUNOAPI, "kie.ai": KIE})
_SIGNS = frozenset({KIE})
_LIMITED = frozenset({SUNOAPI, KIE})
_LIMITS = CallLimits(CallRate(20, 10))
"""Of an account at kie.ai, whose page says so of creates (https://docs.kie.ai/1973359m0.md, section
8, read 2026-11-29). Of sunoapi.org no public page was found that does: there it is an assumption.
"""


class SunoOptions(AccountOptions):
    """A key; for a self-hosted server a cookie instead, or nothing.

    cookie: of a login at suno.com, which a gcui-art/suno-api server takes with each call.
    """

    cookie: CookieSecret | None = None

    def has_credentials(self) -> bool:
        """Tell whether there is a key; a self-hosted server may hold its credentials itself."""
        return self.api_key is not None or self.profile == GCUI


def find_profile(account: Account) -> str:
    """Return the account's profile: as it is set, else by its host; `gateway` for other hosts."""
    return account.profile or _find_profile(account)


def _find_profile(account: Account) -> str:
    host = urlsplit(account.base_url).hostname or ""
    return next(
        (name for domain, name in _HOSTS.items() if f".{host}".endswith(f".{domain}")), GATEWAY
    )


def list_flaws(account: Account) -> Sequence[str]:
    """Return `key: reason` for options that mean nothing in the account's profile."""
    profile, flaws = find_profile(account), []
    by_host = _find_profile(account)
    if by_host not in (GATEWAY, profile):
        flaws.append(f"profile: the address is that of {by_host}; set region or base_url")
    if account.webhook_secrets and profile not in _SIGNS:
        flaws.append("webhook_secrets: only kie.ai signs callbacks; leave it out")
    if account.get_options(SunoOptions).cookie and profile != GCUI:
        flaws.append("cookie: only the profile gcui takes one; leave it out")
    return flaws


def find_limits(account: Account) -> CallLimits:
    """Return the limits of an account's calls; none are documented for the other profiles."""
    return _LIMITS if find_profile(account) in _LIMITED else NO_LIMITS


def build_headers(account: Account) -> dict[str, str]:
    """Build the headers that carry the credentials."""
    cookie = reveal(account.get_options(SunoOptions).cookie)
    return build_bearer_header(account.api_key) | ({"cookie": cookie} if cookie else {})
