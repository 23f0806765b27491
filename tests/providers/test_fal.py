"""fal: whose keys prove a webhook, and where the key of the account goes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.emulator.scene import HOST
from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    CALLBACK_URL,
    HTML,
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Alike, More, Unanswered
from tracker.providers.fal.inputs import read_app
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.callbacks import Hint, Scheme
from tracker.providers.ports.keys import KeySource
from tracker.providers.registry import PROVIDERS

FAL = PROVIDERS["fal"]
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "fal-ai/flux/dev": {"input": {"prompt": "rain", "num_images": 2, "sync_mode": True}},
    "fal-ai/pika/v2.2/text-to-video": {
        "input": {"prompt": "rain", "duration": 5},
        "priority": "low",
        "start_timeout": 30.0,
        "hint": "runner-7",
        "no_retry": True,
        "store_io": False,
        "object_lifecycle": {"expiration_duration_seconds": 3600},
    },
    "workflows/somebody/of-theirs": {"input": {"anything": [1, {"a": None}]}},
    "minimax/h3-max/text-to-video": {"input": {}},
}


class TestFal(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = FAL
    inputs = INPUTS
    url_field = "webhook_url"
    no_operation = "without-an-owner"

    def test_a_submit_carries_our_callback_url(self, account: Account) -> None:
        """In the query, escaped once; and the body is the model's own input."""
        for operation, input_ in INPUTS.items():
            task, body = a_task(operation), FAL.submits.check(operation, input_).body
            call = FAL.submits.build_submit(sent_to(account, task, body))
            url = urlsplit(call.url)
            assert parse_qs(url.query) == {"fal_webhook": [CALLBACK_URL]}
            given = {k: v for k, v in input_["input"].items() if k != "sync_mode"}
            assert json.loads(call.body or b"") == given
            silent = FAL.submits.build_submit(sent_to(account, task, body, None))
            assert silent.url == f"{account.base_url}/{operation}"

    def test_nothing_is_proved_without_a_secret(self, account: Account) -> None:
        """Without the keys nobody can tell; and what is not signed is refused with them too."""
        scheme = self.calls_back.get_proof_scheme(account)
        assert scheme is not None
        proof = scheme.verify(_signed(), now=AT)
        assert (proof.flaw is None, proof.awaits_keys) == (False, True)
        unsigned = scheme.verify(called_back(b"{}"), now=AT, keys=KEYS)
        assert unsigned.flaw
        assert not unsigned.awaits_keys


def test_what_the_queue_is_told_stands_in_headers() -> None:
    account, operation = an_account(FAL), "fal-ai/pika/v2.2/text-to-video"
    body = FAL.submits.check(operation, INPUTS[operation]).body
    call = FAL.submits.build_submit(sent_to(account, a_task(operation), body))
    assert {name: text for name, text in call.headers.items() if name.startswith("x-fal-")} == {
        "x-fal-queue-priority": "low",
        "x-fal-request-timeout": "30",
        "x-fal-runner-hint": "runner-7",
        "x-fal-no-retry": "1",
        "x-fal-store-io": "0",
        "x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 3600}',
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input": None}, "input"),
        ({"input": "a cat"}, "input"),
        ({"prompt": "a cat"}, "prompt"),
        ({"priority": "high"}, "priority"),
        ({"start_timeout": 1.0}, "start_timeout"),
        ({"hint": "a\nb"}, "hint"),
        ({"object_lifecycle": "1h"}, "object_lifecycle"),
        ({"webhook_url": "https://a.example/" + "a" * 2083}, "webhook_url"),
    ],
)
def test_a_wrong_field_is_named(changes: Mapping[str, Any], field: str) -> None:
    assert refused_fields(
        FAL.submits, "fal-ai/flux/dev", {"input": {"prompt": "a"}, **changes}
    ) == [field]


def test_any_model_is_served_by_its_name() -> None:
    account = an_account(FAL)
    for name in (*INPUTS, "a/b", "Owner/App.2/x/y/z", "comfy/a/b", "110602490/flux"):
        assert FAL.submits.explain_unserved(account, name) is None
    for name in ("flux", "/flux/dev", "a//b", "a/b/", "a/b/../c", "a/ b", "a/b?c", "", "é/a"):
        assert FAL.submits.explain_unserved(account, name)
    assert read_app("fal-ai/pika/v2.2/text-to-video") == "fal-ai/pika"
    assert read_app("workflows/somebody/of-theirs/more") == "workflows/somebody/of-theirs"


