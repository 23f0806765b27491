"""Indexes of holds by tenant and by task: with many, each page of a task read them all.

Code before this migration reads holds without them.

Revision: 0044
Follows: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.create_index("ix_holds_tenant_key", "holds", ["tenant", "key"])
    op.create_index("ix_holds_task_id_key", "holds", ["task_id", "key"])
    of_all = sa.text("task_id IS NULL")
    op.create_index(
        "ix_holds_of_all",
        "holds",
        ["tenant", "key"],
        sqlite_where=of_all,
        postgresql_where=of_all,
    )


def downgrade() -> None:
    op.drop_index("ix_holds_of_all", "holds")
    op.drop_index("ix_holds_task_id_key", "holds")
    op.drop_index("ix_holds_tenant_key", "holds")
