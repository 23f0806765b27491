"""Every table and index, a file for each subject; a test compares them with the migrations."""

from tracker.store.schema.access import api_keys, rate_windows
from tracker.store.schema.audit import audit_entries
from tracker.store.schema.base import metadata
from tracker.store.schema.costs import UNCOUNTED, budgets, cost_days, cost_entries
from tracker.store.schema.custody import assets
from tracker.store.schema.deliveries import (
    deliveries,
    delivery_attempts,
    delivery_bodies,
    endpoint_sets,
    endpoints,
)
from tracker.store.schema.feed import feed_head
from tracker.store.schema.received import (
    ODD,
    callback_ids,
    dismissals,
    forgeries,
    published_keys,
    receipts,
)
from tracker.store.schema.rereads import rereads
from tracker.store.schema.retention import (
    UNFINISHED,
    archives,
    chore_leases,
    dropped_inputs,
    feed_floors,
    gone_tasks,
    holds,
    retention_approvals,
    retention_walks,
)
from tracker.store.schema.running import conditions, processes, schema_fit, secret_marks
from tracker.store.schema.runs import bulk_run_tasks, bulk_runs
from tracker.store.schema.stats import stat_charged, stat_costs, stat_counts, stat_progress
from tracker.store.schema.tasks import (
    ASKED_ABOUT,
    BLOCKED,
    ENDED,
    LATE,
    OVERDUE,
    attempts,
    idempotency_keys,
    jobs,
    lost_answers,
    made_objects,
    owned_progress,
    stream_texts,
    task_inputs,
    task_labels,
    tasks,
    transitions,
)

__all__ = [
    "ASKED_ABOUT",
    "BLOCKED",
    "ENDED",
    "LATE",
    "ODD",
    "OVERDUE",
    "UNCOUNTED",
    "UNFINISHED",
    "api_keys",
    "archives",
    "assets",
    "attempts",
    "audit_entries",
    "budgets",
    "bulk_run_tasks",
    "bulk_runs",
    "callback_ids",
    "chore_leases",
    "conditions",
    "cost_days",
    "cost_entries",
    "deliveries",
    "delivery_attempts",
    "delivery_bodies",
    "dismissals",
    "dropped_inputs",
    "endpoint_sets",
    "endpoints",
    "feed_floors",
    "feed_head",
    "forgeries",
    "gone_tasks",
    "holds",
    "idempotency_keys",
    "jobs",
    "lost_answers",
    "made_objects",
    "metadata",
    "owned_progress",
    "processes",
    "published_keys",
    "rate_windows",
    "receipts",
    "rereads",
    "retention_approvals",
    "retention_walks",
    "schema_fit",
    "secret_marks",
    "stat_charged",
    "stat_costs",
    "stat_counts",
    "stat_progress",
    "stream_texts",
    "task_inputs",
    "task_labels",
    "tasks",
    "transitions",
]
