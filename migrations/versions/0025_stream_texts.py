"""Texts of creates whose answer is a stream, as far as they have come.

Code before this migration makes no such create.

Revision: 0025
Follows: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stream_texts",
        sa.Column("task_key", KEY, nullable=False, autoincrement=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("attempt_key", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_key", name=op.f("pk_stream_texts")),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            ondelete="CASCADE",
            name=op.f("fk_stream_texts_task_key_tasks"),
        ),
    )


def downgrade() -> None:
    op.drop_table("stream_texts")
