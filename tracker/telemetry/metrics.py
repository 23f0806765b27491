"""Counts of one process, for `GET /metrics` of its own listener (docs/reference/metrics.md).

Counting is an addition to an integer, 0.2 µs where a client library's counters cost 8; rendering is
the library's (tracker/telemetry/exposition.py). Each metric is counted in one thread; the thread
that renders only reads. Label sets are bounded: see MOST_SETS.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

MOST_SETS = 2000
"""Label sets of one metric. What comes beyond is counted under `other`."""
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

Labels = tuple[str | int, ...]
"""The values of a metric's labels, in their order."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name, what it means, and the names of its labels.

    name: without the `_total` of counters.
    """

    name: str
    help: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Sequence[str] = ()


@dataclass(slots=True)
class Counter:
    """Counts what happened, by labels."""

    metric: Metric
    values: dict[Labels, int] = field(default_factory=dict)

    def add(self, labels: Labels = (), *, by: int = 1) -> None:
        """Count what happened, once or several times."""
        try:
            self.values[labels] += by
        except KeyError:
            key = _bound_labels(self.values, labels)
            self.values[key] = self.values.get(key, 0) + by


@dataclass(slots=True)
class Histogram:
    """Counts values in ranges, by labels.

    values: by labels: how many were in each range (one more than `bounds`), and at last their sum.
    """

    metric: Metric
    bounds: Sequence[float]
    values: dict[Labels, list[float]] = field(default_factory=dict)

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Count a value."""
        counts = self.values.get(labels)
        if counts is None:
            fresh = [0.0] * (len(self.bounds) + 2)
            counts = self.values.setdefault(_bound_labels(self.values, labels), fresh)
        counts[bisect_left(self.bounds, value)] += 1
        counts[-1] += value


