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
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_constraint(op.f(NAME), type_="check")
        attempts.create_check_constraint(op.f(NAME), f"outcome IN ({OLD}, 'exists')")


def downgrade() -> None:
    op.execute("UPDATE attempts SET outcome = 'unknown' WHERE outcome = 'exists'")
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_constraint(op.f(NAME), type_="check")
        attempts.create_check_constraint(op.f(NAME), f"outcome IN ({OLD})")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("denied_at")
