"""An index for each way to walk a list; metadata can be searched; tasks may be resubmitted.

Revision: 0008
Follows: 0007
"""

import json
from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
BATCH = 1000
KNOWN = "provider_task_id IS NOT NULL"
WALKS = {
    "ix_tasks_tenant_created_at_key": ["tenant", "created_at", "key"],
    "ix_tasks_tenant_updated_at_key": ["tenant", "updated_at", "key"],
    "ix_tasks_tenant_state_created_at_key": ["tenant", "state", "created_at", "key"],
    "ix_tasks_tenant_operation_created_at_key": ["tenant", "operation", "created_at", "key"],
    "ix_tasks_external_task_id": ["external_task_id"],
}
BEFORE = {
    "ix_tasks_tenant_key": ["tenant", "key"],
    "ix_tasks_tenant_state_key": ["tenant", "state", "key"],
    "ix_tasks_tenant_operation_key": ["tenant", "operation", "key"],
}


def upgrade() -> None:
    op.add_column("tasks", sa.Column("resubmit_of", ID, nullable=True))
    for name in (*BEFORE, "ix_tasks_provider_task_id"):
        op.drop_index(name, "tasks")
    for name, columns in WALKS.items():
        op.create_index(name, "tasks", columns)
    _partial("ix_tasks_once_overdue", ["tenant", "overdue", "created_at", "key"], "overdue")
    _partial("ix_tasks_provider_task_id", ["provider_task_id"], KNOWN)
    op.create_index("ix_transitions_tenant_seq", "transitions", ["tenant", "seq"])
    op.create_table(
        "task_labels",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task_key", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"], ["tasks.key"], name="fk_task_labels_task_key_tasks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant", "mark", "created_at", "task_key", name="pk_task_labels"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_labels_task_key", "task_labels", ["task_key"])
    _label_all()


def downgrade() -> None:
    op.drop_table("task_labels")
    op.drop_column("tasks", "resubmit_of")
    op.drop_index("ix_transitions_tenant_seq", "transitions")
    for name in (*WALKS, "ix_tasks_once_overdue", "ix_tasks_provider_task_id"):
        op.drop_index(name, "tasks")
    for name, columns in BEFORE.items():
        op.create_index(name, "tasks", columns)
    _partial("ix_tasks_provider_task_id", ["provider", "account", "provider_task_id"], KNOWN)


def _partial(name: str, columns: list[str], where: str) -> None:
    rows = sa.text(where)
    op.create_index(name, "tasks", columns, postgresql_where=rows, sqlite_where=rows)


def _label_all() -> None:
    """A row for each entry of the metadata of each task that is there."""
    db = op.get_bind()
    tasks = sa.table(
        "tasks",
        sa.column("key", BIG),
        sa.column("tenant", sa.Text()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("metadata", sa.Text()),
    )
    labels = sa.table(
        "task_labels",
        sa.column("tenant", sa.Text()),
        sa.column("mark", sa.BigInteger()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("task_key", BIG),
    )
    labelled = sa.select(tasks).where(tasks.c.metadata.is_not(None)).order_by(tasks.c.key)
    done = 0
    while some := db.execute(labelled.where(tasks.c.key > done).limit(BATCH)).all():
        rows = [
            {"tenant": tenant, "mark": mark, "created_at": created_at, "task_key": key}
            for key, tenant, created_at, metadata in some
            for mark in sorted({_mark(*entry) for entry in json.loads(metadata).items()})
        ]
        if rows:
            db.execute(sa.insert(labels), rows)
        done = some[-1][0]


def _mark(name: str, value: object) -> int:
    text = value if isinstance(value, str) else json.dumps(value)
    digest = blake2b(f"{name}\x00{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
