"""An index of uploads whose bytes are not kept any more: their rows go after a while.

Code before this migration does not look for them.

Revision: 0043
Follows: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
oldest_code = "0025"

NAME = "ix_assets_ended_at"


def upgrade() -> None:
    rows = sa.text("task_key IS NULL AND state <> 'kept'")
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(NAME, "assets", ["ended_at"], sqlite_where=rows)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(NAME, "assets", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME, "assets", ["ended_at"], postgresql_where=rows, postgresql_concurrently=True
        )
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index(NAME, "assets")