@dataclass(slots=True)
class Gauge:
    """Values that somebody measured, by labels, and one that is asked for when it is read.

    ask: returns the value without labels; None where there is none.
    """

    metric: Metric
    values: Mapping[Labels, float] = field(default_factory=dict)
    ask: Callable[[], float | None] = field(default=lambda: None)

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Take new values for all labels at once."""
        self.values = values

    def put(self, value: float, labels: Labels) -> None:
        """Take a new value for some labels."""
        self.values = {**self.values, labels: value}

    def read(self) -> Iterator[tuple[Labels, float]]:
        """Yield each value with its labels."""
        yield from self.values.items()
        asked = self.ask()
        if asked is not None:
            yield (), asked


def _bound_labels(values: Mapping[Labels, object], labels: Labels) -> Labels:
    if labels in values or len(values) < MOST_SETS:
        return labels
    return (OTHER,) * len(labels)


def _register_counter(name: str, help_: str, *labels: str) -> Counter:
    return Counter(Metric(name, help_, "counter", labels))


def _register_gauge(name: str, help_: str, *labels: str) -> Gauge:
    return Gauge(Metric(name, help_, "gauge", labels))


def _register_histogram(name: str, help_: str, bounds: Sequence[float], *labels: str) -> Histogram:
    return Histogram(Metric(name, help_, "histogram", labels), bounds)


CALLBACKS = _register_counter(
    "tracker_callbacks", "Callbacks taken in, by what was made of them.", "provider", "verdict"
)
REQUESTS = _register_counter("tracker_requests", "Requests answered.", "route", "status")
REQUEST_SECONDS = _register_histogram(
    "tracker_request_seconds", "Time until the answer was sent.", SECONDS, "route"
)
BATCH_ITEMS = _register_histogram(
    "tracker_writer_batch_items", "Writes that shared a commit.", ITEMS
)
COMMIT_SECONDS = _register_histogram(
    "tracker_commit_seconds", "Time of one transaction of the writer.", SECONDS
)
WRITER_WAITING = _register_gauge("tracker_writer_waiting", "Writes that wait for their commit.")
WRITER_STALLED = _register_gauge(
    "tracker_writer_stalled_seconds",
    "For how long a transaction has stood still, or a kind of write or read was refused; 0: none.",
)
SUBMITS = _register_counter(
    "tracker_submits", "Submits ended, by outcome.", "provider", "account", "outcome"
)
POLLS = _register_counter(
    "tracker_polls", "Looks at tasks, by outcome.", "provider", "account", "outcome"
)
DELIVERIES = _register_counter(
    "tracker_deliveries", "Attempts at deliveries, by outcome.", "outcome"
)
CHORE_SUCCESS = _register_gauge(
    "tracker_chore_last_success_timestamp_seconds",
    "When a chore last ended well; at first, when the process began with it.",
    "chore",
)
CHORE_PERIOD = _register_gauge(
    "tracker_chore_period_seconds", "Pause between a chore's rounds.", "chore"
)
LEASES_EXPIRED = _register_counter(
    "tracker_leases_expired", "Work taken over after its holder's lease had run out."
)
LOG_LINES_LOST = _register_counter(
    "tracker_log_lines_lost",
    "Lines of the log that could not be written: the disk is full, or their reader hangs.",
)
CALLBACK_SHARE = _register_gauge(
    "tracker_callback_share",
    "Share of an account's latest 100 verdicts that a callback brought.",
    *("provider", "account"),
)
TASK_SECONDS = _register_gauge(
    "tracker_task_seconds",
    "Time from a provider's acceptance to its verdict, of the latest tasks; operations that callers"
    " name are `other`.",
    *("provider", "operation", "quantile"),
)
OPEN_TASKS = _register_gauge(
    "tracker_open_tasks", "Open tasks, counted to 10,000 a state.", "state"
)
JOBS_DUE = _register_gauge("tracker_jobs_due", "Jobs due and not taken, counted to 1,000.", "kind")
OLDEST_DUE = _register_gauge("tracker_job_oldest_due_seconds", "Age of the oldest job due.", "kind")
DELIVERIES_PENDING = _register_gauge(
    "tracker_deliveries_pending",
    "Deliveries owed, counted to 10,000.",
)
FEED_HEAD = _register_gauge("tracker_feed_head", "Newest number of the change feed.")
CHORE_BEHIND = _register_gauge(
    "tracker_chore_behind",
    "Feed numbers or tasks that a chore has yet to come by; of retention to 10,000 a rule.",
    "chore",
)
CONDITIONS = _register_gauge("tracker_conditions", "Conditions that stand, by name.", "name")
DATABASE_BYTES = _register_gauge(
    "tracker_database_bytes", "Size of a table with its indexes; SQLite: of a file.", "table"
)
DATABASE_FREE = _register_gauge("tracker_database_free_bytes", "Free space on the database's disk.")
DATABASE_INFO = _register_gauge(
    "tracker_database_info",
    "Always 1; the version is the library's on SQLite.",
    "engine",
    "version",
)
INDEXES_MISSING = _register_gauge(
    "tracker_indexes_missing", "Indexes of the schema that are not there, or not valid."
)
OLDEST_SNAPSHOT = _register_gauge(
    "tracker_oldest_snapshot_seconds", "Age of the oldest transaction that keeps dead rows."
)
REPLICA_LAG = _register_gauge(
    "tracker_replica_lag_seconds", "By how much the slowest standby is behind."
)
CLOCK_SKEW = _register_gauge(
    "tracker_clock_skew_seconds", "Largest gap between a process's clock and the database's."
)
SAMPLED = _register_gauge(
    "tracker_sampled_timestamp_seconds", "When the database was last looked at for the gauges."
)
WAITERS = _register_gauge("tracker_waiters", "Callers who wait for a change.")
BUILD_INFO = _register_gauge("tracker_build_info", "Always 1.", "version", "schema")

ALL: Sequence[Counter | Gauge | Histogram] = (
    *(CALLBACKS, REQUESTS, REQUEST_SECONDS, BATCH_ITEMS, COMMIT_SECONDS, WRITER_WAITING),
    *(WRITER_STALLED, SUBMITS, POLLS, DELIVERIES, LEASES_EXPIRED, LOG_LINES_LOST),
    *(
        CALLBACK_SHARE,
        TASK_SECONDS,
        CHORE_SUCCESS,
        CHORE_PERIOD,
        OPEN_TASKS,
        JOBS_DUE,
        OLDEST_DUE,
        DELIVERIES_PENDING,
    ),
    *(FEED_HEAD, CHORE_BEHIND, CONDITIONS, DATABASE_BYTES, DATABASE_FREE, DATABASE_INFO),
    *(INDEXES_MISSING, OLDEST_SNAPSHOT, REPLICA_LAG, CLOCK_SKEW, SAMPLED, WAITERS, BUILD_INFO),
)
"""Every metric, in the order in which it is shown."""


def get_name(outcome: object) -> str:
    """Return the name of an outcome's class as a label: `NotSent` is `not_sent`."""
    return _make_lower_name(type(outcome).__name__)


@cache
def _make_lower_name(name: str) -> str:
    parts = (f"_{char.lower()}" if char.isupper() else char for char in name)
    return "".join(parts).removeprefix("_")
