"""Add counts of forged callbacks, and what people have seen and put aside.

Two new tables, which older code does not know and goes on without.

Revision: 0016
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgeries",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "window_at", "provider", "subject", "sender", name=op.f("pk_forgeries")
        ),
    )
    op.create_table(
        "dismissals",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "of", name=op.f("pk_dismissals")),
        sa.CheckConstraint(
            "kind = 'receipt' OR kind = 'follow_up'", name=op.f("ck_dismissals_kind")
        ),
    )


def downgrade() -> None:
    op.drop_table("dismissals")
    op.drop_table("forgeries")
