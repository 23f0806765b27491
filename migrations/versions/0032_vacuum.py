"""PostgreSQL vacuums the tables whose rows change all the time when 2 % of their rows are dead.

A fifth, its default, is a million dead rows beside five million ended tasks, and hours apart.
`jobs` is looked through every second, and is small: its vacuum does not pause.

Revision: 0032
Follows: 0031
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
oldest_code = "0025"

SHARE = "autovacuum_vacuum_scale_factor"
PAUSE = "autovacuum_vacuum_cost_delay"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE tasks SET ({SHARE} = 0.02)")
        op.execute(f"ALTER TABLE deliveries SET ({SHARE} = 0.02)")
        op.execute(f"ALTER TABLE jobs SET ({SHARE} = 0.02, {PAUSE} = 0)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE jobs RESET ({SHARE}, {PAUSE})")
        op.execute(f"ALTER TABLE deliveries RESET ({SHARE})")
        op.execute(f"ALTER TABLE tasks RESET ({SHARE})")
