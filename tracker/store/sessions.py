"""Statements on the sessions of `api_keys`: who has signed in to the dashboard, and until when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.access import SESSION_IDLE, Scope
from tracker.store import keys
from tracker.store.keys import ApiKey
from tracker.store.schema import api_keys

KEPT = timedelta(days=1)
"""The row of a session stays for so long after its latest end."""
_KIND = "session"
_SHOWN = [
    *(api_keys.c.key, api_keys.c.digest, api_keys.c.scopes, api_keys.c.parent),
    *(api_keys.c.expires_at, api_keys.c.revoked_at),
    func.coalesce(api_keys.c.last_used_at, api_keys.c.created_at).label("used_at"),
]


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins. digest: of its secret, 32 bytes."""

    id: UUID
    parent: ApiKey
    digest: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A session, without anything that would let somebody in.

    key:      its row. parent: the key that was signed in with.
    used_at:  of the last use on record, or when it was opened.
    ended_at: when somebody signed out.
    """

    key: int
    digest: bytes
    parent: ApiKey
    scopes: frozenset[Scope]
    expires_at: datetime
    used_at: datetime
    ended_at: datetime | None = None

    def is_over(self, now: datetime, *, used_at: datetime | None = None) -> bool:
        """Return true if it lets nobody in any more.

        used_at: a later use, which is not on record yet.
        """
        idle_since = self.used_at if used_at is None else max(self.used_at, used_at)
        return (
            self.ended_at is not None
            or self.parent.revoked_at is not None
            or now >= self.expires_at
            or now >= idle_since + SESSION_IDLE
        )


def insert_one(db: Connection, new: NewSession) -> None:
    """Write down that somebody signed in; forget sessions that ended long ago."""
    db.execute(delete(api_keys).where(api_keys.c.expires_at < new.created_at - KEPT))
    values = {
        "id": new.id,
        "tenant": new.parent.tenant,
        "name": new.parent.name,
        "hint": "",
        "digest": new.digest,
        "kind": _KIND,
        "scopes": " ".join(sorted(new.parent.scopes)),
        "created_at": new.created_at,
        "parent": new.parent.key,
        "expires_at": new.expires_at,
    }
    db.execute(insert(api_keys), values)


def find(db: Connection, digest: bytes) -> Session | None:
    """Return a session by the hash of its secret, one that is over too."""
    found = _read_sessions(db, api_keys.c.digest == digest)
    return found[0] if found else None


def list_by_key(db: Connection, wanted: Collection[int]) -> dict[int, Session]:
    """Return sessions by their rows' numbers, those that are over too."""
    found = _read_sessions(db, api_keys.c.key.in_(wanted)) if wanted else []
    return {one.key: one for one in found}


def end(db: Connection, digests: Collection[bytes], *, now: datetime) -> None:
    """End sessions by the hashes of their secrets. One that had ended keeps its time."""
    theirs = (api_keys.c.digest.in_(digests), api_keys.c.kind == _KIND)
    unended = api_keys.c.revoked_at.is_(None)
    db.execute(update(api_keys).where(*theirs, unended).values(revoked_at=now))


def _read_sessions(db: Connection, which: ColumnElement[bool]) -> list[Session]:
    """Return those whose parents are there."""
    rows: list[Any] = list(db.execute(select(*_SHOWN).where(which, api_keys.c.kind == _KIND)))
    parents = keys.list_by_key(db, {row.parent for row in rows})
    return [
        Session(
            key=row.key,
            digest=bytes(row.digest),
            parent=parents[row.parent],
            scopes=parents[row.parent].scopes & {Scope(word) for word in row.scopes.split()},
            expires_at=row.expires_at,
            used_at=row.used_at,
            ended_at=row.revoked_at,
        )
        for row in rows
        if row.parent in parents
    ]
