"""Statements on `conditions`: what is wrong for a while, from when to when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text, update

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import conditions

CALLBACKS_DEGRADED = "callbacks_degraded"
"""Callbacks stay away while polls find verdicts."""
ACCOUNT_AILING = "account_ailing"
"""The latest submits with an account all failed, by its own fault or its provider's."""

ACCOUNT_REFUSED = "account_refused"
"""The provider refused the latest submit because of the account: its key, money or rights."""
ACCOUNT_STANDSTILL = "account_standstill"
"""An account has accepted nothing of what was sent to it for minutes, whatever it says."""
ACCOUNT_MISSING = "account_missing"
"""Tasks wait for an account that the configuration has no more."""
ACCOUNT_TOKEN_REFUSED = "account_token_refused"  # noqa: S105 - no secret
"""The provider exchanges an account's credentials for no token."""
WRITES_STALLED = "writes_stalled"
"""The database kept a transaction of ours waiting for longer than callers wait."""
NO_WORKER = "no_worker"
"""No process does the background work."""
SECRETS_DIFFER = "secrets_differ"
"""Processes on this database have different callback secrets."""
CLOCK_SKEW = "clock_skew"
"""A process's clock and the database server's differ."""
CLOCK_STEPPED = "clock_stepped"
"""The clock of a machine with a SQLite file was set."""
DATABASE_CHANGED = "database_changed"
"""The feed's numbers have leapt, as this is not the database that they were given out by."""
RETENTION_BEHIND = "retention_behind"
"""Retention has not dropped all that is due for three periods."""
CHORE_BEHIND = "chore_behind"
"""A chore that follows the feed has very much of it to come by."""
CHORE_FAILING = "chore_failing"
"""A chore has not ended well in any worker for three of its periods and a minute."""
ARCHIVE_FAILING = "archive_failing"
"""Nothing can be written to the archive, so that nothing is dropped."""
DISK_LOW = "assets_disk_low"
"""Nothing is fetched: the disk of the store of assets is nearly full, or it takes no files."""
RECOVERING = "recovering"
"""The database was restored from a backup, and is being completed by callbacks and lists."""
RESTORING = "restoring"
"""A restore has begun, and has not made the database ready yet."""
RETENTION_WAITS = "retention_waits"
"""Retention would drop so much at once that a person must approve it."""

_COLUMNS = (
    conditions.c.name,
    conditions.c.provider,
    conditions.c.account,
    conditions.c.reason,
    conditions.c.raised_at,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is, or was, wrong with an account, or with the service (both names empty)."""

    name: str
    provider: str
    account: str
    reason: str
    raised_at: datetime
    cleared_at: datetime | None = None


def raise_(db: Connection, condition: Condition) -> bool:
    """Record that it has begun; one that is raised already stays as it is, and gives False."""
    dialect = get_dialect(db)
    statement = dialect.insert(conditions).on_conflict_do_nothing(
        index_elements=["name", "provider", "account"], index_where=text("cleared_at IS NULL")
    )
    made = db.execute(
        statement.returning(conditions.c.key),
        {
            "tenant": "default",
            "name": condition.name,
            "provider": condition.provider,
            "account": condition.account,
            "reason": condition.reason,
            "raised_at": condition.raised_at,
        },
    )
    return made.one_or_none() is not None


def clear(db: Connection, name: str, provider: str, account: str, *, now: datetime) -> bool:
    """Record that it is over; False when it did not stand."""
    cleared = db.execute(
        update(conditions)
        .where(
            conditions.c.name == name,
            conditions.c.provider == provider,
            conditions.c.account == account,
            conditions.c.cleared_at.is_(None),
        )
        .values(cleared_at=now)
    )
    return cleared.rowcount > 0


def list_open(db: Connection) -> list[Condition]:
    """List the open conditions, oldest first."""
    found = select(*_COLUMNS).where(conditions.c.cleared_at.is_(None)).order_by(conditions.c.key)
    return [Condition(*row) for row in db.execute(found)]


def find_accounts_with(found: Iterable[Condition], name: str) -> set[tuple[str, str]]:
    """Return the accounts, each with its provider, that have a condition of this name."""
    return {(one.provider, one.account) for one in found if one.name == name}


def list_told(db: Connection) -> list[Condition]:
    """List the open conditions that people are told of, oldest first.

    An account whose submits come to nothing is told of once, by what says most of why.
    """
    found = list_open(db)
    told, hidden = set[tuple[str, str]](), set[tuple[str, str, str]]()
    for name in (ACCOUNT_AILING, ACCOUNT_REFUSED, ACCOUNT_STANDSTILL):
        having = find_accounts_with(found, name)
        hidden |= {(name, *account) for account in having & told}
        told |= having
    return [one for one in found if (one.name, one.provider, one.account) not in hidden]


def find_last_cleared(db: Connection, name: str, provider: str, account: str) -> datetime | None:
    """Return when a condition of an account was last over; None where it never was.

    Reads the account's conditions backwards, to the latest one of that name.
    """
    found = (
        select(conditions.c.cleared_at)
        .where(conditions.c.provider == provider, conditions.c.account == account)
        .where(conditions.c.name == name, conditions.c.cleared_at.is_not(None))
        .order_by(conditions.c.key.desc())
        .limit(1)
    )
    return db.execute(found).scalar_one_or_none()


def list_past(db: Connection, provider: str, account: str, *, limit: int) -> list[Condition]:
    """List conditions of an account that are over, newest first."""
    columns = (*_COLUMNS, conditions.c.cleared_at)
    found = (
        select(*columns)
        .where(conditions.c.provider == provider, conditions.c.account == account)
        .where(conditions.c.cleared_at.is_not(None))
        .order_by(conditions.c.key.desc())
        .limit(limit)
    )
    return [Condition(*row) for row in db.execute(found)]
