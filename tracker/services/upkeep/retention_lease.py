"""The lease of retention: which process drops, and how far behind now it stays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tracker.store import chore_leases
from tracker.store.driver.transaction import Tx

NAME = "retention"
LATEST = timedelta(hours=1)
"""How far behind now it stays: what has just ended is still read and told about."""
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class RetentionLease:
    """The chore's lease, as one process has it or tries to get it. token: of that process."""

    token: str

    def take(self, tx: Tx) -> bool:
        """Take it, or go on with it; False while another process has it."""
        until = tx.lease_now + LEASE
        return chore_leases.take(tx.db, NAME, self.token, now=tx.lease_now, until=until)

    def renew(self, tx: Tx) -> bool:
        """Lock it for this transaction; False when it is another's by now."""
        return chore_leases.renew(tx.db, NAME, self.token, until=tx.lease_now + LEASE)

    def renew_later(self, tx: Tx) -> Callable[[], bool]:
        """Do what `renew` does; on PostgreSQL nothing is waited for until that is asked for."""
        return chore_leases.renew_later(tx.db, NAME, self.token, lasts=LEASE, now=tx.now)
