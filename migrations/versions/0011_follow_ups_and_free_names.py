"""Tasks that have ended and are asked about; external ids that may be used again.

A task that succeeded without a result, or that expired because its provider denied it, is followed
up. The external id of a task that certainly never was at its provider is free: uniqueness is now a
partial index. SQLite makes the table of tasks anew for that, which copies its rows once.

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNIQUE = "uq_tasks_provider_account_external_task_id"
NAMES = "uq_tasks_external_task_id"
COLUMNS = ["provider", "account", "external_task_id"]
FOLLOWED = "ix_tasks_follow_up"
KIND = "ck_transitions_kind"
KINDS = (
    *("created", "submit_accepted", "submit_refused", "submit_unknown", "submit_abandoned"),
    *("seen_submitted", "seen_running", "seen_succeeded", "seen_failed", "seen_cancelled"),
    *("seen_unknown_word", "absent", "cancel_requested", "deadline_passed", "given_up"),
)
NEW_KIND = "result_completed"
# Refused, abandoned or cancelled with nothing before it but its creation and its deadline.
NEVER_CREATED = (
    "state IN ('failed', 'cancelled') AND version = CASE WHEN overdue THEN 3 ELSE 2 END"
    " AND EXISTS (SELECT 1 FROM transitions"
    " WHERE transitions.task_key = tasks.key AND transitions.version = tasks.version"
    " AND transitions.kind IN ('submit_refused', 'submit_abandoned', 'cancel_requested'))"
)


def upgrade() -> None:
    # Said again, or the rebuilt table would give numbers of rows that have gone to new ones.
    with op.batch_alter_table("tasks", table_kwargs={"sqlite_autoincrement": True}) as tasks:
        tasks.add_column(sa.Column("follow_up", sa.Text(), nullable=True))
        tasks.add_column(
            sa.Column("never_created", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        tasks.drop_constraint(op.f(UNIQUE), type_="unique")
    op.execute(f"UPDATE tasks SET never_created = true WHERE {NEVER_CREATED}")
    index(NAMES, COLUMNS, "NOT never_created", unique=True)
    index(FOLLOWED, ["tenant", "follow_up", "key"], "follow_up IS NOT NULL")
    allow((*KINDS, NEW_KIND), before=KINDS)


def downgrade() -> None:
    # What the code before cannot read is told in its words; names that were given twice stay apart.
    op.execute(f"UPDATE transitions SET kind = 'seen_succeeded' WHERE kind = '{NEW_KIND}'")
    allow(KINDS, before=(*KINDS, NEW_KIND))
    op.execute(
        "UPDATE tasks SET external_task_id = external_task_id || ' (' || key || ')'"
        " WHERE never_created AND EXISTS (SELECT 1 FROM tasks AS other"
        " WHERE other.provider = tasks.provider AND other.account = tasks.account"
        " AND other.external_task_id = tasks.external_task_id AND other.key > tasks.key)"
    )
    op.drop_index(FOLLOWED, "tasks")
    op.drop_index(NAMES, "tasks")
    with op.batch_alter_table("tasks", table_kwargs={"sqlite_autoincrement": True}) as tasks:
        tasks.create_unique_constraint(op.f(UNIQUE), COLUMNS)
        tasks.drop_column("never_created")
        tasks.drop_column("follow_up")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'ALTER INDEX "{UNIQUE}" SET (deduplicate_items = off)')


def index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    """Make a partial index; on PostgreSQL, like the others of the table, without packed keys."""
    rows = sa.text(where)
    op.create_index(name, "tasks", columns, unique=unique, postgresql_where=rows, sqlite_where=rows)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'ALTER INDEX "{name}" SET (deduplicate_items = off)')


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
