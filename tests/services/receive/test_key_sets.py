"""Callbacks signed with published keys: which are taken, refused, and sent again meanwhile."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.made_up import NAME, MadeUp, Shared
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.errors import CallbackUnproven, NotFound, Unavailable
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.signature import Proof
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.published_keys import is_ed25519_signed
from tracker.providers.ports.account import Account
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet, KeySource
from tracker.services.key_sets import NEWER_AFTER_S, RENEWED_AFTER_S
from tracker.services.receive.comparing import RereadComparer
from tracker.services.receive.reception import Reception
from tracker.services.receive.rejudging import ReceiptRejudger
from tracker.store import odd_receipts, published_keys
from tracker.store.published_keys import FetchedKeys

pytestmark = pytest.mark.anyio
HEADER = "x-made-up-signature"
SOURCE = KeySource("https://keys.example/jwks.json")
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
OLD, NEW, FOREIGN = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3))
AWAY = HttpFailure(Certainty.NOT_SENT, "nobody answers")


class Published(Shared):
    """The body is signed with a published key."""

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        del now
        given = inbound.headers.get(HEADER)
        if given is None:
            return Proof("not signed")
        is_good = is_ed25519_signed(keys or (), inbound.body, bytes.fromhex(given))
        return Proof(None) if is_good else Proof("no published key fits", awaits_keys=True)


@dataclass(frozen=True)
class PublishesKeys(MadeUp):
    """The made-up provider, with callbacks that published keys sign."""

    def get_proof_scheme(self, account: Account) -> Shared | None:
        del account
        return Published((), Covers.BODY, frozenset({HEADER}), SOURCE)


@dataclass
class KeyPage:
    """The page of the keys, beside the provider's API."""

    answer: HttpResult | HttpFailure = AWAY
    fetches: int = 0
    api: Played = field(default_factory=lambda: Played(poll=build_poll_answer(DONE)))

    def publish(self, *keys: Ed25519PrivateKey) -> None:
        found = [{"kty": "OKP", "crv": "Ed25519", "x": _public(key)} for key in keys]
        self.answer = HttpResult(200, {}, json.dumps({"keys": found}).encode())

    def __call__(self, call: HttpCall) -> HttpResult | HttpFailure:
        if call.url != SOURCE.url:
            return self.api(call)
        self.fetches += 1
        return self.answer


@dataclass
class KeyedSender:
    """The provider's sender, and the service's reception."""

    bench: Workbench
    reception: Reception

    async def send(self, task: Task, key: Ed25519PrivateKey, body: Mapping[str, Any] = DONE) -> str:
        """Send a callback once: the verdict, `again` for 503, `refused` for 401."""
        try:
            return (await self.reception.receive(_callback(task, key, body))).verdict.value
        except Unavailable:
            return "again"
        except CallbackUnproven:
            return "refused"


def _public(key: Ed25519PrivateKey) -> str:
    return urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")


def _callback(task: Task, key: Ed25519PrivateKey, body: Mapping[str, Any]) -> Any:
    content = json.dumps(body).encode()
    headers = {HEADER: key.sign(content).hex()}
    signed = token.sign(SECRET, NAME, str(task.id))
    return build_raw_callback(NAME, str(task.id), signed, content, headers)


def _open(url: str, source: KeyPage, clock: HandClock, *, per: Any = "task") -> Any:
    public = "https://us.example"
    return open_workbench(
        url, ScriptedHttp(source), adapter=PublishesKeys(per=per), clock=clock, public_url=public
    )


@asynccontextmanager
async def _with_old_key(url: str) -> AsyncIterator[tuple[KeyPage, HandClock, KeyedSender]]:
    """Open a workbench whose source publishes the old key."""
    source, clock = KeyPage(), HandClock()
    source.publish(OLD)
    async with _open(url, source, clock) as bench:
        yield source, clock, KeyedSender(bench, Reception(bench.context))


async def _tasks(bench: Workbench, count: int) -> Sequence[Task]:
    return [
        await bench.accept_task(await bench.create_queued(f"ours-{n}"), f"theirs-{n}")
        for n in range(count)
    ]


def _done(task: Task) -> dict[str, Any]:
    return DONE | {"id": task.provider_task_id}


