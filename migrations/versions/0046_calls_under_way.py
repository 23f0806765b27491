"""Steps of a task while the call that makes it is under way, whose answer is its result.

Code before this migration reads the new steps of history as ones that bring nothing.

Revision: 0046
Follows: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
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
    "reread",
)
NEW_KINDS = ("submit_sent", "answer_begun", "submit_deferred")


def upgrade() -> None:
    # First, as it may be done twice: it is committed before what is there has been checked.
    allow(KINDS + NEW_KINDS, before=KINDS)
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"ALTER TABLE transitions VALIDATE CONSTRAINT {KIND}")


def downgrade() -> None:
    # History before this migration has no word for them: steps in which nothing was said.
    listed = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
    op.execute(f"UPDATE transitions SET kind = 'seen_unknown_word' WHERE kind IN ({listed})")
    op.execute("UPDATE tasks SET awaits = NULL WHERE awaits = 'answer'")
    allow(KINDS, before=KINDS + NEW_KINDS)


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
