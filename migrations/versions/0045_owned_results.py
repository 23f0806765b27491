"""How far the ids of results are recorded with the tenants whose tasks brought them.

Revision: 0045
Follows: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.create_table(
        "owned_progress",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_owned_progress")),
    )


def downgrade() -> None:
    op.drop_table("owned_progress")
