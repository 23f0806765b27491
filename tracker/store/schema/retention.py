"""Tables of retention: digests of dropped inputs, walks, and the leases of chores."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from tracker.store.driver.types import BigKey, UtcDateTime
from tracker.store.schema.base import metadata

# Of request bodies that are not kept any more. The rows of `task_inputs` go: code that does not
# know of it then finds no input, and never an empty one that it would submit again.
dropped_inputs = Table(
    "dropped_inputs",
    metadata,
    Column(
        "task_key",
        BigKey,
        ForeignKey("tasks.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tenant", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
)

# Work of which one process at a time does a piece. Nobody's: it is done for all tenants at once.
chore_leases = Table(
    "chore_leases",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    # When it last had nothing left to do; at first, when it began.
    Column("caught_up_at", UtcDateTime, nullable=False),
    # How much was left when it was last counted, up to a bound.
    Column("behind", BigInteger, nullable=False),
)

# How far each way through the ended tasks has come, in their order of (finished_at, key).
retention_walks = Table(
    "retention_walks",
    metadata,
    Column("tenant", Text, nullable=False),
    Column("name", Text, primary_key=True),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("key", BigInteger, nullable=False),
    # The first that could not be dropped when the walk came by: it comes there again.
    Column("skipped_at", UtcDateTime),
    Column("skipped_key", BigInteger),
    Column("rewound_at", UtcDateTime, nullable=False),
)
