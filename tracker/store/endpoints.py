"""Statements on `endpoints` and `endpoint_sets`: where subscribers want deliveries."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from tracker.clock import make_token
from tracker.domain.delivery import Endpoint, EndpointState, Payload
from tracker.domain.notices import EventFilter
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import endpoint_sets, endpoints

_RECEIVING = (EndpointState.ACTIVE.value, EndpointState.PAUSED.value)
"""Something is written down for these when it happens."""
_COLUMNS = tuple(endpoints.c.keys())
_FIND_BY_KEY = f"SELECT {', '.join(_COLUMNS)} FROM endpoints WHERE key"  # noqa: S608 - our own names
_READER = RowReader(endpoints, _COLUMNS, {})
_MARK_ANSWERING = (
    "UPDATE endpoints SET failing_since = NULL WHERE failing_since IS NOT NULL AND key"
)
_SHOWN = endpoints.c.state != EndpointState.DELETED.value


def insert_one(db: Connection, new: Endpoint) -> int:
    """Insert one; returns its row key."""
    values = _list_values(new) | {"id": new.id, "tenant": new.tenant, "created_at": new.created_at}
    key: int = db.execute(insert(endpoints).returning(endpoints.c.key), values).scalar_one()
    _stamp_set(db, new.tenant)
    return key


def save(db: Connection, changed: Endpoint) -> None:
    """Write what may change."""
    db.execute(
        update(endpoints).where(endpoints.c.key == changed.key).values(_list_values(changed))
    )
    _stamp_set(db, changed.tenant)


def get(db: Connection, tenant: str, id_: UUID) -> Endpoint | None:
    """Return one endpoint of a tenant."""
    found = select(endpoints).where(endpoints.c.id == id_, endpoints.c.tenant == tenant, _SHOWN)
    row = db.execute(found).one_or_none()
    return None if row is None else _parse_endpoint(row)


def lock(db: Connection, tenant: str, id_: UUID) -> Endpoint | None:
    """Return one endpoint of a tenant, to be changed."""
    found = select(endpoints).where(endpoints.c.id == id_, endpoints.c.tenant == tenant, _SHOWN)
    row = db.execute(found.with_for_update()).one_or_none()
    return None if row is None else _parse_endpoint(row)


def list_by_key(db: Connection, keys: Collection[int]) -> dict[int, Endpoint]:
    """Return endpoints by row key, whatever their state."""
    found = bulk.find(db, _FIND_BY_KEY, list(keys), encoding.integers)
    rows = _READER.read_values(found, get_dialect(db))
    named = (SimpleNamespace(**dict(zip(_COLUMNS, values, strict=True))) for values in rows)
    return {row.key: _parse_endpoint(row) for row in named}


def count(db: Connection, tenant: str) -> int:
    """Return how many a tenant has."""
    found = select(func.count()).where(endpoints.c.tenant == tenant, _SHOWN)
    return int(db.execute(found).scalar_one())


def list_page(db: Connection, tenant: str, *, before: int | None, limit: int) -> list[Endpoint]:
    """Return a page of a tenant's endpoints, newest first."""
    found = select(endpoints).where(endpoints.c.tenant == tenant, _SHOWN)
    if before is not None:
        found = found.where(endpoints.c.key < before)
    ordered = found.order_by(endpoints.c.key.desc()).limit(limit)
    return [_parse_endpoint(row) for row in db.execute(ordered)]


def list_with_address(db: Connection, tenant: str, part: str, *, limit: int) -> list[Endpoint]:
    """Return a tenant's endpoints whose URL holds a text, in any case; newest first."""
    holds = func.lower(endpoints.c.url).contains(part.lower(), autoescape=True)
    found = select(endpoints).where(endpoints.c.tenant == tenant, _SHOWN, holds)
    ordered = found.order_by(endpoints.c.key.desc()).limit(limit)
    return [_parse_endpoint(row) for row in db.execute(ordered)]


def list_stopped(db: Connection, tenant: str, *, limit: int) -> list[Endpoint]:
    """Return a tenant's endpoints that get nothing or answer nothing, the longest first."""
    found = select(endpoints).where(
        endpoints.c.tenant == tenant,
        _SHOWN,
        (endpoints.c.state != EndpointState.ACTIVE.value) | endpoints.c.failing_since.is_not(None),
    )
    ordered = found.order_by(endpoints.c.state_at, endpoints.c.key).limit(limit)
    return [_parse_endpoint(row) for row in db.execute(ordered)]


def list_stamps(db: Connection, tenants: Collection[str]) -> Callable[[], dict[str, str]]:
    """Find the version mark of each tenant's set of endpoints; none for a tenant without any.

    It is asked now; call what is returned for the answer. Raises DBAPIError.
    """
    found = "SELECT tenant, stamp FROM endpoint_sets WHERE tenant"
    rows = bulk.find_soon(db, found, list(tenants), encoding.encode_texts)
    return lambda: dict(rows())


def list_receiving(db: Connection, tenant: str) -> tuple[Endpoint, ...]:
    """Return a tenant's endpoints for which something is written down when it happens."""
    found = select(endpoints).where(
        endpoints.c.tenant == tenant, endpoints.c.state.in_(list(_RECEIVING))
    )
    return tuple(_parse_endpoint(row) for row in db.execute(found.order_by(endpoints.c.key)))


