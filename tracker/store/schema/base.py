"""The names of constraints, and indexes over some of a table's rows."""

from sqlalchemy import Index, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def build_partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Make an index over some rows, on both databases.

    where: queries must spell it the same, or the index is not used. Of `tasks` none looks at
    `state`, which every callback changes: the index would be written for each of them.
    """
    return Index(
        name,
        *columns,
        unique=unique,
        postgresql_where=text(where),
        sqlite_where=text(where),
    )
