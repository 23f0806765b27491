"""Signatures that hold a time, while the page of the keys is away, and once they are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from tests.support.made_up import NAME, MadeUp
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.played_signatures import sign_as_vidu
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.errors import CallbackUnproven, Unavailable
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.fal.proof import REQUEST_ID, SIGNATURE, TIMESTAMP, USER_ID, FalSignature
from tracker.providers.kit.jwt_proof import SignedToken
from tracker.providers.kit.proofs import SignedRequestLine
from tracker.providers.ports.account import Account
from tracker.providers.ports.keys import KeySource
from tracker.services.key_sets import RENEWED_AFTER_S
from tracker.services.receive.reading import CallbackReader
from tracker.services.receive.reception import Reception
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.store import odd_receipts

pytestmark = pytest.mark.anyio
FAL, GOOGLE, VIDU = "fal", "google", "vidu"
SIGNED = "webhook-signature"
PUBLIC = "https://us.example/hooks"
SOURCE = KeySource("https://keys.example/jwks.json")
RSA, ED25519 = generate_private_key(65537, 2048), Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEYS: Mapping[str, Mapping[str, Any]] = {
    FAL: OKPAlgorithm.to_jwk(ED25519.public_key(), as_dict=True),
    GOOGLE: {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "1"},
}
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
BODY = json.dumps(DONE).encode()
RARELY = PollPlan(*(timedelta(hours=5) for _ in range(3)))
AWAY = HttpFailure(Certainty.NOT_SENT, "nobody answers")


@dataclass(frozen=True)
class Publishing(MadeUp):
    """The made-up provider, with the signatures of one that publishes its keys."""

    scheme: str = FAL

    def get_proof_scheme(self, account: Account) -> Any:
        del account
        if self.scheme == VIDU:
            return SignedRequestLine(("key",), access_key="vidu")
        return FalSignature(SOURCE) if self.scheme == FAL else SignedToken(SIGNED, SOURCE)


@dataclass
class Source:
    """The page of the keys, beside the provider's API."""

    answer: HttpResult | HttpFailure = AWAY
    api: Played = field(default_factory=lambda: Played(poll=build_poll_answer(DONE)))

    def publish(self, *keys: Any) -> None:
        self.answer = HttpResult(200, {}, json.dumps({"keys": list(keys)}).encode())

    def __call__(self, call: HttpCall) -> HttpResult | HttpFailure:
        return self.answer if call.url == SOURCE.url else self.api(call)


@dataclass
class Sender:
    """Sends callbacks about a task, signed as fal, Google or Vidu does."""

    reception: Reception
    scheme: str
    task: Task

    @property
    def path(self) -> str:
        signed = token.sign(SECRET, NAME, str(self.task.id))
        return f"/hooks/callbacks/{NAME}/{self.task.id}/{signed}"

    def signed(self, now: datetime) -> Mapping[str, str]:
        at = int(now.timestamp())
        if self.scheme == VIDU:
            return sign_as_vidu(BODY, self.path, now, b"key")
        if self.scheme == GOOGLE:
            claims = {"iat": at, "exp": at + 300, "aud": f"https://us.example{self.path}"}
            return {SIGNED: jwt.encode(claims, RSA, "RS256", headers={"kid": "1"})}
        text = "\n".join(("r", "u", str(at), sha256(BODY).hexdigest()))
        told = ("r", "u", str(at), ED25519.sign(text.encode()).hex())
        return dict(zip((REQUEST_ID, USER_ID, TIMESTAMP, SIGNATURE), told, strict=True))

    async def send(self, headers: Mapping[str, str]) -> Verdict:
        secret = self.path.rpartition("/")[2]
        raw = build_raw_callback(NAME, str(self.task.id), secret, BODY, dict(headers))
        raw = replace(raw, inbound=replace(raw.inbound, path=self.path))
        return (await self.reception.receive(raw)).verdict


def _open(url: str, source: Source, clock: HandClock, scheme: str) -> Any:
    http, adapter = ScriptedHttp(source), Publishing(scheme=scheme)
    return open_workbench(
        url, http, adapter=adapter, clock=clock, public_url=PUBLIC, policy=Policy(polls=RARELY)
    )


async def _sender(bench: Workbench, scheme: str) -> Sender:
    task = await bench.accept_task(await bench.create_queued("ours"), "theirs")
    return Sender(Reception(bench.context), scheme, task)


@pytest.mark.parametrize("signs_anew", [True, False])
@pytest.mark.parametrize("scheme", [FAL, GOOGLE])
async def test_news_are_not_lost_whose_signature_is_too_old_once_the_keys_are_back(
    database_url: str, scheme: str, *, signs_anew: bool
) -> None:
    """For an hour each try is to be sent again, and the provider is asked at the first one."""
    source, clock = Source(), HandClock()
    async with _open(database_url, source, clock, scheme) as bench:
        sender = await _sender(bench, scheme)
        first = sender.signed(clock.now())
        assert await bench.claim(JobKind.RECONCILE) == []
        for minutes in range(0, 60, 3):
            if not signs_anew and minutes > 5:
                break  # it is refused from now on, whatever the keys are
            with pytest.raises(Unavailable):
                await sender.send(sender.signed(clock.now()) if signs_anew else first)
            if minutes == 0:
                await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
                assert (await bench.read_task(sender.task.key)).state is TaskState.SUCCEEDED
            clock.move(180)
        source.publish(KEYS[scheme])
        clock.move(900)
        if signs_anew:
            assert await sender.send(sender.signed(clock.now())) is not Verdict.FORGED
            return
        with pytest.raises(CallbackUnproven):
            await sender.send(first)


@pytest.mark.parametrize(
    "useless",
    [
        {"kid": "1"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "1"},
        {"kty": "oct", "k": "AAAA", "kid": "1"},
        "none",
    ],
)
async def test_a_set_without_a_usable_key_replaces_none(database_url: str, useless: Any) -> None:
    source, clock = Source(), HandClock()
    source.publish(KEYS[FAL])
    async with _open(database_url, source, clock, FAL) as bench:
        sender = await _sender(bench, FAL)
        await sender.reception.renew_keys()
        source.publish(useless)
        clock.move(RENEWED_AFTER_S)
        await sender.reception.renew_keys()
        assert await sender.send(sender.signed(clock.now())) is Verdict.ADVANCED
        other = dict(sender.signed(clock.now())) | {SIGNATURE: "00" * 64}
        with pytest.raises(Unavailable):
            await sender.send(other)


async def test_a_kept_callback_is_judged_again_by_the_path_that_it_had(database_url: str) -> None:
    """Receipts hold no path, for the token in it: it is made again."""
    clock = HandClock()
    async with _open(database_url, Source(), clock, VIDU) as bench:
        sender = await _sender(bench, VIDU)
        assert await sender.send(sender.signed(clock.now())) is Verdict.UNCONFIRMED
        clock.move(3600)
        found = await bench.context.store.read(lambda db: odd_receipts.get_whole(db, "default", 1))
        assert found is not None
        kept, reader = found.receipt, CallbackReader(bench.context)
        assert reader.read_again(kept, found.task_id).list_signers() == ["default"]
        changed = replace(kept, headers={**(kept.headers or {}), "x-request-nonce": "8"})
        assert reader.read_again(changed, found.task_id).list_signers() == []
