"""Read receipts again: which revision of an adapter read each, and the runs that read them anew.

Code before this migration reads the new step of history as one that brings nothing.

Revision: 0033
Follows: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
oldest_code = "0025"

KIND = "ck_transitions_kind"
KINDS = (
    *("created", "submit_accepted", "submit_refused", "submit_unknown", "submit_abandoned"),
    *("seen_submitted", "seen_running", "seen_succeeded", "seen_failed", "seen_cancelled"),
    *("seen_unknown_word", "absent", "cancel_requested", "deadline_passed", "given_up"),
    *("result_completed", "news", "costs_changed", "cancel_asked", "cancel_refused"),
    *("resolved_exists", "resolved_never_made", "resolved_given_up", "asset_kept", "asset_lost"),
)
NEW_KINDS = ("reread",)
ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
AT = sa.DateTime(timezone=True)
STATES = "state = 'running' OR state = 'done' OR state = 'stopped'"


def upgrade() -> None:
    # First, as it may be done twice: it is committed before what is there has been checked.
    allow(KINDS + NEW_KINDS, before=KINDS)
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"ALTER TABLE transitions VALIDATE CONSTRAINT {KIND}")
    op.add_column("receipts", sa.Column("reader", sa.BigInteger(), nullable=True))
    op.create_table(
        "rereads",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("is_dry", sa.Boolean(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("differences", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_rereads_state")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_rereads")),
    )


def downgrade() -> None:
    # History before this migration has no word for it: a step in which nothing was said.
    listed = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
    op.execute(f"UPDATE transitions SET kind = 'seen_unknown_word' WHERE kind IN ({listed})")
    allow(KINDS, before=KINDS + NEW_KINDS)
    op.drop_table("rereads")
    op.drop_column("receipts", "reader")


def allow(kinds: tuple[str, ...], *, before: tuple[str, ...]) -> None:
    """Make these the kinds that a transition may have: see migration 0015.

    What is there is not read meanwhile: that would hold everybody up.
    """
    db = op.get_bind()
    if db.dialect.name == "postgresql":
        # Wider at once: code before this one reads words that it does not know.
        op.execute(
            f"-- squawk-ignore ban-drop-constraint\nALTER TABLE transitions DROP CONSTRAINT {KIND}"
        )
        op.execute(
            f"ALTER TABLE transitions ADD CONSTRAINT {KIND} CHECK ({either(kinds)}) NOT VALID"
        )
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
