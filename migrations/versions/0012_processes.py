"""Add a row for each running process: when it was last heard of, and what it was started with.

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    uuid = sa.Uuid() if op.get_bind().dialect.name == "postgresql" else sa.LargeBinary(16)
    op.create_table(
        "processes",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", uuid, nullable=False),
        sa.Column("is_worker", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ahead_ms", sa.Integer(), nullable=False),
        sa.Column("secret_marks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_index(op.f("ix_processes_seen_at"), "processes", ["seen_at"])


def downgrade() -> None:
    op.drop_table("processes")
