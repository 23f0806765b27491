"""Every table of the first version.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conditions",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conditions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conditions", schema=None) as batch_op:
        batch_op.create_index(
            "uq_conditions_open",
            ["name", "provider", "account"],
            unique=True,
            postgresql_where=sa.text("cleared_at IS NULL"),
            sqlite_where=sa.text("cleared_at IS NULL"),
        )

    op.create_table(
        "tasks",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("external_task_id", sa.Text(), nullable=False),
        sa.Column("provider_task_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("artifacts", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("slots_held", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'uncertain', 'submitted', 'running', 'succeeded', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_tasks_state"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tasks")),
        sa.UniqueConstraint("id", name=op.f("uq_tasks_id")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "external_task_id",
            name=op.f("uq_tasks_provider_account_external_task_id"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tasks_deadline_at",
            ["deadline_at"],
            unique=False,
            postgresql_where=sa.text(
                "NOT overdue AND deadline_at IS NOT NULL AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
            sqlite_where=sa.text(
                "NOT overdue AND deadline_at IS NOT NULL AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
        )
        batch_op.create_index(
            "ix_tasks_give_up_at",
            ["give_up_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('running', 'submitted', 'uncertain')"),
            sqlite_where=sa.text("state IN ('running', 'submitted', 'uncertain')"),
        )
        batch_op.create_index(
            "ix_tasks_overdue",
            ["tenant", "key"],
            unique=False,
            postgresql_where=sa.text(
                "overdue AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
            sqlite_where=sa.text(
                "overdue AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
        )
        batch_op.create_index(
            "ix_tasks_provider_task_id",
            ["provider", "account", "provider_task_id"],
            unique=False,
            postgresql_where=sa.text("provider_task_id IS NOT NULL"),
            sqlite_where=sa.text("provider_task_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_tasks_slots_held",
            ["provider", "account", "slots_held"],
            unique=False,
            postgresql_where=sa.text("slots_held > 0"),
            sqlite_where=sa.text("slots_held > 0"),
        )
        batch_op.create_index(batch_op.f("ix_tasks_tenant_key"), ["tenant", "key"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tasks_tenant_operation_key"),
            ["tenant", "operation", "key"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_tasks_tenant_state_key"), ["tenant", "state", "key"], unique=False
        )

    op.create_table(
        "attempts",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("provider_task_id", sa.Text(), nullable=True),
        sa.Column("provider_request_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "certainty IN ('not_sent', 'refused', 'unknown')", name=op.f("ck_attempts_certainty")
        ),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'refused', 'deferred', 'not_sent', 'unknown', 'lost')",
            name=op.f("ck_attempts_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["task_key"], ["tasks.key"], name=op.f("fk_attempts_task_key_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
        sa.UniqueConstraint("task_key", "number", name=op.f("uq_attempts_task_key_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite"), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
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
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_idempotency_keys_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "key", name=op.f("pk_idempotency_keys")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_idempotency_keys_task_key"), ["task_key"], unique=False
        )

    op.create_table(
        "jobs",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "delivery_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('submit', 'reconcile', 'deliver')", name=op.f("ck_jobs_kind")),
        sa.ForeignKeyConstraint(
            ["task_key"], ["tasks.key"], name=op.f("fk_jobs_task_key_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_jobs")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_jobs_dedup_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_jobs_kind_lane_run_at_key"),
            ["kind", "lane", "run_at", "key"],
            unique=False,
        )
        batch_op.create_index(
            "ix_jobs_leased",
            ["kind", "lease_until"],
            unique=False,
            postgresql_where=sa.text("lease_until IS NOT NULL"),
            sqlite_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_jobs_task_key"), ["task_key"], unique=False)
        batch_op.create_index(
            "ix_jobs_waiting",
            ["kind", "run_at"],
            unique=False,
            postgresql_where=sa.text("lease_until IS NULL"),
            sqlite_where=sa.text("lease_until IS NULL"),
        )

    op.create_table(
        "receipts",
        sa.Column(
            "key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=16), nullable=False),
        sa.Column(
            "duplicate_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "source IN ('submit', 'callback', 'poll', 'client', 'operator', 'sweep')",
            name=op.f("ck_receipts_source"),
        ),
        sa.CheckConstraint(
            "verdict IN ('advanced', 'duplicate', 'stale', 'conflict', 'unknown_status', 'forged', 'malformed', 'mismatch', 'unknown_task')",
            name=op.f("ck_receipts_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["task_key"], ["tasks.key"], name=op.f("fk_receipts_task_key_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_receipts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_receipts_task_key_key"), ["task_key", "key"], unique=False
        )
        batch_op.create_index(
            "ix_receipts_verdict",
            ["tenant", "verdict", "key"],
            unique=False,
            postgresql_where=sa.text("verdict NOT IN ('advanced', 'duplicate', 'stale')"),
            sqlite_where=sa.text("verdict NOT IN ('advanced', 'duplicate', 'stale')"),
        )
        batch_op.create_index(
            "uq_receipts_fingerprint",
            ["fingerprint"],
            unique=True,
            postgresql_where=sa.text("duplicate_of IS NULL"),
            sqlite_where=sa.text("duplicate_of IS NULL"),
        )

    op.create_table(
        "task_inputs",
        sa.Column(
            "task_key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_task_inputs_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_key", name=op.f("pk_task_inputs")),
    )
    op.create_table(
        "transitions",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("provider_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "receipt_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "attempt_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "from_state IN ('queued', 'uncertain', 'submitted', 'running', 'succeeded', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_transitions_from_state"),
        ),
        sa.CheckConstraint(
            "kind IN ('created', 'submit_accepted', 'submit_refused', 'submit_unknown', 'submit_abandoned', 'seen_submitted', 'seen_running', 'seen_succeeded', 'seen_failed', 'seen_cancelled', 'seen_unknown_word', 'absent', 'cancel_requested', 'deadline_passed', 'given_up')",
            name=op.f("ck_transitions_kind"),
        ),
        sa.CheckConstraint(
            "source IN ('submit', 'callback', 'poll', 'client', 'operator', 'sweep')",
            name=op.f("ck_transitions_source"),
        ),
        sa.CheckConstraint(
            "to_state IN ('queued', 'uncertain', 'submitted', 'running', 'succeeded', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_transitions_to_state"),
        ),
        sa.ForeignKeyConstraint(
            ["task_key"],
            ["tasks.key"],
            name=op.f("fk_transitions_task_key_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_transitions")),
        sa.UniqueConstraint("task_key", "version", name=op.f("uq_transitions_task_key_version")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("transitions")
    op.drop_table("task_inputs")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_receipts_fingerprint",
            postgresql_where=sa.text("duplicate_of IS NULL"),
            sqlite_where=sa.text("duplicate_of IS NULL"),
        )
        batch_op.drop_index(
            "ix_receipts_verdict",
            postgresql_where=sa.text("verdict NOT IN ('advanced', 'duplicate', 'stale')"),
            sqlite_where=sa.text("verdict NOT IN ('advanced', 'duplicate', 'stale')"),
        )
        batch_op.drop_index(batch_op.f("ix_receipts_task_key_key"))

    op.drop_table("receipts")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_jobs_waiting",
            postgresql_where=sa.text("lease_until IS NULL"),
            sqlite_where=sa.text("lease_until IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_jobs_task_key"))
        batch_op.drop_index(
            "ix_jobs_leased",
            postgresql_where=sa.text("lease_until IS NOT NULL"),
            sqlite_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_jobs_kind_lane_run_at_key"))

    op.drop_table("jobs")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_task_key"))
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_created_at"))

    op.drop_table("idempotency_keys")
    op.drop_table("deliveries")
    op.drop_table("attempts")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tasks_tenant_state_key"))
        batch_op.drop_index(batch_op.f("ix_tasks_tenant_operation_key"))
        batch_op.drop_index(batch_op.f("ix_tasks_tenant_key"))
        batch_op.drop_index(
            "ix_tasks_slots_held",
            postgresql_where=sa.text("slots_held > 0"),
            sqlite_where=sa.text("slots_held > 0"),
        )
        batch_op.drop_index(
            "ix_tasks_provider_task_id",
            postgresql_where=sa.text("provider_task_id IS NOT NULL"),
            sqlite_where=sa.text("provider_task_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_tasks_overdue",
            postgresql_where=sa.text(
                "overdue AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
            sqlite_where=sa.text(
                "overdue AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
        )
        batch_op.drop_index(
            "ix_tasks_give_up_at",
            postgresql_where=sa.text("state IN ('running', 'submitted', 'uncertain')"),
            sqlite_where=sa.text("state IN ('running', 'submitted', 'uncertain')"),
        )
        batch_op.drop_index(
            "ix_tasks_deadline_at",
            postgresql_where=sa.text(
                "NOT overdue AND deadline_at IS NOT NULL AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
            sqlite_where=sa.text(
                "NOT overdue AND deadline_at IS NOT NULL AND state IN ('queued', 'running', 'submitted', 'uncertain')"
            ),
        )

    op.drop_table("tasks")
    with op.batch_alter_table("conditions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_conditions_open",
            postgresql_where=sa.text("cleared_at IS NULL"),
            sqlite_where=sa.text("cleared_at IS NULL"),
        )

    op.drop_table("conditions")
