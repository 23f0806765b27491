"""The task that brought an object, so that what continues it is linked to that task.

Objects from before have none. Code before this migration writes none.

Revision: 0049
Follows: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None
oldest_code = "0025"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("made_objects", sa.Column("task_key", BIG))


def downgrade() -> None:
    op.drop_column("made_objects", "task_key")
