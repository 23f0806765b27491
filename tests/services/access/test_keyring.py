"""Keys are asked of the database once in a few seconds; what they do is recorded beside."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest
from sqlalchemy import event, text

from tests.support.keys import issue
from tracker.clock import SystemClock
from tracker.domain.access import Scope
from tracker.domain.errors import CredentialFault, Unauthenticated, Unavailable
from tracker.services.access.keyring import ANY_S, Keyring
from tracker.services.access.keys import Grant, Keys
from tracker.services.access.recent_rows import FRESH_S
from tracker.store.store import Store


class _StillClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def _count_queries(store: Store) -> list[str]:
    asked: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def note(_db: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    return asked


@pytest.mark.anyio
async def test_a_fresh_key_costs_no_query(database_url: str) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        made = await Keys(store, clock, [b"s"]).create_key(Grant("mine", {Scope.TASKS_READ}))
        keyring = Keyring(store, clock, [b"s"])
        asked = _count_queries(store)
        together = await asyncio.gather(*(keyring.find_holder(made.secret) for _ in range(100)))
        assert {who.tenant for who in together} == {"mine"}
        assert len([one for one in asked if "api_keys" in one]) == 1
        clock.seconds = FRESH_S - 0.1
        await keyring.find_holder(made.secret)
        assert len([one for one in asked if "api_keys" in one]) == 1
        clock.seconds = FRESH_S
        await keyring.find_holder(made.secret)
        assert len([one for one in asked if "api_keys" in one]) == 2


@pytest.mark.anyio
async def test_whoever_comes_without_keys_asks_for_all_who_come_meanwhile(
    database_url: str,
) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        keyring = Keyring(store, clock, [b"s"])
        asked = _count_queries(store)
        for looks in (1, 2):
            together = await asyncio.gather(*(keyring.is_any() for _ in range(64)))
            assert not any(together)
            assert len([one for one in asked if "api_keys" in one]) == looks
            clock.seconds += ANY_S
        await Keys(store, clock, [b"s"]).create_key(Grant("mine", {Scope.TASKS_READ}))
        assert all(await asyncio.gather(*(keyring.is_any() for _ in range(64))))


@pytest.mark.anyio
async def test_a_revoked_key_is_refused_when_it_is_no_longer_fresh(database_url: str) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        keys, keyring = Keys(store, clock, [b"s"]), Keyring(store, clock, [b"s"])
        made = await keys.create_key(Grant("mine", {Scope.TASKS_READ}))
        await keyring.find_holder(made.secret)
        assert await keys.revoke(made.row.id)
        clock.seconds = FRESH_S
        with pytest.raises(Unauthenticated, match="revoked") as refused:
            await keyring.find_holder(made.secret)
        assert refused.value.fault is CredentialFault.INVALID


@pytest.mark.anyio
async def test_a_new_key_works_at_once_and_an_unknown_one_is_not_kept(database_url: str) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        keyring = Keyring(store, clock, [b"s"])
        assert not await keyring.is_any()
        for number in range(50):
            with pytest.raises(Unauthenticated):
                await keyring.find_holder(f"trk_{number}")
        assert not keyring._keys._known
        made = await Keys(store, clock, [b"s"]).create_key(Grant("mine", {Scope.TASKS_READ}))
        assert (await keyring.find_holder(made.secret)).scopes == {Scope.TASKS_READ}


@pytest.mark.anyio
async def test_uses_are_recorded_together_and_never_go_back(database_url: str) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        keys, keyring = Keys(store, clock, [b"s"]), Keyring(store, clock, [b"s"])
        made = [await keys.create_key(Grant("mine", {Scope.ADMIN})) for _ in range(2)]
        late = Keyring(store, clock, [b"s"])
        async with keyring.record_uses(), late.record_uses():
            await late.find_holder(made[0].secret)
            clock.seconds = 60
            for one in made:
                await keyring.find_holder(one.secret)
        async with late.record_uses():
            pass
        found = await keys.list_all(tenant="mine")
        assert [row.last_used_at for row in found] == [clock.now()] * 2


@pytest.mark.anyio
async def test_a_pair_survives_the_rotation_of_the_services_secret(database_url: str) -> None:
    clock = _StillClock()
    async with Store(database_url, clock) as store:
        pair = await Keys(store, clock, [b"old"]).create_pair(Grant("mine", {Scope.ADMIN}))
        assert pair.access_key is not None
        rotated = Keyring(store, clock, [b"new", b"old"])
        token = _token(pair.access_key, pair.secret, clock)
        assert (await rotated.find_signer(token)).tenant == "mine"
        with pytest.raises(Unauthenticated):
            await Keyring(store, clock, [b"new"]).find_signer(token)


def test_nothing_that_lets_somebody_in_is_in_the_database(database_url: str) -> None:
    issued = [issue(database_url, secret=b"s"), issue(database_url, kling=True, secret=b"s")]
    clock = _StillClock()

    async def dump() -> str:
        async with Store(database_url, clock) as store:
            rows = await store.read(lambda db: db.execute(text("SELECT * FROM api_keys")).all())
            return repr(
                [tuple(bytes(v) if isinstance(v, memoryview) else v for v in r) for r in rows]
            )

    stored = asyncio.run(dump())
    for one in issued:
        assert one.secret not in stored
        assert one.secret[12:] not in stored


def _token(access_key: str, secret: str, clock: _StillClock) -> str:
    now = int(clock.now().timestamp())
    return jwt.encode({"iss": access_key, "exp": now + 60, "nbf": now - 5}, secret, "HS256")


@pytest.mark.anyio
async def test_nobody_waits_for_another_ones_turn_at_a_database_that_stands_still(
    postgres_url: str,
) -> None:
    with psycopg.connect(postgres_url) as holding:
        holding.execute("LOCK TABLE api_keys")
        async with Store(postgres_url, SystemClock(), wait_s=0.1) as store:
            keyring = Keyring(store, SystemClock(), [b"s"])
            asking = [asyncio.create_task(keyring.is_any()) for _ in range(8)]
            await asyncio.wait(asking[:1])
            for _ in range(3):  # turns of the loop, in which the others hear of it
                await asyncio.sleep(0)
            refused = [one.done() and type(one.exception()) for one in asking]
            holding.rollback()
            await asyncio.wait(asking)
        assert refused == [Unavailable] * 8
