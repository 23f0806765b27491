"""Of each file of the archive, the database that began it.

Revision: 0041
Follows: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.add_column("archives", sa.Column("origin", sa.Text()))


def downgrade() -> None:
    op.drop_column("archives", "origin")
