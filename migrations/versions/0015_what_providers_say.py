"""Columns for many providers: a task's stage, context of later calls, parent, cancellation.

Every column may be empty and has no default, so that older code goes on beside it.

Revision: 0015
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KIND = "ck_transitions_kind"
KINDS = (
    *("created", "submit_accepted", "submit_refused", "submit_unknown", "submit_abandoned"),
    *("seen_submitted", "seen_running", "seen_succeeded", "seen_failed", "seen_cancelled"),
    *("seen_unknown_word", "absent", "cancel_requested", "deadline_passed", "given_up"),
    "result_completed",
)
# What code before this migration reads in their place.
NEW_KINDS = {
    "news": "seen_running",
    "costs_changed": "seen_running",
    "cancel_asked": "seen_running",
    "cancel_refused": "seen_running",
    "resolved_exists": "submit_accepted",
    "resolved_never_made": "absent",
    "resolved_given_up": "given_up",
}
COLUMNS = {
    "parent_id": sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql"),
    "stage": sa.Text(),
    "context": sa.Text(),
    "cancel_asked_at": sa.DateTime(timezone=True),
    "cancel_sent_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("tasks", sa.Column(name, kind, nullable=True))
    op.add_column("transitions", sa.Column("actor", sa.Text(), nullable=True))
    allow((*KINDS, *NEW_KINDS), before=KINDS)


def downgrade() -> None:
    for kind, older in NEW_KINDS.items():
        op.execute(f"UPDATE transitions SET kind = '{older}' WHERE kind = '{kind}'")
    allow(KINDS, before=(*KINDS, *NEW_KINDS))
    op.drop_column("transitions", "actor")
    for name in reversed(COLUMNS):
        op.drop_column("tasks", name)


def allow(kinds: tuple[str, ...], *, before: tuple[str, ...]) -> None:
    """Make these the kinds that a transition may have.

    On SQLite in the schema's own table, as https://www.sqlite.org/lang_altertable.html has it for
    changes that touch no row: making the table anew would copy all history.
    """
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
    # Whoever has the database open reads the schema again, and we do at once.
    db.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    db.execute(sa.text("PRAGMA writable_schema = RESET"))
    db.execute(sa.text("SELECT 1 FROM transitions LIMIT 1"))


def either(kinds: tuple[str, ...]) -> str:
    return " OR ".join(f"kind = '{kind}'" for kind in kinds)
