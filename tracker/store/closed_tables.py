"""Find tables of ours that our user on a PostgreSQL server may not read and write."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from tracker.store.schema import metadata


def describe_closed(names: Sequence[str]) -> str:
    """Return what our user lacks, what it leads to, and what mends it."""
    return (
        f"our user may not read and write {', '.join(names)}: all that needs it is answered 503. "
        "Have its owner run `GRANT ALL ON ALL TABLES IN SCHEMA …` and "
        "`GRANT ALL ON ALL SEQUENCES IN SCHEMA …`, or `ALTER TABLE … OWNER TO`"
    )


def list_closed(db: Connection) -> list[str]:
    """Return tables and sequences of ours that our user may not read and write."""
    ours = sorted(metadata.tables)
    sequences = [f"{name}_key_seq" for name in ours]
    return list(db.scalars(_CLOSED, {"ours": ours, "sequences": sequences}))


_CLOSED = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = to_regnamespace(current_schema()) AND CASE relkind
        WHEN 'S' THEN relname = ANY(:sequences) AND NOT has_sequence_privilege(oid, 'USAGE')
        ELSE relkind IN ('r', 'p') AND relname = ANY(:ours) AND NOT (
            has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
        )
    END ORDER BY relname
    """
)
