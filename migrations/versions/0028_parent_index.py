"""An index of tasks that continue another: their parent's page lists them.

Code before this migration does not look for them.

Revision: 0028
Follows: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NAME = "ix_tasks_parent_id"


def upgrade() -> None:
    rows = sa.text("parent_id IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(NAME, "tasks", ["parent_id"], sqlite_where=rows)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(NAME, "tasks", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME,
            "tasks",
            ["parent_id"],
            postgresql_where=rows,
            postgresql_concurrently=True,
            # Like the table's other indexes: see migration 0010.
            postgresql_with={"deduplicate_items": "off"},
        )
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index(NAME, "tasks")
