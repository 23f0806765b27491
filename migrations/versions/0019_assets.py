"""Keep files of results: their table, and the steps of history that tell of them.

Code before this migration reads the new steps of history as statements that bring nothing.

Revision: 0019
Follows: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KIND = "ck_transitions_kind"
KINDS = (
    *("created", "submit_accepted", "submit_refused", "submit_unknown", "submit_abandoned"),
    *("seen_submitted", "seen_running", "seen_succeeded", "seen_failed", "seen_cancelled"),
    *("seen_unknown_word", "absent", "cancel_requested", "deadline_passed", "given_up"),
    *("result_completed", "news", "costs_changed", "cancel_asked", "cancel_refused"),
    *("resolved_exists", "resolved_never_made", "resolved_given_up"),
)
NEW_KINDS = ("asset_kept", "asset_lost")
STATES = ("wanted", "kept", "lost", "refused", "gone")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PUBLIC_ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("key", KEY, nullable=False, autoincrement=True),
        sa.Column("id", PUBLIC_ID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("task_key", KEY, nullable=True),
        sa.Column("piece", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("url_expires_at", INSTANT, nullable=True),
        sa.Column("dies_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("store_key", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assets")),
        sa.UniqueConstraint("id", name=op.f("uq_assets_id")),
        sa.ForeignKeyConstraint(
            ["task_key"], ["tasks.key"], ondelete="CASCADE", name=op.f("fk_assets_task_key_tasks")
        ),
        sa.CheckConstraint(
            " OR ".join(f"state = '{state}'" for state in STATES), name=op.f("ck_assets_state")
        ),
        sqlite_autoincrement=True,
    )
    partial("uq_assets_task_key", ["task_key", "piece"], "task_key IS NOT NULL", unique=True)
    partial("ix_assets_due", ["lane", "dies_at", "next_at", "key"], "state = 'wanted'")
    partial("ix_assets_next_at", ["next_at"], "state = 'wanted'")
    partial("ix_assets_sha256", ["tenant", "sha256"], "state = 'kept'")
    partial("ix_assets_store_key", ["store_key"], "state = 'kept'")
    partial("ix_assets_expires_at", ["expires_at"], "state = 'kept'")
    op.create_index(op.f("ix_assets_tenant_key"), "assets", ["tenant", "key"])
    allow((*KINDS, *NEW_KINDS), before=KINDS)


def downgrade() -> None:
    # Not deleted: versions have no gaps. `costs_changed` leaves a task's state as it is, too.
    op.execute("UPDATE transitions SET kind = 'costs_changed' WHERE kind LIKE 'asset_%'")
    allow(KINDS, before=(*KINDS, *NEW_KINDS))
    op.drop_table("assets")


def partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    rows = sa.text(where)
    op.create_index(
        name, "assets", columns, unique=unique, postgresql_where=rows, sqlite_where=rows
    )


def allow(kinds: tuple[str, ...], *, before: tuple[str, ...]) -> None:
    """Make these the kinds that a transition may have: see migration 0015."""
    db = op.get_bind()
    if db.dialect.name == "postgresql":
        op.drop_constraint(op.f(KIND), "transitions", type_="check")
        op.execute(
            f"ALTER TABLE transitions ADD CONSTRAINT {KIND} CHECK ({either(kinds)}) NOT VALID"
        )
        op.execute(f"ALTER TABLE transitions VALIDATE CONSTRAINT {KIND}")
        return
    version = db.scalar(sa.text("PRAGMA schema_version"))
    db.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = db.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :after)"
            " WHERE type = 'table' AND name = 'transitions' AND instr(sql, :before) > 0"
        ),
        {"before": f"CHECK ({either(before)})", "after": f"CHECK ({either(kinds)})"},
    )
    if changed.rowcount != 1:
        raise RuntimeError("the CHECK of transitions.kind is not spelt as it was made")
    db.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    db.execute(sa.text("PRAGMA writable_schema = RESET"))
    db.execute(sa.text("SELECT 1 FROM transitions LIMIT 1"))


def either(kinds: tuple[str, ...]) -> str:
    return " OR ".join(f"kind = '{kind}'" for kind in kinds)
