"""An index from bodies to their deliveries: a body goes when no delivery names it any more.

Revision: 0030
Follows: 0029
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
oldest_code = "0025"

INDEX = "ix_deliveries_body_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(op.f(INDEX), "deliveries", ["body_id"])
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(op.f(INDEX), "deliveries", postgresql_concurrently=True, if_exists=True)
        op.create_index(op.f(INDEX), "deliveries", ["body_id"], postgresql_concurrently=True)
        op.execute("SET lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index(op.f(INDEX), "deliveries")
