"""Job kind → service, and how much of it at once."""

from tracker.services.attempting import Attempting
from tracker.services.context import Context
from tracker.services.delivery import Delivering
from tracker.services.reconciliation import Reconciliation
from tracker.store.jobs import JobKind
from tracker.workers.loop import Role


def roles(context: Context) -> list[Role]:
    """Everything a worker process does."""
    return [
        Role(JobKind.SUBMIT, Attempting(context).run, concurrency=32, per_lane=24),
        Role(JobKind.RECONCILE, Reconciliation(context).run, concurrency=32, per_lane=24),
        Role(JobKind.DELIVER, Delivering(context).run, concurrency=32, per_lane=4),
    ]
