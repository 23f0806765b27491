"""Subscriber endpoints; deliveries become their own queue.

Not to be run beside the code of the version before: that wrote deliveries and their jobs in a
shape that no longer exists. What was owed is taken over, with its id and its bytes.

Revision: 0003
Follows: 0002
"""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tasks", sa.Column("webhook_url", sa.Text(), nullable=True))
    _create_endpoints()
    op.create_table(
        "delivery_bodies",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_bodies")),
    )
    op.execute(
        "CREATE TABLE owed_before AS SELECT d.*, j.run_at FROM deliveries d "
        "LEFT JOIN jobs j ON j.delivery_key = d.key AND j.kind = 'deliver'"
    )
    op.drop_table("deliveries")
    _create_deliveries()
    _take_over()
    op.drop_table("owed_before")
    op.execute("DELETE FROM jobs WHERE kind = 'deliver'")


def downgrade() -> None:
    """Drop the tables; deliveries that are still open are lost."""
    op.drop_table("delivery_attempts")
    op.drop_table("deliveries")
    op.drop_table("delivery_bodies")
    op.drop_table("endpoint_sets")
    op.drop_table("endpoints")
    op.create_table(
        "deliveries",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_key", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("last_attempt_at", TIME, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'failed')", name=op.f("ck_deliveries_state")
        ),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_deliveries_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sa.UniqueConstraint("task_key", "version", name=op.f("uq_deliveries_task_key_version")),
        sqlite_autoincrement=True,
    )
    op.drop_column("tasks", "webhook_url")  # in place: a rebuilt table would forget its numbers


def _create_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("event_types", sa.Text(), nullable=True),
        sa.Column("providers", sa.Text(), nullable=True),
        sa.Column("operations", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("state_at", TIME, nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("payload IN ('thin', 'full')", name=op.f("ck_endpoints_payload")),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'disabled', 'deleted')",
            name=op.f("ck_endpoints_state"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_endpoints")),
        sa.UniqueConstraint("id", name=op.f("uq_endpoints_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_endpoints_tenant_key"), "endpoints", ["tenant", "key"])
    op.create_table(
        "endpoint_sets",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_endpoint_sets")),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("endpoint_key", BIG, nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("task_key", BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("body_id", ID, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("last_attempt_at", TIME, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'waiting', 'delivered', 'failed', 'cancelled')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["body_id"], ["delivery_bodies.id"], name=op.f("fk_deliveries_body_id_delivery_bodies")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_key"], ["endpoints.key"], name=op.f("fk_deliveries_endpoint_key_endpoints")
        ),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_deliveries_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["lane", "turn", "next_at", "key"],
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    for columns in (
        ["tenant", "key"],
        ["tenant", "state", "key"],
        ["endpoint_key", "key"],
        ["task_key", "key"],
    ):
        op.create_index(op.f(f"ix_deliveries_{'_'.join(columns)}"), "deliveries", columns)
    op.create_table(
        "delivery_attempts",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("delivery_key", BIG, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_key"],
            ["deliveries.key"],
            name=op.f("fk_delivery_attempts_delivery_key_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_delivery_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_delivery_attempts_delivery_key_key"), "delivery_attempts", ["delivery_key", "key"]
    )


def _take_over() -> None:
    """Take over the deliveries of the version before: each told a task's end."""
    op.execute(
        "INSERT INTO delivery_bodies (id, tenant, body) SELECT id, tenant, body FROM owed_before"
    )
    op.execute(
        "INSERT INTO deliveries (key, id, tenant, event, url, task_key, version, body_id, lane, "
        "state, turn, next_at, attempts, tries, created_at, ended_at, last_attempt_at, "
        "last_status, last_error) "
        "SELECT o.key, o.id, o.tenant, 'task.' || t.to_state, o.url, o.task_key, o.version, o.id, "
        "'', o.state, CASE WHEN o.attempts > 0 THEN 1 ELSE 0 END, "
        "COALESCE(o.run_at, o.created_at), o.attempts, o.attempts, o.created_at, o.ended_at, "
        "o.last_attempt_at, o.last_status, o.last_error FROM owed_before o "
        "JOIN transitions t ON t.task_key = o.task_key AND t.version = o.version"
    )
    db = op.get_bind()
    for tenant, url in db.execute(sa.text("SELECT DISTINCT tenant, url FROM deliveries")).all():
        parts = urlsplit(url)
        db.execute(
            sa.text("UPDATE deliveries SET lane = :lane WHERE tenant = :tenant AND url = :url"),
            {
                "lane": f"{tenant} {parts.scheme}://{parts.netloc}",
                "tenant": tenant,
                "url": url,
            },
        )
    if db.dialect.name == "postgresql":  # the keys were given, not drawn
        db.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence('deliveries', 'key'), "
                "(SELECT COALESCE(max(key), 0) + 1 FROM deliveries), false)"
            )
        )
