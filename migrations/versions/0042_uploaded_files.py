"""Of each file that a front's client uploaded: which front, and what the client said of it.

Code before this migration writes neither: such files are named, but not listed.

Revision: 0042
Follows: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
oldest_code = "0025"

NAME = "ix_assets_tenant_front"


def upgrade() -> None:
    rows = sa.text("state = 'kept' AND front IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("assets", sa.Column("front", sa.Text()))
        op.add_column("assets", sa.Column("label", sa.Text()))
        op.create_index(NAME, "assets", ["tenant", "front", "key"], sqlite_where=rows)
        return
    # They are committed before the index is made, which may fail and be tried again.
    op.execute("ALTER TABLE assets ADD COLUMN IF NOT EXISTS front TEXT")
    op.execute("ALTER TABLE assets ADD COLUMN IF NOT EXISTS label TEXT")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(NAME, "assets", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            NAME,
            "assets",
            ["tenant", "front", "key"],
            postgresql_where=rows,
            postgresql_concurrently=True,
        )
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index(NAME, "assets")
    op.drop_column("assets", "label")
    op.drop_column("assets", "front")
