"""Check and index the rows of every callback at less cost; tasks that wait have no bound.

Partial indexes no longer look at `state`, which every callback changes. On SQLite a CHECK with IN
makes a table of its words for each statement: it becomes a chain of comparisons.

Revision: 0009
Follows: 0008
"""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = "state IN ('queued', 'running', 'submitted', 'uncertain')"
INDEXES = {
    "ix_tasks_deadline_at": (
        "tasks",
        ["deadline_at"],
        f"NOT overdue AND deadline_at IS NOT NULL AND {OPEN}",
        "NOT overdue AND deadline_at IS NOT NULL AND finished_at IS NULL",
    ),
    "ix_tasks_overdue": (
        "tasks",
        ["tenant", "key"],
        f"overdue AND {OPEN}",
        "overdue AND finished_at IS NULL",
    ),
    "ix_tasks_give_up_at": (
        "tasks",
        ["give_up_at"],
        "state IN ('running', 'submitted', 'uncertain')",
        "give_up_at IS NOT NULL AND finished_at IS NULL",
    ),
    "ix_receipts_verdict": (
        "receipts",
        ["tenant", "verdict", "key"],
        "verdict NOT IN ('advanced', 'duplicate', 'stale')",
        "verdict <> 'advanced' AND verdict <> 'duplicate' AND verdict <> 'stale'",
    ),
}
IN = re.compile(r"CHECK \((\w+) IN \(([^()]*)\)\)")
EITHER = re.compile(r"CHECK \((\w+) = ('\w+'(?: OR \1 = '\w+')*)\)")


def upgrade() -> None:
    # Those that wait count from when they go out.
    op.execute("UPDATE tasks SET give_up_at = NULL WHERE state = 'queued'")
    for name, (table, columns, _before, after) in INDEXES.items():
        _index_anew(name, table, columns, after)
    _spell_checks(IN, lambda found: _either(found[1], found[2].split(", ")))


def downgrade() -> None:
    _spell_checks(EITHER, lambda found: _one_of(found[1], re.findall(r"'\w+'", found[2])))
    for name, (table, columns, before, _after) in INDEXES.items():
        _index_anew(name, table, columns, before)
    # As the code before had it: three days from the creation.
    later = "datetime(created_at, '+3 days') || '.000000'"
    if op.get_bind().dialect.name == "postgresql":
        later = "created_at + interval '3 days'"
    op.execute(f"UPDATE tasks SET give_up_at = {later} WHERE state = 'queued'")


def _index_anew(name: str, table: str, columns: list[str], where: str) -> None:
    rows = sa.text(where)
    op.drop_index(name, table)
    op.create_index(name, table, columns, postgresql_where=rows, sqlite_where=rows)


def _either(column: str, words: list[str]) -> str:
    return f"CHECK ({' OR '.join(f'{column} = {word}' for word in words)})"


def _one_of(column: str, words: list[str]) -> str:
    return f"CHECK ({column} IN ({', '.join(words)}))"


def _spell_checks(pattern: re.Pattern[str], respell: Callable[[re.Match[str]], str]) -> None:
    """Spell CHECKs on SQLite anew, which mean the same.

    In the schema's own table, as https://www.sqlite.org/lang_altertable.html has it for changes
    that touch no row: making each table anew would copy all that was ever kept.
    """
    db = op.get_bind()
    if db.dialect.name != "sqlite":
        return
    there = db.execute(sa.text("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")).all()
    spelt = {name: anew for name, sql in there if (anew := pattern.sub(respell, sql)) != sql}
    respelling = sa.text(
        "UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :name"
    )
    version = db.scalar(sa.text("PRAGMA schema_version"))
    db.execute(sa.text("PRAGMA writable_schema = ON"))
    for name, sql in spelt.items():
        db.execute(respelling, {"name": name, "sql": sql})
    # Whoever has the database open reads the schema again, and we do at once.
    db.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    db.execute(sa.text("PRAGMA writable_schema = RESET"))
    for name in spelt:
        db.execute(sa.text(f'SELECT 1 FROM "{name}" LIMIT 1'))
