"""${message}.

Rules: readable alone; imports nothing of tracker; every constraint has a name; the code of the
version before must run beside it (expand, then backfill, then contract in a later one). A batch
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


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
