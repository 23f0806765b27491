"""Chores of each process that have not ended well for long.

Revision: 0047
Follows: 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.add_column("processes", sa.Column("failing", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("processes", "failing")
