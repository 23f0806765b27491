"""Remember which costs the statistics have counted; find the oldest objects that tenants made.

Revision: 0021
Follows: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stat_charged",
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("costs", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_stat_charged_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_key", name=op.f("pk_stat_charged")),
    )
    op.create_index(op.f("ix_made_objects_made_at"), "made_objects", ["made_at"])
    # Those that have been counted by now: others are counted with their verdict, once it is.
    op.execute(
        """
        INSERT INTO stat_charged (task_key, tenant, costs)
        SELECT tasks.key, tasks.tenant, tasks.costs FROM tasks
        WHERE tasks.costs IS NOT NULL AND EXISTS (
            SELECT 1 FROM transitions
            WHERE transitions.task_key = tasks.key
              AND transitions.to_state IN ('succeeded', 'failed', 'cancelled')
              AND transitions.seq <= (SELECT max(seq) FROM stat_progress)
        )
        """
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_made_objects_made_at"), "made_objects")
    op.drop_table("stat_charged")