@pytest.mark.parametrize(
    ("base_url", "told", "is_asked"),
    [
        (None, "https://queue.fal.run/fal-ai/flux/requests/1/status", True),
        (None, "https://queue.falrun.com/fal-ai/flux/requests/1/status", True),
        (None, "http://queue.fal.run/fal-ai/flux/requests/1/status", False),
        (None, "https://queue.fal.run.evil.example/requests/1/status", False),
        (None, "https://evilfal.run/requests/1/status", False),
        (None, "https://user@queue.fal.run/requests/1/status", False),
        (None, "https://queue.fal.run:8443/requests/1/status", False),
        ("https://us.example/fal", "https://queue.fal.run/requests/1/status", False),
        ("https://us.example/fal", "https://us.example/else/requests/1/status", True),
        ("https://us.example/fal", 5, False),
    ],
)
def test_the_key_goes_to_fals_own_addresses_alone(
    base_url: str | None, told: Any, *, is_asked: bool
) -> None:
    assert FAL.polls is not None
    assert FAL.cancels is not None
    account = an_account(FAL, base_url=base_url)
    context = dict.fromkeys(("status_url", "response_url", "cancel_url"), told)
    task = a_task("fal-ai/flux/dev", provider_task_id="1", context=context)
    made = f"{account.base_url}/fal-ai/flux/requests/1"
    asking = asked_of(account, task)
    done = HttpResult(200, {}, b'{"status":"COMPLETED","request_id":"1"}')
    (follow,) = FAL.polls.parse_poll(asking, done)
    calls = [
        (FAL.polls.build_poll(asking), f"{made}/status"),
        (getattr(follow, "call", None), made),
        (FAL.cancels.build_cancel(asking), f"{made}/cancel"),
    ]
    for call, own in calls:
        assert call is not None
        assert call.url == (told if is_asked else own)
        assert call.headers["authorization"] == f"Key {account.api_key}"


def _entry(name: str, **changes: Any) -> dict[str, Any]:
    entry = {"request_id": name, "sent_at": NOW.isoformat(), "json_input": SENT, "status": "?"}
    return entry | changes


SENT = {"prompt": "a cat", "seed": 1, "safe": True}
ELSEWHERE = (NOW - timedelta(minutes=3)).isoformat()


def test_a_lost_submit_is_looked_for_by_its_input_and_its_time() -> None:
    assert FAL.submits.get_lookup_kind(an_account(FAL)) is Finds.BY_LIKENESS
    assert FAL.looks is not None
    account = an_account(FAL, base_url=None)
    asking = asked_of(account, a_task("fal-ai/flux/dev", provider_task_id=None))
    asking = replace(asking, since=NOW, body={"input": SENT | {"sync_mode": True}})
    call = FAL.looks.build_lookup(asking)
    assert call is not None
    assert call.url.startswith("https://api.fal.ai/v1/models/requests/by-endpoint?endpoint_id=fal-")
    assert FAL.looks.build_lookup(replace(asking, body=None)) is None
    others = [
        _entry("other", json_input=SENT | {"safe": 1}),
        _entry("other", json_input=SENT | {"more": 1}),
        _entry("other", json_input=None),
        _entry("other", sent_at=ELSEWHERE),
        _entry("other", sent_at=None),
        5,
    ]
    first = {"items": [_entry("a"), *others], "next_cursor": "2"}
    more = FAL.looks.parse_lookup(asking, HttpResult(200, {}, json.dumps(first).encode()))
    assert isinstance(more, More)
    asking = replace(asking, page=more.page)
    call = FAL.looks.build_lookup(asking)
    assert call is not None
    assert call.url.endswith("&cursor=2")
    last = {"items": [_entry("b", json_input=json.dumps(SENT)), *others], "next_cursor": None}
    found = FAL.looks.parse_lookup(asking, HttpResult(200, {}, json.dumps(last).encode()))
    assert isinstance(found, Alike)
    assert [one.provider_task_id for one in found.found] == ["a", "b"]
    for answer in (HttpResult(404, {}, b"{}"), HttpResult(200, {}, b"{}"), HTML):
        assert isinstance(FAL.looks.parse_lookup(asking, answer), Unanswered)


