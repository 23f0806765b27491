"""Retention: ended tasks in the order of their end, and what is left of dropped inputs.

Revision: 0031
Follows: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
oldest_code = "0025"

INDEX = "ix_tasks_finished_at"
ENDED = sa.text("finished_at IS NOT NULL")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    make_tables()
    columns = ["finished_at", "key"]
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(INDEX, "tasks", columns, sqlite_where=ENDED)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it stops nobody while it waits
        op.drop_index(INDEX, "tasks", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            INDEX,
            "tasks",
            columns,
            postgresql_where=ENDED,
            postgresql_concurrently=True,
            postgresql_with={"deduplicate_items": "off"},
        )
        op.execute("SET lock_timeout = '2s'")


def make_tables() -> None:
    # Where the index could not be made, its migration is run again: the tables are there then.
    op.create_table(
        "dropped_inputs",
        sa.Column("task_key", KEY, autoincrement=False, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_dropped_inputs_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_key", name=op.f("pk_dropped_inputs")),
        if_not_exists=True,
    )
    op.create_table(
        "chore_leases",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("lease_until", AT, nullable=False),
        sa.Column("caught_up_at", AT, nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore_leases")),
        if_not_exists=True,
    )
    op.create_table(
        "retention_walks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("finished_at", AT, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("skipped_at", AT, nullable=True),
        sa.Column("skipped_key", sa.BigInteger(), nullable=True),
        sa.Column("rewound_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retention_walks")),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index(INDEX, "tasks")
    for table in ("retention_walks", "chore_leases", "dropped_inputs"):
        op.drop_table(table)
