"""Statements about replicas on PostgreSQL: how far behind one is, and whether it has a position.

A position is a place in the server's log (`pg_lsn`): whoever has replayed it has every commit
before it. The functions: https://www.postgresql.org/docs/current/functions-admin.html,
read 2026-11-29.
"""

import re

from sqlalchemy import Connection, text

from tracker.store.driver.dialect import get_dialect

POSITION = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
"""The spelling of a position."""
# One that has replayed all it received is not behind, however long ago the last commit was; but
# only while it receives.
_LAG = text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() OR ("
    " pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
    " AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL)) THEN 0 ELSE"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
)
_HAS = text(
    "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)"
)


def measure_lag_s(db: Connection) -> float | None:
    """Return by how many seconds a replica is behind; 0 for a primary, None where it is unknown."""
    if not get_dialect(db).has_server:
        return 0.0
    found = db.scalar(_LAG)
    return None if found is None else max(0.0, round(float(found), 1))


def has(db: Connection, position: str) -> bool:
    """Return whether everything up to a position of the primary's log is there."""
    return not get_dialect(db).has_server or bool(db.scalar(_HAS, {"position": position}))