def list_sealed(db: Connection) -> list[tuple[int, bytes]]:
    """Return every secret that is kept, as it is sealed, with the row it stands in."""
    columns = (endpoints.c.secret, endpoints.c.old_secret, endpoints.c.older_secrets)
    found = select(endpoints.c.key, *columns).where(_SHOWN).order_by(endpoints.c.key)
    return [
        (key, secret)
        for key, newest, old, older in db.execute(found)
        for secret in (newest, old, *(one for one, _ in _read_older(older)))
        if secret is not None
    ]


def replace_seal(db: Connection, key: int, before: bytes, after: bytes) -> None:
    """Write the same secret under another seal, wherever it still stands."""
    for column in (endpoints.c.secret, endpoints.c.old_secret):
        db.execute(
            update(endpoints)
            .where(endpoints.c.key == key, column == before)
            .values({column: after})
        )
    row = select(endpoints.c.older_secrets).where(endpoints.c.key == key).with_for_update()
    older = _read_older(db.execute(row).scalar_one_or_none())
    if any(one == before for one, _ in older):
        changed = [(after if one == before else one, until) for one, until in older]
        statement = update(endpoints).where(endpoints.c.key == key)
        db.execute(statement.values(older_secrets=_write_older(changed)))


def mark_failing(db: Connection, keys: Collection[int], *, now: datetime) -> None:
    """Record failures of these, which gave nothing else; since when is kept where it was known."""
    if keys:
        db.execute(
            update(endpoints)
            .where(endpoints.c.key.in_(keys), endpoints.c.failing_since.is_(None))
            .values(failing_since=now)
        )


def mark_answering(db: Connection, keys: Collection[int]) -> None:
    """Record a success of these."""
    bulk.change_later(db, _MARK_ANSWERING, list(keys), encoding.integers)


def lock_failing(db: Connection, keys: Collection[int], *, since: datetime) -> list[Endpoint]:
    """Return those of these that are active and have given nothing but failures since then or
    longer.
    """
    if not keys:
        return []
    found = select(endpoints).where(
        endpoints.c.key.in_(keys),
        endpoints.c.state == EndpointState.ACTIVE.value,
        endpoints.c.failing_since <= since,
    )
    ordered = found.order_by(endpoints.c.key).with_for_update()
    return [_parse_endpoint(row) for row in db.execute(ordered)]


def lock_active(db: Connection, keys: Collection[int]) -> list[Endpoint]:
    """Return those of these that are active."""
    if not keys:
        return []
    found = select(endpoints).where(
        endpoints.c.key.in_(keys), endpoints.c.state == EndpointState.ACTIVE.value
    )
    return [
        _parse_endpoint(row)
        for row in db.execute(found.order_by(endpoints.c.key).with_for_update())
    ]


def _stamp_set(db: Connection, tenant: str) -> None:
    dialect = get_dialect(db)
    statement = dialect.insert(endpoint_sets)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant"], set_={"stamp": statement.excluded.stamp}
    )
    db.execute(statement, {"tenant": tenant, "stamp": make_token()})


def _list_values(one: Endpoint) -> dict[str, Any]:
    return {
        "url": one.url,
        "description": one.description,
        "event_types": _sort_words(one.filter.types),
        "providers": _sort_words(one.filter.providers),
        "operations": _sort_words(one.filter.operations),
        "metadata": dict(one.filter.metadata) or None,
        "payload": one.payload.value,
        "ordered": one.ordered,
        "state": one.state.value,
        "state_reason": one.state_reason,
        "state_at": one.state_at,
        "failing_since": one.failing_since,
        "secret": one.secret,
        "old_secret": one.old_secret,
        "old_secret_until": one.old_secret_until,
        "older_secrets": _write_older(one.older_secrets),
        "updated_at": one.updated_at,
    }


def _sort_words(words: Collection[str]) -> Sequence[str] | None:
    return sorted(words) or None


def _write_older(older: Sequence[tuple[bytes, datetime]]) -> list[list[str]] | None:
    return [[sealed.hex(), until.isoformat()] for sealed, until in older] or None


def _read_older(stored: Sequence[Sequence[str]] | None) -> tuple[tuple[bytes, datetime], ...]:
    return tuple(
        (bytes.fromhex(sealed), datetime.fromisoformat(until)) for sealed, until in stored or ()
    )


def _parse_endpoint(row: Row[Any] | SimpleNamespace) -> Endpoint:
    return Endpoint(
        key=row.key,
        id=row.id,
        tenant=row.tenant,
        url=row.url,
        description=row.description,
        filter=EventFilter(
            types=frozenset(row.event_types or ()),
            providers=frozenset(row.providers or ()),
            operations=frozenset(row.operations or ()),
            metadata=row.metadata or {},
        ),
        payload=Payload(row.payload),
        ordered=row.ordered,
        state=EndpointState(row.state),
        state_reason=row.state_reason,
        state_at=row.state_at,
        failing_since=row.failing_since,
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until=row.old_secret_until,
        older_secrets=_read_older(row.older_secrets),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