async def test_no_genuine_callback_is_refused_while_the_keys_are_away_for_an_hour(
    database_url: str,
) -> None:
    """Half of them are signed with a key that was published during the outage."""
    source, clock, minutes = KeyPage(), HandClock(), range(0, 60, 3)
    source.publish(OLD)
    async with _open(database_url, source, clock) as bench:
        sender = KeyedSender(bench, Reception(bench.context))
        first, *tasks = await _tasks(bench, 1 + len(minutes))
        assert await sender.send(first, OLD, _done(first)) == "advanced"
        source.answer = AWAY
        told: list[list[str]] = [[] for _ in tasks]
        waiting: dict[int, Ed25519PrivateKey] = {}
        for minute in (*minutes, 60):
            if minute == 60:
                source.publish(NEW)
            else:
                waiting[minute // 3] = NEW if minute % 2 else OLD
            for n, key in dict(waiting).items():
                told[n].append(await sender.send(tasks[n], key, _done(tasks[n])))
                if told[n][-1] != "again":
                    del waiting[n]
            clock.move(180)
        assert {words[-1] for words in told} == {"advanced"}
        assert {word for words in told for word in words} == {"advanced", "again"}
        assert {len(words) for words in told[::2]} == {1}
        # A source that is away is asked once for all callbacks of a moment.
        assert source.fetches == 1 + len(minutes)
        assert await sender.send(first, FOREIGN) == "refused"


async def test_keys_of_before_a_restart_count_while_their_source_is_away(
    database_url: str,
) -> None:
    """For an hour: what a known key signed is taken at once, what a newer one signed waits."""
    source, clock = KeyPage(), HandClock()
    source.publish(OLD)
    async with _open(database_url, source, clock) as bench:
        old, new, *more = await _tasks(bench, 22)
        sender = KeyedSender(bench, Reception(bench.context))
        assert await sender.send(old, OLD, _done(old)) == "advanced"
        assert await sender.send(new, NEW, _done(new)) == "refused"
    source.answer = AWAY
    async with _open(database_url, source, clock) as bench:
        sender, fetches = KeyedSender(bench, Reception(bench.context)), source.fetches
        for task in more:
            assert await sender.send(task, OLD, _done(task)) == "advanced"
            assert await sender.send(new, NEW, _done(new)) == "again"
            clock.move(180)
        assert source.fetches == fetches + len(more)
        source.publish(NEW)
        assert await sender.send(new, NEW, _done(new)) == "advanced"
    source.answer = AWAY
    async with _open(database_url, source, clock) as bench:
        rejudging, sender = (
            ReceiptRejudger(bench.context),
            KeyedSender(bench, Reception(bench.context)),
        )
        assert await sender.send(new, OLD, _done(new)) == "again"
        done = await rejudging.replay("default", 2, actor="somebody", is_dry=True)
        assert done.verdict is not Verdict.FORGED


async def test_a_set_that_is_written_late_replaces_no_newer_one(database_url: str) -> None:
    async with _open(database_url, KeyPage(), HandClock()) as bench:
        store, at = bench.context.store, datetime.now(UTC)
        for minutes, n in ((2, 1), (1, 2), (3, 3)):
            fetched = FetchedKeys(SOURCE.url, [{"n": n}], at + timedelta(minutes=minutes))
            await store.write(published_keys.keep, fetched)
            found = await store.read(lambda db: published_keys.find(db, SOURCE.url))
            assert found is not None
            assert found.keys == [{"n": 1 if n == 2 else n}]


async def test_without_any_keys_a_callback_is_sent_again_and_not_called_forged(
    database_url: str,
) -> None:
    source, clock = KeyPage(), HandClock()
    async with _open(database_url, source, clock) as bench:
        sender = KeyedSender(bench, Reception(bench.context))
        (task,) = await _tasks(bench, 1)
        for answer in (
            AWAY,
            HttpResult(503, {}, b"{}"),
            HttpResult(200, {}, b"<html>"),
            HttpResult(200, {}, b'{"keys": []}'),
        ):
            source.answer = answer
            assert await sender.send(task, OLD, _done(task)) == "again"
            clock.move(60)
        assert (await bench.read_task(task.key)) == task
        source.publish(OLD)
        assert await sender.send(task, OLD, _done(task)) == "advanced"
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_a_new_key_is_fetched_when_no_other_fits(database_url: str) -> None:
    async with _with_old_key(database_url) as (source, clock, sender):
        first, second = await _tasks(sender.bench, 2)
        assert await sender.send(first, OLD, _done(first)) == "advanced"
        source.publish(NEW)
        clock.move(1)
        assert await sender.send(second, NEW, _done(second)) == "advanced"
        assert source.fetches == 2


async def test_forgeries_have_the_keys_fetched_at_most_every_five_minutes(
    database_url: str,
) -> None:
    """Between two fetches nobody can tell them from what a newer key signed."""
    async with _with_old_key(database_url) as (source, clock, sender):
        bench = sender.bench
        task, other = await _tasks(bench, 2)
        await sender.reception.renew_keys()
        told = []
        for _ in range(4):
            clock.move(1)
            told.append(await sender.send(task, FOREIGN, _done(task)))
        assert told == ["refused", "again", "again", "again"]
        assert source.fetches == 2
        assert await sender.send(other, OLD, _done(other)) == "advanced"
        clock.move(NEWER_AFTER_S)
        assert await sender.send(task, FOREIGN, _done(task)) == "refused"
        assert source.fetches == 3
        assert (await bench.read_task(task.key)) == task


async def test_callbacks_that_come_at_once_share_one_fetch(database_url: str) -> None:
    async with _with_old_key(database_url) as (source, _, sender):
        tasks = await _tasks(sender.bench, 8)
        told = await asyncio.gather(*(sender.send(one, OLD, _done(one)) for one in tasks))
        assert told == ["advanced"] * 8
        assert source.fetches == 1


async def test_keys_are_there_before_any_callback_and_renewed_twice_a_day(
    database_url: str,
) -> None:
    source, clock = KeyPage(), HandClock()
    async with _open(database_url, source, clock) as bench:
        sender = KeyedSender(bench, Reception(bench.context))
        (task,) = await _tasks(bench, 1)
        for pause_s, fetches in ((0, 1), (1, 1), (NEWER_AFTER_S, 2)):
            clock.move(pause_s)
            await sender.reception.renew_keys()
            assert source.fetches == fetches
        source.publish(OLD)
        for pause_s, fetches in ((NEWER_AFTER_S, 3), (RENEWED_AFTER_S - 1, 3), (1, 4)):
            clock.move(pause_s)
            await sender.reception.renew_keys()
            assert source.fetches == fetches
        source.answer = AWAY
        clock.move(10 * RENEWED_AFTER_S)
        await sender.reception.renew_keys()
        assert await sender.send(task, OLD, _done(task)) == "advanced"


async def test_strangers_have_nothing_fetched(database_url: str) -> None:
    source, clock = KeyPage(), HandClock()
    async with _open(database_url, source, clock) as bench:
        reception = Reception(bench.context)
        (task,) = await _tasks(bench, 1)
        headers = {HEADER: FOREIGN.sign(b"{}").hex()}
        with pytest.raises(NotFound):
            await reception.receive(
                build_raw_callback(NAME, str(task.id), "guessed", b"{}", headers)
            )
        assert source.fetches == 0


async def test_a_url_for_all_tasks_is_proved_by_published_keys_alone(database_url: str) -> None:
    source, clock = KeyPage(), HandClock()
    async with _open(database_url, source, clock, per="project") as bench:
        reception = Reception(bench.context)
        await _tasks(bench, 1)
        content = json.dumps(DONE | {"id": "theirs-0"}).encode()

        def raw(key: Ed25519PrivateKey) -> Any:
            return build_raw_callback(
                NAME, token.SHARED, "", content, {HEADER: key.sign(content).hex()}
            )

        with pytest.raises(Unavailable):
            await reception.receive(raw(OLD))
        source.publish(OLD)
        clock.move(60)
        with pytest.raises(NotFound):
            await reception.receive(raw(FOREIGN))
        assert (await reception.receive(raw(OLD))).verdict is Verdict.ADVANCED


async def test_a_refused_callback_is_judged_again_by_the_keys_of_today(database_url: str) -> None:
    async with _with_old_key(database_url) as (source, clock, sender):
        bench = sender.bench
        rejudging = ReceiptRejudger(bench.context)
        (task,) = await _tasks(bench, 1)
        assert await sender.send(task, NEW, _done(task)) == "refused"
        source.answer = AWAY
        clock.move(1)
        with pytest.raises(Unavailable):
            await rejudging.replay("default", 1, actor="somebody", is_dry=False)
        source.publish(NEW)
        clock.move(60)
        done = await rejudging.replay("default", 1, actor="somebody", is_dry=False)
        assert done.verdict is Verdict.ADVANCED
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_a_look_at_a_callback_uses_the_keys_that_callbacks_are_received_with(
    database_url: str,
) -> None:
    source, clock = KeyPage(), HandClock()
    source.publish(OLD)
    async with _open(database_url, source, clock) as bench:
        reception = Reception(bench.context)
        comparing = RereadComparer(bench.context)
        (task,) = await _tasks(bench, 1)
        assert await KeyedSender(bench, reception).send(task, NEW, _done(task)) == "refused"
        kept = await bench.context.store.read(lambda db: odd_receipts.get_whole(db, "default", 1))
        assert kept is not None
        before = await comparing.compare(kept)
        source.publish(NEW)
        clock.move(RENEWED_AFTER_S)
        await reception.renew_keys()
        fetches, after = source.fetches, await comparing.compare(kept)
        assert before is not None
        assert after is not None
        assert list(before.proofs.values()) == ["no published key fits"]
        assert list(after.proofs.values()) == [None]
        assert source.fetches == fetches