AT = datetime.fromtimestamp(1_700_000_000, UTC)
KEYS = [{"kty": "OKP", "crv": "Ed25519", "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]
BODY = b'{"request_id":"r-1","status":"OK","payload":{}}'
SIGNATURE = (
    "84534141d9c75d916af0bf0e57d027299523f2df296a26da6940212d2f5ba889"
    "342e601a36d057e6f06ee44d9747830dca6f39849cfb7d1f3b7ff5f4f6d8160c"
)
"""Of the documented message, by the key whose seed are the bytes 0 to 31."""


def _signed(body: bytes = BODY, **changes: str) -> Any:
    names = {"request_id": "r-1", "user_id": "user-1", "timestamp": "1700000000"}
    given = names | {"signature": SIGNATURE} | changes
    headers = {f"x-fal-webhook-{name.replace('_', '-')}": text for name, text in given.items()}
    return called_back(body, {name: text for name, text in headers.items() if text})


def _scheme(**options: Any) -> Scheme:
    assert FAL.calls_back is not None
    scheme = FAL.calls_back.get_proof_scheme(an_account(FAL, **options))
    assert scheme is not None
    return scheme


def test_a_webhook_is_proved_by_any_published_key() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    digest = hashlib.sha256(BODY).hexdigest()
    assert key.sign(f"r-1\nuser-1\n1700000000\n{digest}".encode()).hex() == SIGNATURE
    other = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    scheme = _scheme()
    for keys in (KEYS, [other, *KEYS]):
        proof = scheme.verify(_signed(), now=AT, keys=keys)
        assert (proof.flaw, proof.covers_body) == (None, True)
    assert scheme.verify(_signed(), now=AT, keys=[other]).awaits_keys


@pytest.mark.parametrize(
    ("inbound", "awaits_keys"),
    [
        (_signed(BODY + b" "), True),
        (_signed(request_id="r-2"), True),
        (_signed(user_id="user-2"), True),
        (_signed(timestamp="1700000001"), True),
        (_signed(signature="00" * 64), True),
        (_signed(signature="00"), True),
        (_signed(signature="no hex"), False),
        (_signed(timestamp="1699999699"), False),
        (_signed(timestamp="1700000301"), False),
        (_signed(timestamp="soon"), False),
        (_signed(signature=""), False),
        (_signed(request_id=""), False),
    ],
)
def test_only_what_a_newer_key_might_prove_awaits_keys(inbound: Any, *, awaits_keys: bool) -> None:
    proof = _scheme().verify(inbound, now=AT, keys=KEYS)
    assert proof.flaw
    assert proof.awaits_keys is awaits_keys


def test_a_webhook_of_another_user_of_fal_proves_nothing() -> None:
    assert _scheme(user_id="user-1").verify(_signed(), now=AT, keys=KEYS).flaw is None
    proof = _scheme(user_id="user-2").verify(_signed(), now=AT, keys=KEYS)
    assert (proof.flaw is None, proof.awaits_keys) == (False, False)


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"base_url": None}, KeySource("https://rest.fal.ai/.well-known/jwks.json")),
        (
            {"base_url": "https://queue.fal.run", "proxy": "http://proxy.example:8080"},
            KeySource(
                "https://rest.fal.ai/.well-known/jwks.json", proxy="http://proxy.example:8080"
            ),
        ),
        ({"base_url": f"{HOST}/fal"}, KeySource(f"{HOST}/fal/.well-known/jwks.json", True)),
        (
            {"keys_url": "https://keys.example/set"},
            KeySource("https://keys.example/set", is_operators=True),
        ),
    ],
)
def test_keys_are_fals_own_unless_an_operator_named_another_address(
    options: Mapping[str, Any], source: KeySource
) -> None:
    assert _scheme(**options).key_source == replace(source, kind="Ed25519")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"status": "OK", "payload": None, "payload_error": "not serializable"},
            "not serializable",
        ),
        ({"status": "OK"}, "the webhook holds no result"),
    ],
)
def test_a_webhook_without_its_result_has_the_provider_asked(
    body: Mapping[str, Any], reason: str
) -> None:
    assert FAL.calls_back is not None
    content = json.dumps({"request_id": "r-1", **body}).encode()
    assert FAL.calls_back.parse_callback(called_back(content)) == (Hint(reason, "r-1"),)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"profile": "official"}, "profile"),
        ({"webhook_secrets": ["whsec_c2VjcmV0"]}, "webhook_secrets"),
        ({"keys_url": "keys.example"}, "keys_url"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options: Mapping[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        an_account(FAL, **options)


def test_results_are_kept_for_a_week_at_least() -> None:
    assert FAL.results.lifetime is not None
    assert FAL.results.lifetime.days == 7
