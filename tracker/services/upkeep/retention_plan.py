"""Say what retention would drop now, and have a plan for much at once approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.retention import RetentionPolicy, Walk
from tracker.services.upkeep.retention_lease import LATEST
from tracker.store import retention, retention_plans
from tracker.store.driver.transaction import Tx
from tracker.store.retention import WalkPlace
from tracker.store.store import Reading


@dataclass(frozen=True, slots=True)
class PlannedDrop:
    """Rows that one walk would drop now. bytes: of bodies."""

    walk: Walk
    rows: int
    bytes: int


def plan(db: Reading, policy: RetentionPolicy, *, now: datetime) -> list[PlannedDrop]:
    """Count rows and bytes that are due; changes nothing. Holds are not taken off."""
    there = retention.progress(db)
    found = []
    for walk in policy.walks():
        at = there.get(walk.name)
        place = WalkPlace() if at is None else at.place
        groups = retention_plans.planned(
            db, walk.kept_class, place, before=now - LATEST - walk.keep
        )
        due = [
            group
            for group in groups
            if policy.keep(walk.kept_class, group.tenant, group.provider, group.state) == walk.keep
        ]
        found.append(PlannedDrop(walk, sum(g.rows for g in due), sum(g.bytes for g in due)))
    return found


def approve(tx: Tx, policies: Sequence[RetentionPolicy]) -> list[int]:
    """Set-based: approve what is due now; returns of how many walks."""
    for policy in policies:
        for walk in policy.walks():
            retention_plans.approve(tx.db, walk.name, before=tx.now - LATEST - walk.keep)
    return [len(policy.walks()) for policy in policies]
