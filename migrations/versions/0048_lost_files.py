"""An index of files of results that are lost, for what needs a person.

Code before this migration does not look for them.

Revision: 0048
Follows: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None
oldest_code = "0025"

NAME = "ix_assets_lost"
COLUMNS = ["tenant", "ended_at"]


def upgrade() -> None:
    rows = sa.text("state = 'lost' AND task_key IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(NAME, "assets", COLUMNS, sqlite_where=rows)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(NAME, "assets", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME, "assets", COLUMNS, postgresql_where=rows, postgresql_concurrently=True
        )
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index(NAME, "assets")
