"""Holds, which retention steps over, and plans of it that were approved.

Revision: 0035
Follows: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None
oldest_code = "0025"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("key", KEY, sa.Identity(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_holds")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retention_approvals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("before", AT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retention_approvals")),
    )


def downgrade() -> None:
    op.drop_table("retention_approvals")
    op.drop_table("holds")
