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
        sa.Column("late_callbacks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gone_tasks")),
    )
    op.create_index(op.f("ix_gone_tasks_external_digest"), "gone_tasks", ["external_digest"])
    op.create_index(op.f("ix_gone_tasks_gone_at"), "gone_tasks", ["gone_at"])
    op.create_table(
        "feed_floors",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_feed_floors")),
    )


def downgrade() -> None:
    op.drop_table("feed_floors")
    op.drop_table("gone_tasks")
