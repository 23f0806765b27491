"""Subscriber endpoints: made, changed, paused, resumed, tested; their secrets made and rotated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tracker.clock import make_id, make_key
from tracker.domain import bodies, signature
from tracker.domain.delivery import Endpoint, EndpointState, Payload
from tracker.domain.errors import Conflict, FieldError, InvalidRequest, NotFound
from tracker.domain.event_types import EventType
from tracker.domain.notices import EventFilter
from tracker.domain.rendering import format_instant
from tracker.domain.sealing import NONCE_BYTES, CannotOpen, seal, unseal
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.store import deliveries, endpoints
from tracker.store.driver.transaction import Tx

MOST = 500
"""Endpoints of a tenant: each change of a task is held against every one of them."""
SECRET_BYTES = 32
MOST_REPLACED = 8
"""Replaced secrets of an endpoint that sign at once: each makes every delivery longer."""
_LEAST_BYTES, _MOST_BYTES = 24, 64
"""Of a secret that is brought along, as Standard Webhooks asks."""
_CANCELLED_AT_ONCE = 2000
"""Deliveries that one transaction drops."""


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint that somebody wants. secret: brought along; None to have one made."""

    tenant: str
    url: str
    filter: EventFilter
    payload: Payload = Payload.FULL
    ordered: bool = False
    description: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointPatch:
    """The changes to an endpoint.

    fields:  by their names in Endpoint.
    filters: by their names in EventFilter.
    """

    fields: Mapping[str, Any]
    filters: Mapping[str, Any]

    def apply(self, tx: Tx, one: Endpoint) -> Endpoint:
        """Return the endpoint after the changes."""
        filter_ = replace(one.filter, **self.filters)
        return replace(one, **self.fields, filter=filter_, updated_at=tx.now)


@dataclass(frozen=True, slots=True)
class RevealedEndpoint:
    """An endpoint with its secret: only where that is made or replaced is it ever shown."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class _Change:
    tenant: str
    id: UUID
    apply: Callable[[Tx, Endpoint], Endpoint]


class Endpoints:
    """Keeps a tenant's endpoints."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def create(self, wanted: NewEndpoint) -> RevealedEndpoint:
        """Raises InvalidRequest (the URL may not be called), Conflict (too many), Unavailable."""
        self._check_url(wanted.url)
        key = _parse_key(wanted.secret)
        now = self._context.clock.now()
        new = Endpoint(
            key=0,
            id=make_id(),
            tenant=wanted.tenant,
            url=wanted.url,
            filter=wanted.filter,
            secret=self._seal(key),
            state_at=now,
            created_at=now,
            updated_at=now,
            description=wanted.description,
            payload=wanted.payload,
            ordered=wanted.ordered,
        )
        made: Endpoint = await self._context.store.write(_insert, new)
        return RevealedEndpoint(made, signature.format_secret(key))

    async def change(self, tenant: str, id_: UUID, changes: EndpointPatch) -> Endpoint:
        """Change some of an endpoint's fields. Raises as `create`, NotFound."""
        if "url" in changes.fields:
            self._check_url(changes.fields["url"])
        return await self._change(tenant, id_, changes.apply)

    async def pause(self, tenant: str, id_: UUID) -> Endpoint:
        """Pause an endpoint: its deliveries are recorded and wait. Raises NotFound."""

        def pause_one(tx: Tx, one: Endpoint) -> Endpoint:
            if one.state is EndpointState.PAUSED:
                return one
            return _move_endpoint(tx, one, EndpointState.PAUSED, "paused by an operator")

        return await self._change(tenant, id_, pause_one)

    async def resume(self, tenant: str, id_: UUID) -> Endpoint:
        """Deliver again, what waited first. Raises NotFound."""

        def resume_one(tx: Tx, one: Endpoint) -> Endpoint:
            tx.woken.add(JobKind.DELIVER)
            if one.state is EndpointState.ACTIVE:
                return one
            return replace(_move_endpoint(tx, one, EndpointState.ACTIVE, None), failing_since=None)

        return await self._change(tenant, id_, resume_one)

    async def drop(self, tenant: str, id_: UUID) -> int:
        """Cancel what an endpoint is owed; it stays listed and can be redelivered.

        Returns how many. Raises NotFound.
        """
        dropped = 0
        while True:
            some: int = await self._context.store.write(_drop, (tenant, id_))
            dropped += some
            if some < _CANCELLED_AT_ONCE:
                return dropped

    async def delete(self, tenant: str, id_: UUID) -> None:
        """Owe it nothing more, and cancel what is owed. Raises NotFound."""
        # Nothing new comes in between: it is not told of anything from the first commit on.
        await self._change(
            tenant,
            id_,
            lambda tx, one: _move_endpoint(tx, one, EndpointState.DISABLED, "being deleted"),
        )
        await self.drop(tenant, id_)

        def delete_one(tx: Tx, one: Endpoint) -> Endpoint:
            gone = _move_endpoint(tx, one, EndpointState.DELETED, None)
            return replace(
                gone, secret=b"", old_secret=None, old_secret_until=None, older_secrets=()
            )

        await self._change(tenant, id_, delete_one)

    async def rotate(self, tenant: str, id_: UUID, *, overlap: timedelta) -> RevealedEndpoint:
        """Make a new secret; the one before signs beside it for a while.

        Secrets of earlier rotations sign until their own ends: a second rotation, or one that a
        client repeated, takes nothing from receivers that have not changed over yet.
        overlap: how long; zero when the one before has become known to others.
        Raises NotFound; Conflict when too many still sign.
        """
        key = _parse_key(None)
        sealed = self._seal(key)

        def rotate_one(tx: Tx, one: Endpoint) -> Endpoint:
            before = one.list_replaced_secrets(tx.now)
            if overlap > timedelta(0):
                before.insert(0, (one.secret, tx.now + overlap))
            if len(before) > MOST_REPLACED:
                soonest = min(until for _, until in before)
                raise Conflict(
                    f"{MOST_REPLACED} replaced secrets still sign, the first until "
                    f"{format_instant(soonest)}; rotate again after that, or with overlap_s=0"
                )
            newest, until = before[0] if before else (None, None)
            return replace(
                one,
                secret=sealed,
                old_secret=newest,
                old_secret_until=until,
                older_secrets=tuple(before[1:]),
                updated_at=tx.now,
            )

        changed = await self._change(tenant, id_, rotate_one)
        return RevealedEndpoint(changed, signature.format_secret(key))

    async def test(self, tenant: str, id_: UUID) -> UUID:
        """Owe it a test, whatever its filters; returns the delivery's id.

        Raises NotFound; Conflict when it gets nothing at present.
        """
        sent: UUID = await self._context.store.write(self._test, (tenant, id_))
        return sent

    async def reseal(self) -> None:
        """Seal anew what an older key had sealed, so that the key may leave the settings.

        What no key at hand opens stays as it is: its deliveries say so.
        """
        for key, sealed in await self._context.store.read(endpoints.list_sealed):
            anew = self._seal_anew(sealed)
            if anew is not None:
                await self._context.store.write(_replace_seal, (key, sealed, anew))

    def _seal_anew(self, sealed: bytes) -> bytes | None:
        newest, *older = self._context.secrets
        try:
            unseal([newest], sealed)
        except CannotOpen:
            try:
                return self._seal(unseal(older, sealed))
            except CannotOpen:
                return None
        return None

    def _test(self, tx: Tx, asked: Sequence[tuple[str, UUID]]) -> list[UUID | Exception]:
        results: list[UUID | Exception] = []
        for tenant, id_ in asked:
            endpoint = endpoints.get(tx.db, tenant, id_)
            if endpoint is None:
                results.append(_refuse_unknown())
            elif endpoint.state is not EndpointState.ACTIVE:
                results.append(Conflict(f"it is {endpoint.state.value}; resume it first"))
            else:
                type_ = EventType.ENDPOINT_TEST
                body = bodies.build_endpoint_body(type_, endpoint, tx.now)
                about = (make_id().hex,)
                outbox = self._context.outbox
                results += outbox.enqueue_to(tx, [endpoint], type_, body=body, about=about)
        return results

    async def _change(
        self, tenant: str, id_: UUID, apply: Callable[[Tx, Endpoint], Endpoint]
    ) -> Endpoint:
        changed: Endpoint = await self._context.store.write(_apply, _Change(tenant, id_, apply))
        return changed

    def _check_url(self, url: str) -> None:
        refusal = self._context.egress.explain_refusal(url)
        if refusal is not None:
            raise InvalidRequest(FieldError("url", refusal))

    def _seal(self, key: bytes) -> bytes:
        return seal(self._context.secrets[0], key, nonce=make_key(NONCE_BYTES))


