"""Keep every secret of an endpoint that still signs, not only the one before.

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("older_secrets", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("endpoints", "older_secrets")
