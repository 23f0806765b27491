"""Actions on many tasks that workers carry out, and an index for what was wrong before.

Revision: 0027
Follows: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
AT = sa.DateTime(timezone=True)
STATES = "state = 'running' OR state = 'done' OR state = 'stopped'"
OUTCOMES = "outcome = 'done' OR outcome = 'refused' OR outcome = 'failed'"


def upgrade() -> None:
    op.create_table(
        "bulk_runs",
        sa.Column("key", KEY, nullable=False, autoincrement=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("until", AT, nullable=False),
        sa.Column("matching", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_bulk_runs_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bulk_runs")),
        sa.UniqueConstraint("id", name=op.f("uq_bulk_runs_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bulk_runs_tenant_key"), "bulk_runs", ["tenant", "key"])
    running = sa.text("state = 'running'")
    op.create_index(
        "ix_bulk_runs_running",
        "bulk_runs",
        ["updated_at"],
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "bulk_run_tasks",
        sa.Column("run_key", KEY, nullable=False, autoincrement=False),
        sa.Column("task_key", KEY, nullable=False, autoincrement=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_id", ID, nullable=True),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_bulk_run_tasks_outcome")),
        sa.ForeignKeyConstraint(
            ["run_key"],
            ["bulk_runs.key"],
            name=op.f("fk_bulk_run_tasks_run_key_bulk_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_bulk_run_tasks_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_key", "task_key", name=op.f("pk_bulk_run_tasks")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_bulk_run_tasks_task_key"), "bulk_run_tasks", ["task_key"])
    op.create_index(
        op.f("ix_conditions_provider_account_key"), "conditions", ["provider", "account", "key"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_conditions_provider_account_key"), "conditions")
    op.drop_table("bulk_run_tasks")
    op.drop_table("bulk_runs")
