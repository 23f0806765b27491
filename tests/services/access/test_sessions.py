"""Sessions of the dashboard: opened with a key, never a key themselves, and ended in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support.workbench import HandClock
from tracker.domain.access import SESSION_IDLE, SESSION_LIFETIME, Holder, Scope
from tracker.domain.errors import RateLimited, Unauthenticated
from tracker.services.access.keyring import Keyring
from tracker.services.access.keys import Grant, Issued, Keys
from tracker.services.access.recent_rows import FRESH_S
from tracker.services.access.revocation import Revocation
from tracker.services.access.sessions import WRONG_PER_MINUTE, Sessions
from tracker.store import sessions as statements
from tracker.store.store import Store

pytestmark = pytest.mark.anyio
HERE = "192.0.2.1"


@dataclass
class _Desk:
    store: Store
    clock: HandClock
    keys: Keys
    keyring: Keyring
    sessions: Sessions
    key: Issued

    async def open(self) -> str:
        return await self.sessions.open(self.key.secret, sender=HERE)

    async def rows(self) -> int:
        counted = text("SELECT count(*) FROM api_keys WHERE kind = 'session'")
        return await self.store.read(lambda db: int(db.execute(counted).scalar_one()))


@asynccontextmanager
async def _desk(database_url: str) -> AsyncIterator[_Desk]:
    clock = HandClock()
    async with Store(database_url, clock) as store:
        keys, keyring = Keys(store, clock, [b"s"]), Keyring(store, clock, [b"s"])
        grant = Grant("mine", {Scope.TASKS_READ, Scope.TASKS_WRITE}, "ops", per_minute=7)
        key = await keys.create_key(grant)
        yield _Desk(store, clock, keys, keyring, Sessions(store, clock, keyring), key)


async def test_a_session_acts_as_its_key_and_is_none(database_url: str) -> None:
    async with _desk(database_url) as desk:
        secret = await desk.open()
        who = await desk.keyring.find_session_holder(secret)
        itself = await desk.keyring.find_holder(desk.key.secret)
        assert who.session is not None
        assert (who.tenant, who.scopes, who.key) == (itself.tenant, itself.scopes, itself.key)
        assert (who.actor, who.per_minute) == (itself.actor, 7)
        with pytest.raises(Unauthenticated):  # the secret is no key,
            await desk.keyring.find_holder(secret)
        with pytest.raises(Unauthenticated):  # opens no session,
            await desk.sessions.open(secret, sender=HERE)
        with pytest.raises(Unauthenticated):  # and a key is no session
            await desk.keyring.find_session_holder(desk.key.secret)


async def test_sessions_are_not_listed_found_or_revoked_as_keys(database_url: str) -> None:
    async with _desk(database_url) as desk:
        secret = await desk.open()
        assert [one.id for one in await desk.keys.list_all(tenant="mine")] == [desk.key.row.id]
        session_id = await desk.store.read(
            lambda db: db.execute(text("SELECT id FROM api_keys WHERE kind = 'session'")).scalar()
        )
        assert session_id is not None
        found = await desk.store.read(
            lambda db: [one.parent.id for one in statements.list_by_key(db, {1, 2, 3}).values()]
        )
        assert found == [desk.key.row.id]
        assert (await desk.keyring.find_session_holder(secret)).tenant == "mine"
        stored = await desk.store.read(
            lambda db: repr(db.execute(text("SELECT * FROM api_keys")).all())
        )
        assert secret not in stored
        assert secret[12:] not in stored


async def test_a_pair_a_revoked_key_and_nonsense_open_nothing(database_url: str) -> None:
    async with _desk(database_url) as desk:
        pair = await desk.keys.create_pair(Grant("mine", {Scope.ADMIN}))
        revoked = await desk.keys.create_key(Grant("mine", {Scope.ADMIN}))
        await desk.keys.revoke(revoked.row.id)
        for given in (pair.secret, f"{pair.access_key}", revoked.secret, "", "\x00", "\ud800"):
            with pytest.raises(Unauthenticated):
                await desk.sessions.open(given, sender=HERE)
        assert await desk.rows() == 0


@pytest.mark.parametrize("how", ["key revoked", "signed out elsewhere"])
async def test_the_end_is_seen_within_seconds_everywhere(database_url: str, how: str) -> None:
    async with _desk(database_url) as desk:
        secret = await desk.open()
        elsewhere = Keyring(desk.store, desk.clock, [b"s"])
        await elsewhere.find_session_holder(secret)
        if how == "key revoked":
            await desk.keys.revoke(desk.key.row.id)
        else:
            await desk.sessions.end(secret)
            with pytest.raises(Unauthenticated, match="ended"):  # here at once
                await desk.keyring.find_session_holder(secret)
        desk.clock.move(FRESH_S)
        for keyring in (desk.keyring, elsewhere):
            with pytest.raises(Unauthenticated, match="ended"):
                await keyring.find_session_holder(secret)


async def test_it_ends_unused_after_two_hours_and_used_after_twelve(database_url: str) -> None:
    async with _desk(database_url) as desk:
        idle, used = await desk.open(), await desk.open()
        elapsed, step = timedelta(), SESSION_IDLE - timedelta(seconds=1)
        while elapsed + step < SESSION_LIFETIME:
            desk.clock.move(step.total_seconds())
            elapsed += step
            async with desk.keyring.record_uses():
                await desk.keyring.find_session_holder(used)
            # What was recorded counts in a process that has not seen it.
            await Keyring(desk.store, desk.clock, [b"s"]).find_session_holder(used)
        with pytest.raises(Unauthenticated):
            await desk.keyring.find_session_holder(idle)
        desk.clock.move((SESSION_LIFETIME - elapsed).total_seconds())
        with pytest.raises(Unauthenticated):
            await desk.keyring.find_session_holder(used)
        desk.clock.move((statements.KEPT + timedelta(seconds=1)).total_seconds())
        await desk.open()
        assert await desk.rows() == 1  # the old ones are forgotten


async def test_what_waits_with_a_session_ends_with_it(database_url: str) -> None:
    async with _desk(database_url) as desk:
        holders = []
        for _ in range(2):
            who = await desk.keyring.find_session_holder(await desk.open())
            holders.append(Holder(who.key, who.tenant, Scope.TASKS_READ, who.session))
        ended: list[Holder] = []
        watch = Revocation(desk.store, desk.clock, lambda: holders, ended.append)
        signed_out = await desk.open()
        who = await desk.keyring.find_session_holder(signed_out)
        leaver = Holder(who.key, who.tenant, Scope.TASKS_READ, who.session)
        holders.append(leaver)
        await watch.look()
        assert not ended
        await desk.sessions.end(signed_out)
        await watch.look()
        assert ended == [leaver]
        await desk.keys.revoke(desk.key.row.id)
        await watch.look()
        assert set(ended[1:]) == set(holders)


async def test_ten_wrong_keys_a_minute_and_no_more(database_url: str) -> None:
    async with _desk(database_url) as desk:
        for _ in range(3 * WRONG_PER_MINUTE):  # right ones do not count
            await desk.open()
        together = await asyncio.gather(
            *(desk.sessions.open(f"trk_{n}", sender=HERE) for n in range(30)),
            return_exceptions=True,
        )
        kinds = [type(one) for one in together]
        assert kinds.count(Unauthenticated) == WRONG_PER_MINUTE
        assert kinds.count(RateLimited) == 30 - WRONG_PER_MINUTE
        with pytest.raises(RateLimited) as refused:  # the right one too
            await desk.open()
        await desk.sessions.open(desk.key.secret, sender="192.0.2.2")
        desk.clock.move(refused.value.retry_after_s)
        await desk.open()


async def test_a_network_of_ipv6_is_one_sender_and_senders_are_bounded(database_url: str) -> None:
    async with _desk(database_url) as desk:
        for n in range(WRONG_PER_MINUTE):
            with pytest.raises(Unauthenticated):
                await desk.sessions.open("trk_wrong", sender=f"2001:db8::{n:x}")
        with pytest.raises(RateLimited):
            await desk.sessions.open("trk_wrong", sender="2001:db8::ffff")
        for n in range(1200):
            desk.sessions._get_tries(f"10.0.{n // 250}.{n % 250}")
        assert len(desk.sessions._tries) == 1000
