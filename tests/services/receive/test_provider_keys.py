"""fal's and Google's callbacks while the page of their keys is away or broken, for an hour."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from tests.support.played_providers import DIALECTS, Dialect, PlayedUpstream
from tests.support.played_signatures import sign_as_fal
from tests.support.provider_bench import PUBLIC, MovedClock, ProviderBench, open_provider_bench
from tracker.domain.errors import CallbackUnproven, Unavailable
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.key_sets import AGAIN_AFTER_S, NEWER_AFTER_S
from tracker.services.receive.reception import Reception
from tracker.services.reconcile.reconciliation import Reconciliation

pytestmark = pytest.mark.anyio
HOUR_S = 3600
AWAY = HttpFailure(Certainty.NOT_SENT, "nobody answers")
BROKEN: Sequence[HttpResult | HttpFailure] = [
    AWAY,
    HttpResult(200, {"content-type": "text/html"}, b"<html>maintenance</html>"),
    HttpResult(200, {}, b'{"keys": []}'),
    HttpResult(200, {}, b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "new"}]}'),
    HttpResult(200, {}, b"[]"),
    HttpResult(503, {}, b"{}"),
    HttpResult(404, {}, b"{}"),
]
RSA_KEYS = {name: generate_private_key(65537, 2048) for name in ("old", "new", "foreign")}
OKP_KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)
    for n, name in enumerate(("old", "new", "foreign"))
}


def _google(name: str, _body: bytes, path: str, now: datetime) -> Mapping[str, str]:
    at = int(now.timestamp())
    claims = {"iat": at, "exp": at + 300, "aud": PUBLIC + path}
    return {"webhook-signature": jwt.encode(claims, RSA_KEYS[name], "RS256", headers={"kid": name})}


def _fal(name: str, body: bytes, path: str, now: datetime) -> Mapping[str, str]:
    return sign_as_fal(body, path, now, OKP_KEYS[name])


def _interaction_event(id_: str, _word: str) -> Any:
    return {"type": "interaction.completed", "version": "v1", "data": {"id": id_}}


@dataclass(frozen=True)
class Signer:
    """A provider that publishes its keys."""

    dialect: Dialect
    event: Callable[[str, str], Any]
    sign: Callable[[str, bytes, str, datetime], Mapping[str, str]]
    shown: Callable[[str], Mapping[str, Any]]


FAL = DIALECTS["fal"]
assert FAL.event is not None
SIGNERS = {
    "fal": Signer(
        FAL, FAL.event, _fal, lambda n: OKPAlgorithm.to_jwk(OKP_KEYS[n].public_key(), as_dict=True)
    ),
    "google": Signer(
        DIALECTS["interactions"],
        _interaction_event,
        _google,
        lambda n: {**RSAAlgorithm.to_jwk(RSA_KEYS[n].public_key(), as_dict=True), "kid": n},
    ),
}


@dataclass
class Keyed:
    """A provider's API with the page of its keys, and its sender."""

    signer: Signer
    page: HttpResult | HttpFailure = AWAY
    fetches: int = 0
    api: PlayedUpstream = field(init=False)
    bench: ProviderBench = field(init=False)
    reception: Reception = field(init=False)

    def __post_init__(self) -> None:
        self.api = PlayedUpstream(self.signer.dialect)

    def __call__(self, call: HttpCall) -> HttpResult | HttpFailure:
        if "jwks" not in call.url:
            return self.api(call)
        self.fetches += 1
        return self.page

    def publish(self, *names: str) -> None:
        shown = {"keys": [self.signer.shown(name) for name in names]}
        self.page = HttpResult(200, {}, json.dumps(shown).encode())

    def broken_pages(self) -> list[HttpResult | HttpFailure]:
        """Return pages without a key of the provider's kind, the last with one of another."""
        other = next(one for one in SIGNERS.values() if one is not self.signer)
        shown = json.dumps({"keys": [other.shown("new")]}).encode()
        return [*BROKEN, HttpResult(200, {}, shown)]

    def start(self, bench: ProviderBench) -> None:
        """Start a process, with nothing remembered but what the database has."""
        self.bench, self.reception = bench, Reception(bench.context)

    async def tasks(self, count: int) -> list[Task]:
        self.api.word = "running"
        first = self.api.made
        return [await self.bench.submit_task(f"ours-{first + n}") for n in range(count)]

    async def send(self, task: Task, name: str) -> str:
        """Call back about a task that is done: `taken`, `again` for 503, or `refused`."""
        self.api.word = "done"
        now, path = self.bench.context.clock.now(), self.bench.build_callback_path(task)
        body = json.dumps(self.signer.event(task.provider_task_id or "", "done")).encode()
        raw = self.bench.build_callback(task, body, self.signer.sign(name, body, path, now))
        try:
            await self.reception.receive(raw)
        except Unavailable:
            return "again"
        except CallbackUnproven:
            return "refused"
        return "taken"

    async def state(self, task: Task) -> TaskState:
        """The state once what is due was looked at."""
        await self.bench.bring_forward(task)
        if jobs := await self.bench.claim(JobKind.RECONCILE):
            await Reconciliation(self.bench.context).run(jobs)
        return (await self.bench.read_task(task.key)).state


