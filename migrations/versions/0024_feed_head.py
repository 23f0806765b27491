"""Numbers of the feed come from a row.

Code before this migration goes on writing: on PostgreSQL the column's default takes a number from
the same row, on SQLite later code goes on behind whatever is there.

Revision: 0024
Follows: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NOBODY = ""
NUMBER = """
    CREATE FUNCTION tracker_feed_number() RETURNS bigint LANGUAGE sql VOLATILE
    SET search_path FROM CURRENT
    AS 'UPDATE feed_head SET seq = seq + 1 RETURNING seq'
"""


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:  # nobody takes a number between the count and the new default
        _keep_writers_out()
    op.create_table(
        "feed_head",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_feed_head")),
    )
    last = op.get_bind().scalar(sa.text(_last(is_postgresql=is_postgresql)))
    row = sa.text("INSERT INTO feed_head (tenant, seq, origin) VALUES (:nobody, :last, '')")
    op.get_bind().execute(row, {"nobody": NOBODY, "last": last or 0})
    if is_postgresql:
        op.execute(NUMBER)
        op.execute("ALTER TABLE transitions ALTER seq SET DEFAULT tracker_feed_number()")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _keep_writers_out()
        sequence = "pg_get_serial_sequence('transitions', 'seq')"
        op.execute(f"SELECT setval({sequence}, seq) FROM feed_head WHERE seq > 0")
        op.execute(
            "ALTER TABLE transitions ALTER seq"
            " SET DEFAULT nextval(CAST('transitions_seq_seq' AS regclass))"
        )
        op.execute("DROP FUNCTION tracker_feed_number()")
    else:
        number = "(SELECT seq FROM feed_head)"
        op.execute(f"DELETE FROM sqlite_sequence WHERE name = 'transitions' AND seq < {number}")
        op.execute(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT 'transitions', {number} WHERE NOT"
            " EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'transitions')"
        )
    op.drop_table("feed_head")


def _keep_writers_out() -> None:
    """Lock in the order in which writers do, or a later migration's lock of `tasks` is deadly."""
    op.execute("LOCK TABLE tasks IN SHARE ROW EXCLUSIVE MODE")
    op.execute("LOCK TABLE transitions IN ACCESS EXCLUSIVE MODE")


def _last(*, is_postgresql: bool) -> str:
    """The newest number that was given out, also where its row has gone."""
    if is_postgresql:
        return (
            "SELECT greatest((SELECT max(seq) FROM transitions),"
            " (SELECT last_value FROM transitions_seq_seq WHERE is_called))"
        )
    return "SELECT seq FROM sqlite_sequence WHERE name = 'transitions'"
