"""Marks of the callback secrets that have signed URLs, so that a lost one is noticed.

Revision: 0039
Follows: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.create_table(
        "secret_marks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_secret_marks")),
    )


def downgrade() -> None:
    op.drop_table("secret_marks")
