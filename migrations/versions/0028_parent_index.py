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
    op.create_index(NAME, "tasks", ["parent_id"], postgresql_where=rows, sqlite_where=rows)
    if op.get_bind().dialect.name == "postgresql":
        # Like the table's other indexes: see migration 0010.
        op.execute(f'ALTER INDEX "{NAME}" SET (deduplicate_items = off)')


def downgrade() -> None:
    op.drop_index(NAME, "tasks")
