"""Tasks that wait for their caller: since when.

Code before this migration leaves the column alone, and lets such a task expire.

Revision: 0020
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NAME = "ix_tasks_blocked"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    rows = sa.text("blocked_at IS NOT NULL")
    op.create_index(NAME, "tasks", ["tenant", "key"], postgresql_where=rows, sqlite_where=rows)
    if op.get_bind().dialect.name == "postgresql":
        # Like the table's other indexes: see migration 0010.
        op.execute(f'ALTER INDEX "{NAME}" SET (deduplicate_items = off)')


def downgrade() -> None:
    op.drop_index(NAME, "tasks")
    op.drop_column("tasks", "blocked_at")
