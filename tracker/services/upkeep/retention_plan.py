"""Say what retention would drop now, and have a plan for much at once approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.retention import Keep, KeptClass, RetentionPolicy
from tracker.services.upkeep.retention_lease import LATEST
from tracker.store import retention, retention_plans
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading


@dataclass(frozen=True, slots=True)
class PlannedDrop:
    """Rows of a class that would be dropped now.

    keep:  after how long; of files that of most, as each has its own time.
    bytes: of bodies and files.
    """

    kept_class: KeptClass
    keep: Keep
    rows: int
    bytes: int


def plan(db: Reading, policy: RetentionPolicy, *, now: datetime) -> list[PlannedDrop]:
    """Count rows and bytes that are due; changes nothing. Holds are not taken off."""
    found = []
    for walk, place in retention.find_places(db, policy.list_walks()).items():
        groups = retention_plans.list_planned(
            db, walk.kept_class, place, before=now - LATEST - walk.keep
        )
        due = [
            group
            for group in groups
            if policy.keep(walk.kept_class, group.tenant, group.provider, group.state) == walk.keep
        ]
        rows, size = sum(group.rows for group in due), sum(group.bytes for group in due)
        found.append(PlannedDrop(walk.kept_class, walk.keep, rows, size))
    if policy.list_times(KeptClass.ASSETS):
        keep = policy.defaults.get(KeptClass.ASSETS)
        rows, size = retention_plans.sum_files(db, before=now)
        found.append(PlannedDrop(KeptClass.ASSETS, keep, rows, size))
    return found


def approve(tx: Tx, policies: Sequence[RetentionPolicy]) -> list[int]:
    """Set-based: approve what is due now; returns of how many walks."""
    for policy in policies:
        for walk in policy.list_walks():
            retention_plans.approve(tx.db, walk.name, before=tx.now - LATEST - walk.keep)
    return [len(policy.list_walks()) for policy in policies]
