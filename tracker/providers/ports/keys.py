"""Public keys that a provider publishes for the signatures of its callbacks.

An adapter names where they are, and is handed them; fetching and keeping them is the service's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

KeySet = Sequence[Mapping[str, Any]]
"""The members of a JSON Web Key Set (RFC 7517), as they were published."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a key set is published.

    url:          answers a GET with the set, to anybody.
    is_operators: whether an operator named the host, which may then lie inside their network.
    proxy:        URL of the HTTP proxy that the account's calls go through; None for none.
    kind:         of the keys that sign: the curve of an OKP key, or `RSA`. A set without one is as
                  good as none. None: any.
    """

    url: str
    is_operators: bool = False
    proxy: str | None = field(default=None, repr=False)
    kind: Literal["Ed25519", "RSA"] | None = None
