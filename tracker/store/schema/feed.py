"""Where the change feed stands."""

from sqlalchemy import BigInteger, Column, Table, Text

from tracker.store.schema.base import metadata

# One row. Its lock, held to the commit, is what orders the feed.
feed_head = Table(
    "feed_head",
    metadata,
    # Nobody's: the feed belongs to all.
    Column("tenant", Text, primary_key=True),
    # The newest number of `transitions`.
    Column("seq", BigInteger, nullable=False),
    # Which database the numbers were given out by; empty until a process has looked.
    Column("origin", Text, nullable=False),
)
