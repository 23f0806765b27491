"""Completeness of the processes that share one database. Arithmetic only."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

SKEW_MS = 2000
"""More than this between a process's clock and the database server's is said."""
GONE_LEASES = 1.5
"""After so many leases of silence a process counts as gone."""

NO_WORKER = (
    "no process does the background work: nothing is submitted, asked for or delivered. "
    "Start `tracker worker`, or `tracker serve` without --no-worker"
)
SECRETS_DIFFER = (
    "processes on this database have different callback secrets: each refuses callbacks and "
    "cannot sign deliveries of the other. Give all of them the same TRACKER_CALLBACK_SECRETS"
)


RING_LACKS = (
    "a secret that signed callback URLs here is not among the secrets of this process: callbacks "
    "to open tasks of that time are refused, and polls alone tell how they end. Put it back as a "
    "further one in TRACKER_CALLBACK_SECRETS; else this stands until those tasks have ended"
)


def mark(secret: bytes) -> str:
    """Return a digest of a callback secret: equal in every process, and no help to guess it."""
    return hmac.digest(secret, b"tracker: mark of a callback secret", hashlib.sha256)[:8].hex()


def differ(rings: Sequence[Sequence[str]]) -> bool:
    """Return true if a process signs with a secret that another process does not have.

    rings: marks of each process's secrets, the signing one first.
    """
    signing = {ring[0] for ring in rings if ring}
    return any(not signing <= set(ring) for ring in rings)


def describe_skew(ahead_ms: Sequence[int], *, most_ms: int = SKEW_MS) -> str | None:
    """Say what is wrong with clocks; None when nothing is.

    ahead_ms: by how much the clock of each process is ahead of the database server's.
    most_ms:  what is not said yet.
    """
    worst = max(ahead_ms, key=abs, default=0)
    if abs(worst) <= most_ms:
        return None
    way = "ahead of" if worst > 0 else "behind"
    return (
        f"the clock of a process is {abs(worst) / 1000:.1f} s {way} the database server's. "
        "Times are kept by the server, but logs differ: let both hosts follow one time server"
    )


NO_END = "its round has not ended yet"
"""Why a chore has not ended well that nothing broke off."""


def describe_failing_chores(workers: Sequence[Mapping[str, Sequence[str]]]) -> list[str]:
    """Say of each chore that ends well in no worker since when and why, the longest first.

    workers: of each worker since when (UTC) and why a chore has not ended well there, by its name.
    """
    if not workers:
        return []
    everywhere = set.intersection(*map(set, workers))
    found = sorted((*max(tuple(one[name]) for one in workers), name) for name in everywhere)
    return [
        f"the chore {name} has not ended well since {since} UTC: {reason}. "
        "The workers' logs say more"
        for since, reason, name in found
    ]