@pytest.fixture(params=SIGNERS)
def keyed(request: pytest.FixtureRequest) -> Keyed:
    return Keyed(SIGNERS[request.param])


async def test_at_the_first_start_without_keys_nothing_genuine_is_refused(
    database_url: str, tmp_path: Path, keyed: Keyed
) -> None:
    clock, kind = MovedClock(), keyed.signer.dialect.kind
    async with open_provider_bench(database_url, kind, keyed, clock=clock, folder=tmp_path) as it:
        keyed.start(it)
        pages = keyed.broken_pages()
        tasks = await keyed.tasks(len(pages))
        for place, keyed.page in enumerate(pages):
            for _ in range(3):
                assert await keyed.send(tasks[place], "old") == "again"
            clock.move(HOUR_S / len(pages))
        assert keyed.fetches == len(pages)
        keyed.publish("new", "old")
        assert [await keyed.send(one, "old") for one in tasks] == ["taken"] * len(tasks)
        assert {await keyed.state(one) for one in tasks} == {TaskState.SUCCEEDED}


async def test_known_keys_go_on_counting_while_newer_ones_are_waited_for(
    database_url: str, tmp_path: Path, keyed: Keyed
) -> None:
    """Halfway there is a restart. Keys are rotated during the outage."""
    clock, kind = MovedClock(), keyed.signer.dialect.kind
    opened = partial(
        open_provider_bench, database_url, kind, keyed, clock=clock, folder=tmp_path / "files"
    )
    waiting: list[Task] = []
    keyed.publish("old")
    async with opened() as it:
        keyed.start(it)
        await keyed.reception.renew_keys()
    pages = keyed.broken_pages()
    for half in (pages[:4], pages[3:]):
        async with opened() as it:
            keyed.start(it)
            for keyed.page in half:
                known, newer = await keyed.tasks(2)
                assert await keyed.send(known, "old") == "taken"
                waiting.append(newer)
                told = {await keyed.send(one, "new") for one in waiting}
                assert told == {"again"}
                clock.move(HOUR_S / len(pages))
    async with opened() as it:
        keyed.start(it)
        keyed.publish("new")
        clock.move(NEWER_AFTER_S)
        assert {await keyed.send(one, "new") for one in waiting} == {"taken"}
        assert {await keyed.state(one) for one in waiting} == {TaskState.SUCCEEDED}
        clock.move(NEWER_AFTER_S)
        assert await keyed.send(waiting[0], "foreign") == "refused"


@pytest.mark.parametrize("is_away", [True, False])
async def test_a_flood_of_unknown_keys_is_no_flood_of_fetches(
    database_url: str, tmp_path: Path, keyed: Keyed, *, is_away: bool
) -> None:
    clock, kind, count = MovedClock(), keyed.signer.dialect.kind, 60
    keyed.publish("old")
    async with open_provider_bench(database_url, kind, keyed, clock=clock, folder=tmp_path) as it:
        keyed.start(it)
        await keyed.reception.renew_keys()
        (task,) = await keyed.tasks(1)
        if is_away:
            keyed.page = AWAY
        for _ in range(count):
            assert await keyed.send(task, "foreign") in ("again", "refused")
            clock.move(1)
        pause_s = AGAIN_AFTER_S if is_away else NEWER_AFTER_S
        assert keyed.fetches <= 2 + count / pause_s
        assert await keyed.send(task, "old") == "taken"
        assert await keyed.state(task) is TaskState.SUCCEEDED
