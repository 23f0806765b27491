"""A ledger of costs, its sums by day, and budgets.

Bills that tasks have already are not in the ledger. Code before this migration writes none.

Revision: 0022
Follows: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
NAMES = (
    *("tenant", "day", "provider", "account", "operation"),
    *("phase", "origin", "kind", "unit", "currency"),
)
PHASES = ("estimate", "reserve", "possible", "settle", "refund", "excess_refund")
PERIODS = ("day", "month")
UNCOUNTED = "ix_cost_entries_uncounted"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("submitter", KEY, nullable=True))
    op.create_table(
        "cost_entries",
        sa.Column("key", KEY, nullable=False, autoincrement=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in NAMES),
        sa.Column("submitter", KEY, nullable=False),
        sa.Column("task_key", KEY, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("nano", sa.BigInteger(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cost_entries")),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            ondelete="SET NULL",
            name=op.f("fk_cost_entries_task_key_tasks"),
        ),
        sa.CheckConstraint(either("phase", PHASES), name=op.f("ck_cost_entries_phase")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cost_entries_task_key"), "cost_entries", ["task_key"])
    rows = sa.text("NOT is_counted")
    op.create_index(
        UNCOUNTED, "cost_entries", ["tenant", "key"], postgresql_where=rows, sqlite_where=rows
    )
    op.create_table(
        "cost_days",
        *(sa.Column(name, sa.Text(), nullable=False) for name in NAMES),
        sa.Column("submitter", KEY, nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("nano", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*NAMES, "submitter", name=op.f("pk_cost_days")),
    )
    op.create_table(
        "budgets",
        sa.Column("key", KEY, nullable=False, autoincrement=True),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("submitter", KEY, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budgets")),
        sa.CheckConstraint(either("period", PERIODS), name=op.f("ck_budgets_period")),
        sa.UniqueConstraint(
            "tenant",
            "submitter",
            "period",
            "currency",
            name=op.f("uq_budgets_tenant_submitter_period_currency"),
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("budgets")
    op.drop_table("cost_days")
    op.drop_table("cost_entries")
    op.drop_column("tasks", "submitter")


def either(column: str, words: tuple[str, ...]) -> str:
    return " OR ".join(f"{column} = '{word}'" for word in words)
