"""The actions of people: who did what, to what, and when.

Revision: 0023
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = (["tenant", "key"], ["tenant", "action", "key"], ["tenant", "target", "key"])


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("key", KEY, nullable=False, autoincrement=True),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    for columns in INDEXES:
        name = op.f(f"ix_audit_entries_{'_'.join(columns)}")
        op.create_index(name, "audit_entries", columns)


def downgrade() -> None:
    op.drop_table("audit_entries")
