"""${message}.

Rules: readable alone; imports nothing of tracker; every constraint has a name. The code of the
version before runs beside it: columns are added here, filled by a chore in batches, and what they
replace is removed in a later release; `oldest_code` names the oldest revision of code that may run
on the schema. An index on a table that is there is made CONCURRENTLY on PostgreSQL, as in
0030_deliveries_by_body.py. squawk reads the statements. A batch
that makes SQLite rebuild a numbered table says table_kwargs={"sqlite_autoincrement": True} again;
op.drop_column needs no batch.

Revision: ${up_revision}
Follows: ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
oldest_code = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
