"""The options of an account at Kling or a gateway in front of it."""

from collections.abc import Sequence
from typing import Literal

from tracker.providers.ports.account import Account, AccountOptions, HeaderSecret, reveal


class KlingOptions(AccountOptions):
    """An account's options.

    access_key, secret_key: the pair that signs JWTs, in place of an api_key.
    dialect: which of Kling's two dialects the account speaks; None for all that its credentials
        allow.
    finds_external_ids: whether tasks are found by our external id. Where not, the upstream would
        deny tasks that it has, and a submit whose outcome is unknown is never sent again.
    """

    access_key: HeaderSecret | None = None
    secret_key: HeaderSecret | None = None
    dialect: Literal["legacy", "standard", "both"] | None = None
    finds_external_ids: bool = True

    def has_credentials(self) -> bool:
        """Tell whether there is a key or a pair of keys."""
        return self.api_key is not None or self.access_key is not None

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for each way in which the credentials contradict themselves."""
        pair = (self.access_key, self.secret_key)
        if any(pair) and not all(pair):
            missing = "secret_key" if self.access_key else "access_key"
            return [f"{missing}: access_key and secret_key go together; this one is missing"]
        if any(pair) and self.api_key:
            return ["api_key: excludes access_key; set one"]
        return []


def find_key_pair(account: Account) -> tuple[str, str] | None:
    """Return access key and secret key; None where the account has none."""
    options = account.get_options(KlingOptions)
    access, secret = reveal(options.access_key), reveal(options.secret_key)
    return (access, secret) if access and secret else None
