"""Sessions of people who sign in to the dashboard: rows of `api_keys` with a parent and an end.

Code before this migration refuses their secrets, as they are no keys, and lists them beside keys.

Revision: 0026
Follows: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KIND = "ck_api_keys_kind"
KINDS = ("key", "pair")
WITH_SESSIONS = (*KINDS, "session")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENDS = "ix_api_keys_expires_at"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("parent", KEY, nullable=True))
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    rows = sa.text("expires_at IS NOT NULL")
    op.create_index(ENDS, "api_keys", ["expires_at"], postgresql_where=rows, sqlite_where=rows)
    allow(WITH_SESSIONS, before=KINDS)


def downgrade() -> None:
    op.execute("DELETE FROM api_keys WHERE kind = 'session'")
    allow(KINDS, before=WITH_SESSIONS)
    op.drop_index(ENDS, "api_keys")
    op.drop_column("api_keys", "expires_at")
    op.drop_column("api_keys", "parent")


def allow(kinds: tuple[str, ...], *, before: tuple[str, ...]) -> None:
    """Make these the kinds that a row may have: see migration 0015."""
    db = op.get_bind()
    if db.dialect.name == "postgresql":
        op.drop_constraint(op.f(KIND), "api_keys", type_="check")
        op.execute(f"ALTER TABLE api_keys ADD CONSTRAINT {KIND} CHECK ({either(kinds)}) NOT VALID")
        op.execute(f"ALTER TABLE api_keys VALIDATE CONSTRAINT {KIND}")
        return
    version = db.scalar(sa.text("PRAGMA schema_version"))
    db.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = db.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :after)"
            " WHERE type = 'table' AND name = 'api_keys' AND instr(sql, :before) > 0"
        ),
        {"before": f"CHECK ({either(before)})", "after": f"CHECK ({either(kinds)})"},
    )
    if changed.rowcount != 1:
        raise RuntimeError("the CHECK of api_keys.kind is not spelt as it was made")
    db.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    db.execute(sa.text("PRAGMA writable_schema = RESET"))
    db.execute(sa.text("SELECT 1 FROM api_keys LIMIT 1"))


def either(kinds: tuple[str, ...]) -> str:
    return " OR ".join(f"kind = '{kind}'" for kind in kinds)
