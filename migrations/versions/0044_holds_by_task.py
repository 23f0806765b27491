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
    of_all = sa.text("task_id IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_holds_tenant_key", "holds", ["tenant", "key"])
        op.create_index("ix_holds_task_id_key", "holds", ["task_id", "key"])
        op.create_index("ix_holds_of_all", "holds", ["tenant", "key"], sqlite_where=of_all)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        for name, columns, rows in (
            ("ix_holds_tenant_key", ["tenant", "key"], None),
            ("ix_holds_task_id_key", ["task_id", "key"], None),
            ("ix_holds_of_all", ["tenant", "key"], of_all),
        ):
            op.drop_index(name, "holds", postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, "holds", columns, postgresql_where=rows, postgresql_concurrently=True
            )
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index("ix_holds_of_all", "holds")
    op.drop_index("ix_holds_task_id_key", "holds")
    op.drop_index("ix_holds_tenant_key", "holds")
