"""PostgreSQL looks no longer for equal keys in the indexes of `tasks`.

There are hardly any, as nearly all of them name the task. What it found, whenever a page was full,
were the versions that each update leaves in every index; packing them cost more than all else
about a full page, and vacuum takes them away anyhow. Pages are only written differently from now
on: nothing is rewritten.

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in _indexes():
        op.execute(f'ALTER INDEX "{name}" SET (deduplicate_items = off)')


def downgrade() -> None:
    for name in _indexes():
        op.execute(f'ALTER INDEX "{name}" RESET (deduplicate_items)')


def _indexes() -> list[str]:
    """Every index of `tasks`, those behind its constraints among them; none on SQLite."""
    db = op.get_bind()
    if db.dialect.name != "postgresql":
        return []
    found = sa.text(
        "SELECT indexname FROM pg_indexes"
        " WHERE schemaname = current_schema() AND tablename = 'tasks' ORDER BY indexname"
    )
    return list(db.execute(found).scalars())
