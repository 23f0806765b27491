"""Find the tasks that submit the input of a given one again.

Revision: 0017
Follows: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME = "ix_tasks_resubmit_of"


def upgrade() -> None:
    rows = sa.text("resubmit_of IS NOT NULL")
    op.create_index(NAME, "tasks", ["resubmit_of"], postgresql_where=rows, sqlite_where=rows)
    if op.get_bind().dialect.name == "postgresql":
        # Like the table's other indexes: see migration 0010.
        op.execute(f'ALTER INDEX "{NAME}" SET (deduplicate_items = off)')


def downgrade() -> None:
    op.drop_index(NAME, "tasks")
