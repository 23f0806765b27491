"""Tombstones of tasks that were dropped, and how far a tenant's feed reaches back.

Revision: 0034
Follows: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None
oldest_code = "0025"

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "gone_tasks",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("external_digest", sa.LargeBinary(length=16), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("finished_at", AT, nullable=False),
        sa.Column("gone_at", AT, nullable=False),
        sa.Column("late_callbacks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gone_tasks")),
    )
    for column in ("external_digest", "gone_at"):
        # Nobody writes to a table that is made in the same transaction.
        op.execute(
            "-- squawk-ignore require-concurrent-index-creation\n"
            f"CREATE INDEX ix_gone_tasks_{column} ON gone_tasks ({column})"
        )
    op.create_table(
        "feed_floors",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_feed_floors")),
    )


def downgrade() -> None:
    op.drop_table("feed_floors")
    op.drop_table("gone_tasks")
