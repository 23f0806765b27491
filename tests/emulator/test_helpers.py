"""Calls that make no task, and the secrets of signed callbacks."""

import base64
import hashlib
import hmac
import time

import httpx
import pytest

from tests.support.requests import HELPER_FIELDS
from tracker.emulator.providers.kling.helpers import HELPERS

from .conftest import WEBHOOK_SECRET
from .support import TEXT, Api, Call, Sink, refused

NEXT_SECRET = "whsec_bmV4dHNlY3JldG5leHRzZWNyZXRuZXh0c2VjcmV0MTI="


@pytest.mark.parametrize("path", sorted(HELPERS))
def test_a_helper_answers_at_once_and_makes_no_task(api: Api, path: str) -> None:
    method, required = HELPERS[path]
    body = {name: HELPER_FIELDS[name] for name in required}
    answer = api.http.request(method, f"/v1/{path}", json=body if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    assert answer.json()["data"]
    assert api.control("tasks") == []
    if required:
        refused(api.http.post(f"/v1/{path}", json={}), 400, 1201)
    other = {"GET": "POST", "POST": "GET"}[method]
    refused(api.http.request(other, f"/v1/{path}"), 404, 1202)


def test_the_media_of_helpers_play(api: Api) -> None:
    body = {"text": "hello", "voice_id": "v", "voice_language": "en"}
    data = api.http.post("/v1/audio/tts", json=body).json()["data"]
    media = httpx.get(data["task_result"]["audios"][0]["url"], trust_env=False, timeout=60)
    assert media.headers["content-type"] == "audio/mpeg"
    assert media.content


@pytest.mark.parametrize("name", ["balance", "package"])
def test_billing_is_asked_for_by_post(api: Api, name: str) -> None:
    assert api.http.post(f"/account/billing/{name}", json={}).json()["data"]["has_more"] is False


def signatures(call: Call) -> list[str]:
    """The parts of a signature header."""
    return call.headers["webhook-signature"].split(" ")


def expected(call: Call, secret: str) -> str:
    """The signature of a call under a secret, recomputed here."""
    stamp, message_id = call.headers["webhook-timestamp"], call.headers["webhook-id"]
    signed = f"{message_id}.{stamp}.".encode() + call.raw
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def test_while_a_secret_is_replaced_both_sign(api: Api, sink: Sink) -> None:
    both = {"secrets": [NEXT_SECRET, WEBHOOK_SECRET]}
    assert api.http.put("/emulator/secrets", json=both).json() == both
    api.create(TEXT, callback_url=sink.url)
    api.advance(1)
    api.http.put("/emulator/secrets", json={"secrets": [NEXT_SECRET]})
    api.advance(1)
    during, after = sink.calls
    assert signatures(during) == [expected(during, NEXT_SECRET), expected(during, WEBHOOK_SECRET)]
    assert signatures(after) == [expected(after, NEXT_SECRET)]


def test_without_a_secret_the_headers_vanish_at_once(api: Api, sink: Sink) -> None:
    api.create(TEXT, callback_url=sink.url)
    api.http.put("/emulator/secrets", json={"secrets": []})
    api.advance(1)
    assert "webhook-signature" not in sink.calls[0].headers
    for bad in (["plain"], "whsec_", [1]):
        assert api.http.put("/emulator/secrets", json={"secrets": bad}).status_code == 400


def test_a_signature_can_be_missing_or_old(api: Api, sink: Sink) -> None:
    api.create(TEXT, "unsigned", callback_url=sink.url)
    api.advance(2)
    assert all("webhook-signature" not in call.headers for call in sink.calls)
    api.create(TEXT, "stale_signature", callback_url=sink.url)
    api.advance(1)
    old = sink.calls[-1]
    assert signatures(old) == [expected(old, WEBHOOK_SECRET)]
    assert time.time() - int(old.headers["webhook-timestamp"]) > 300


def test_the_consoles_test_callback_is_signed_and_of_no_task(api: Api, sink: Sink) -> None:
    answer = api.http.post("/emulator/test-callback", json={"url": sink.url}).json()
    assert (answer["answer"], answer["kind"]) == (200, "test")
    (call,) = sink.calls
    assert signatures(call) == [expected(call, WEBHOOK_SECRET)]
    assert (call.body["status"], call.body["outputs"]) == ("submitted", [])
    assert api.control("tasks") == []
