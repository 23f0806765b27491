"""How tasks ended, counted by the hour.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PLACE = ("tenant", "hour", "provider", "account")


def upgrade() -> None:
    create(
        "stat_counts", "what", "label", amount=sa.Column("number", sa.BigInteger(), nullable=False)
    )
    create(
        "stat_costs",
        *("kind", "unit", "currency"),
        amount=sa.Column("amount", sa.Text(), nullable=False),
    )
    op.create_table(
        "stat_progress",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_stat_progress")),
    )


def downgrade() -> None:
    for name in ("stat_progress", "stat_costs", "stat_counts"):
        op.drop_table(name)


def create(table: str, *more: str, amount: sa.Column) -> None:
    names = (*PLACE, *more)
    op.create_table(
        table,
        *(
            sa.Column(
                name, sa.DateTime(timezone=True) if name == "hour" else sa.Text(), nullable=False
            )
            for name in names
        ),
        amount,
        sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}")),
    )
