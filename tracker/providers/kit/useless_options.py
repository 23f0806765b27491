"""Options of accounts that mean nothing at a provider: refused, so that nobody relies on them."""

from collections.abc import Sequence
from typing import ClassVar

from tracker.providers.ports.account import AccountOptions

NO_CALLBACKS = "this provider never calls back; leave it out"
UNSIGNED = "this provider signs no callbacks; leave it out"
SECRET_PER_CREATE = "each create carries a secret of its own; leave it out"  # noqa: S105 - no secret
UNSIGNED_BY_SECRET = "callbacks are signed with published keys; leave it out"  # noqa: S105 - no secret
ONE_KIND = "this provider has one kind of upstream; leave it out"


class SecretlessOptions(AccountOptions):
    """The options of every account, without secrets of callbacks.

    why_no_secrets: for the operator who sets one.
    """

    why_no_secrets: ClassVar[str] = NO_CALLBACKS

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what cannot work."""
        return [f"webhook_secrets: {self.why_no_secrets}"] if self.webhook_secrets else []


class UnprofiledOptions(AccountOptions):
    """The options of every account, without a profile."""

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what cannot work."""
        return [*super().find_flaws(), *([f"profile: {ONE_KIND}"] if self.profile else [])]


class OneKindOptions(UnprofiledOptions, SecretlessOptions):
    """The options of every account, without secrets of callbacks and without a profile."""
