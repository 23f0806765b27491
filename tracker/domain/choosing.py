"""Which account a task goes to, where its caller leaves it open. Arithmetic only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import blake2b
from math import log
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest


def find_sole_provider(accounts: Iterable[tuple[str, str]]) -> str:
    """Return the one provider of all accounts, for a request that names none.

    accounts: (provider, account name) of each. Raises InvalidRequest naming the field `provider`,
    with the choices where there are several.
    """
    owners = sorted({owner for owner, _ in accounts})
    if not owners:
        raise InvalidRequest(FieldError("provider", "no provider has an account here: name one"))
    if len(owners) > 1:
        raise InvalidRequest(FieldError("provider", f"say which; one of: {', '.join(owners)}"))
    return owners[0]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which accounts tasks of a kind go to. The first rule that covers a task decides.

    accounts:  of one provider; their weights share the tasks out.
    operation: a pattern with `*`; None for every operation.
    metadata:  entries that the task's own must hold.
    """

    provider: str
    accounts: tuple[str, ...]
    operation: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def is_for_task(self, provider: str, operation: str, metadata: Mapping[str, Any]) -> bool:
        """Return true if the rule applies to such a task."""
        return (
            provider == self.provider
            and (self.operation is None or fnmatchcase(operation, self.operation))
            and all(name in metadata and metadata[name] == v for name, v in self.metadata.items())
        )


def rank_accounts(weights: Mapping[str, int], key: str) -> list[str]:
    """Return accounts in the order in which one task would take them.

    The same key has the same order for ever, whatever else comes: a caller who repeats a request
    under its own id meets the account that has it already. Over many keys each account comes
    first in proportion to its weight (rendezvous hashing). Weight 0: never.
    """
    open_ = {name: weight for name, weight in weights.items() if weight > 0}
    if len(open_) < 2:
        return list(open_)
    scores = {name: _compute_score(name, key, weight) for name, weight in open_.items()}
    return sorted(scores, key=lambda name: (-scores[name], name))


def choose(order: list[str], *, ailing: Collection[str], full: Collection[str]) -> str:
    """Return the first that is well and has room; else the first that is well; else the first.

    order: not empty.
    """
    for avoided in ({*ailing, *full}, {*ailing}):
        for name in order:
            if name not in avoided:
                return name
    return order[0]


def _compute_score(name: str, key: str, weight: int) -> float:
    digest = blake2b(f"{name}\n{key}".encode("utf-8", "replace"), digest_size=8).digest()
    share = (int.from_bytes(digest) + 1) / (2**64 + 1)  # above 0 and below 1
    return -weight / log(share)
