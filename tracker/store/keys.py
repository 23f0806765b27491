"""Statements on the keys of `api_keys`; its sessions have their own (`sessions`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, Select, bindparam, insert, or_, select, update

from tracker.domain.access import Scope
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import api_keys

_OF_SESSIONS = ("parent", "expires_at")
_SHOWN = [column for column in api_keys.c if column.name not in _OF_SESSIONS]
_COLUMNS = [column for column in _SHOWN if column.name not in ("key", "digest")]
_IS_KEY = api_keys.c.kind != "session"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without anything that would let somebody in.

    hint:       its first characters; of a pair the whole access key.
    digest:     32 bytes; what it is found by.
    kind:       `key` is presented as it is, of a `pair` the secret signs JWTs.
    per_minute: its own rate limit; None for the service's.
    """

    id: UUID
    tenant: str
    name: str
    hint: str
    digest: bytes
    kind: Literal["key", "pair"]
    scopes: frozenset[Scope]
    created_at: datetime
    per_minute: int | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    key: int = 0


def insert_one(db: Connection, new: ApiKey) -> None:
    """Write a key down."""
    db.execute(insert(api_keys), _list_values(new))


def insert_new(db: Connection, new: ApiKey) -> bool:
    """Write a key down unless it is there; returns whether it was written."""
    dialect = get_dialect(db)
    statement = dialect.insert(api_keys).on_conflict_do_nothing(index_elements=["digest"])
    made = db.execute(statement.returning(api_keys.c.key), _list_values(new))
    return made.one_or_none() is not None


def _list_values(new: ApiKey) -> dict[str, Any]:
    values: dict[str, Any] = {c.name: getattr(new, c.name) for c in _COLUMNS}
    return values | {"scopes": " ".join(sorted(new.scopes)), "digest": new.digest}


def find_by_id(db: Connection, id_: UUID) -> ApiKey | None:
    """Return a key by its public id."""
    row = db.execute(_select_keys().where(api_keys.c.id == id_)).one_or_none()
    return None if row is None else _parse_key(row)


def find(db: Connection, digest: bytes) -> ApiKey | None:
    """Return a key by what is stored of it, revoked ones too."""
    row = db.execute(_select_keys().where(api_keys.c.digest == digest)).one_or_none()
    return None if row is None else _parse_key(row)


def list_by_key(db: Connection, wanted: Collection[int]) -> dict[int, ApiKey]:
    """Return keys by their rows' numbers, revoked ones too."""
    found = _select_keys().where(api_keys.c.key.in_(wanted))
    return {row.key: _parse_key(row) for row in db.execute(found)} if wanted else {}


def is_any(db: Connection) -> bool:
    """Return true if there is any key, even a revoked one."""
    return db.execute(select(api_keys.c.key).limit(1)).first() is not None


def list_page(db: Connection, tenant: str, *, after: int, limit: int) -> list[ApiKey]:
    """Return keys of a tenant, oldest first. after: the row of the last one of the page before."""
    found = _select_keys().where(api_keys.c.tenant == tenant, api_keys.c.key > after)
    return [_parse_key(row) for row in db.execute(found.order_by(api_keys.c.key).limit(limit))]


def list_all(db: Connection, *, tenant: str | None) -> list[ApiKey]:
    """Return all keys, oldest first. tenant: only its own."""
    found = _select_keys().order_by(api_keys.c.key)
    if tenant is not None:
        found = found.where(api_keys.c.tenant == tenant)
    return [_parse_key(row) for row in db.execute(found)]


def revoke(db: Connection, ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """End keys; returns those that exist. One that had been revoked keeps its time."""
    db.execute(
        update(api_keys)
        .where(api_keys.c.id.in_(ids), api_keys.c.revoked_at.is_(None), _IS_KEY)
        .values(revoked_at=now)
    )
    return set(db.scalars(select(api_keys.c.id).where(api_keys.c.id.in_(ids), _IS_KEY)))


_MARK = (
    update(api_keys)
    .where(
        api_keys.c.key == bindparam("k"),
        or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"))
)


def mark_used(db: Connection, used: Mapping[int, datetime]) -> None:
    """Record when keys and sessions were last used, by row; never backwards."""
    if used:
        db.execute(_MARK, [{"k": key, "at": at} for key, at in sorted(used.items())])


def _select_keys() -> Select[Any]:
    return select(*_SHOWN).where(_IS_KEY)


def _parse_key(row: Row[Any]) -> ApiKey:
    given = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to the columns
    given["digest"] = bytes(given["digest"])
    given["scopes"] = frozenset(Scope(word) for word in given["scopes"].split())
    return ApiKey(**given)
