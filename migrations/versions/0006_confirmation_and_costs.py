"""Verdicts that wait for a query, and what tasks cost.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = (
    *("advanced", "duplicate", "stale", "conflict", "unknown_status"),
    *("forged", "malformed", "mismatch", "unknown_task"),
)
AFTER = (*BEFORE[:5], "unconfirmed", *BEFORE[5:])
NEW = ("costs", "wants", "awaits")


def upgrade() -> None:
    for name in NEW:
        op.add_column("tasks", sa.Column(name, sa.Text(), nullable=True))
    allow(AFTER)


def downgrade() -> None:
    op.execute("UPDATE receipts SET verdict = 'duplicate' WHERE verdict = 'unconfirmed'")
    allow(BEFORE)
    for name in NEW:
        op.drop_column("tasks", name)


def allow(verdicts: tuple[str, ...]) -> None:
    """Make these the verdicts that a receipt may have. SQLite rebuilds the table for it."""
    listed = ", ".join(f"'{verdict}'" for verdict in verdicts)
    with op.batch_alter_table("receipts", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(op.f("ck_receipts_verdict"), type_="check")
        batch_op.create_check_constraint(op.f("ck_receipts_verdict"), f"verdict IN ({listed})")
