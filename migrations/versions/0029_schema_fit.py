"""The database says which code may run on its schema.

Revision: 0029
Follows: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    op.create_table(
        "schema_fit",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("oldest_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_schema_fit")),
    )
    op.execute("INSERT INTO schema_fit (tenant, oldest_code) VALUES ('', '')")


def downgrade() -> None:
    op.drop_table("schema_fit")
