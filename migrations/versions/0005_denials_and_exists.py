"""When a task was last denied; and the attempt that the provider answers with "it exists".

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD = "'accepted', 'refused', 'deferred', 'not_sent', 'unknown', 'lost'"
NAME = "ck_attempts_outcome"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True))
    allow(f"{OLD}, 'exists'")


def downgrade() -> None:
    op.execute("UPDATE attempts SET outcome = 'unknown' WHERE outcome = 'exists'")
    allow(OLD)
    op.drop_column("tasks", "denied_at")


def allow(outcomes: str) -> None:
    """Make these the outcomes that an attempt may have. SQLite rebuilds the table for it."""
    # Said again, or the rebuilt table would give numbers of rows that have gone to new ones.
    with op.batch_alter_table("attempts", table_kwargs={"sqlite_autoincrement": True}) as attempts:
        attempts.drop_constraint(op.f(NAME), type_="check")
        attempts.create_check_constraint(op.f(NAME), f"outcome IN ({outcomes})")
