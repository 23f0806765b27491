"""Creates whose answer did not reach their client: a repeat gets the task of the first.

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "lost_answers",
        sa.Column("key", _KEY, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("task_key", _KEY, nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_lost_answers_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lost_answers")),
        sqlite_autoincrement=True,
    )
    for columns in (["tenant", "fingerprint"], ["lost_at"], ["task_key"]):
        op.create_index(op.f(f"ix_lost_answers_{'_'.join(columns)}"), "lost_answers", columns)


def downgrade() -> None:
    op.drop_table("lost_answers")