def _insert(tx: Tx, new: Sequence[Endpoint]) -> list[Endpoint | Exception]:
    results: list[Endpoint | Exception] = []
    for one in new:
        if endpoints.count(tx.db, one.tenant) >= MOST:
            results.append(Conflict(f"there are {MOST} endpoints already; delete some first"))
        else:
            results.append(replace(one, key=endpoints.insert_one(tx.db, one)))
    return results


def _apply(tx: Tx, asked: Sequence[_Change]) -> list[Endpoint | Exception]:
    results: list[Endpoint | Exception] = []
    for one in asked:
        found = endpoints.lock(tx.db, one.tenant, one.id)
        if found is None:
            results.append(_refuse_unknown())
            continue
        try:
            changed = one.apply(tx, found)
        except Conflict as error:
            results.append(error)
            continue
        if changed is not found:
            endpoints.save(tx.db, changed)
        results.append(changed)
    return results


def _drop(tx: Tx, asked: Sequence[tuple[str, UUID]]) -> list[int | Exception]:
    results: list[int | Exception] = []
    for tenant, id_ in asked:
        found = endpoints.get(tx.db, tenant, id_)
        if found is None:
            results.append(_refuse_unknown())
        else:
            results.append(
                deliveries.cancel(tx.db, found.key, now=tx.now, limit=_CANCELLED_AT_ONCE)
            )
    return results


def _replace_seal(tx: Tx, seals: Sequence[tuple[int, bytes, bytes]]) -> list[None]:
    for key, sealed, anew in seals:
        endpoints.replace_seal(tx.db, key, sealed, anew)
    return [None] * len(seals)


def _move_endpoint(tx: Tx, one: Endpoint, state: EndpointState, reason: str | None) -> Endpoint:
    return replace(one, state=state, state_reason=reason, state_at=tx.now, updated_at=tx.now)


def _refuse_unknown() -> NotFound:
    return NotFound("there is no such endpoint")


def _parse_key(given: str | None) -> bytes:
    if given is None:
        return make_key(SECRET_BYTES)
    try:
        key = signature.decode_key(given)
    except ValueError as error:
        raise InvalidRequest(FieldError("secret", str(error))) from None
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        reason = f"must hold {_LEAST_BYTES} to {_MOST_BYTES} bytes after whsec_"
        raise InvalidRequest(FieldError("secret", reason))
    return key
