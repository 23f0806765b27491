"""Proofs of Google's events: a JWT of a published key, or Standard Webhooks of a project."""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.support import an_account, called_back
from tracker.domain.signature import Proof
from tracker.emulator.core.signing import build_signature_headers
from tracker.providers.ports.callbacks import Covers, Inbound, Scheme
from tracker.providers.registry import PROVIDERS

VEO = PROVIDERS["veo"]
KEY = {
    "kty": "RSA",
    "use": "sig",
    "alg": "RS256",
    "kid": "test-key-1",
    "e": "AQAB",
    "n": (
        "ttsKkiZoxQAS4oHvkvKEGNRI8kExVBWcDyyyxJa91hd88s_qy7cKuO8DrZyLKoWy6RC6piy0_ZNbhhpgp1v3aQIz"
        "EivYMmoI68RJzmNGJy5om9BdE739EQFM52IFLxCDVJihf7hs7YLaNseyuyhU6htikyaLsIMPkr6qVnQIt5Vyjt8_"
        "_RTxSiSbxwnFYN6zXzlb9A0uhwToDjR0Q1ZXN1yumC_nTr444pdmgFasxFjCeHG9rPeg8RcfjQ-njOPstv40f8EA"
        "Rx7nAO-bKQePVnrHlDjBsclglm5JmylEsl1_T2khhL0oKTA08lto1hZjarPVcaaAgRqpc7bDqLXnfQ"
    ),
}
TOKEN = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InRlc3Qta2V5LTEiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2FjY291"
    "bnRzLmdvb2dsZS5jb20iLCJhdWQiOiJodHRwczovL2NiLmV4YW1wbGUvaG9va3MvZ2VtaW5pL3Rva181UW0iLCJpYXQi"
    "OjE3Nzc2Mjk2MDAsImV4cCI6MTc3NzYyOTkwMCwic3ViIjoidGVzdCJ9.OwWuyiAN0Ni95NPiEKu4vNHcSNLwqQbvfle"
    "RtcdDXpnM-xxW4egAOYDLKLCkKaeqpxEMbj4r6skIyJ6h6Xx_KEcEYX-zdTQRb4SxX6Oy_u-yylZgvAcS9t5CnCb5Hkr"
    "In5O0Lx5qy1eS-B_qS2NF81mpDz01UinfLLsoRlr3obWr4D-nlt2IrKiqMv20kSP6O1Ir1AAebBTzeC_CpB-eWh_u3KT"
    "9LSuv7WRpHqiCk3EdQZ2GQnWnfYBIRQSoqLJOEmgLTXa8FLxKmRbfG3Xb9fDQaF1puIGIig5ATlWmKiJwgrocOwop7hn"
    "emksjXhse2eSKhzkyc4kn2W6GrP6FVw"
)
"""Made with PyJWT 2.15.1, by a key of nobody's, for /hooks/gemini/tok_5Qm at AT."""
AT = datetime.fromtimestamp(1777629600, UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def scheme_of(**options: Any) -> Scheme:
    assert VEO.calls_back is not None
    found = VEO.calls_back.get_proof_scheme(an_account(VEO, **options))
    assert found is not None
    return found


def signed(token: str = TOKEN, path: str = "/hooks/gemini/tok_5Qm") -> Inbound:
    headers = {"webhook-id": "m1", "webhook-signature": token}
    return replace(called_back(b"{}", headers), path=path)


def test_jwt_of_a_published_key_proves_the_sender_and_not_the_body() -> None:
    scheme = scheme_of()
    assert scheme.covers is Covers.SENDER
    assert scheme.headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    proof = scheme.verify(signed(), now=AT + timedelta(seconds=10), keys=[KEY])
    assert proof == Proof(None, "m1", covers_body=False)


@pytest.mark.parametrize(
    ("inbound", "after", "flaw"),
    [
        (signed(path="/hooks/gemini/tok_other"), 10, "another audience"),
        (signed(), 300 + 301, "expired"),
        (signed(), -301, "future"),
        (signed(TOKEN[:-4] + "AAAA"), 10, "no published key fits"),
        (signed(""), 10, "not signed"),
        (signed("a.b.c"), 10, "no JWT"),
        (signed("v1,c2lnbmF0dXJl"), 10, "no JWT"),
        (signed("é." * 3), 10, "no JWT"),
        (signed("eyJhbGciOiJub25lIn0.e30."), 10, "not signed by RS256"),
        (signed("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), 10, "not signed by RS256"),
        (signed("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"), 10, "expired"),
    ],
)
def test_what_is_wrong_with_a_jwt_is_named(inbound: Inbound, after: int, flaw: str) -> None:
    proof = scheme_of().verify(inbound, now=AT + timedelta(seconds=after), keys=[KEY])
    assert flaw in (proof.flaw or "")
    assert not proof.awaits_keys


def test_nothing_in_a_jwt_says_how_it_is_to_be_verified() -> None:
    """Neither the key as a secret, nor a key or an address of keys in its own head."""
    private = generate_private_key(65537, 2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = {**json.loads(RSAAlgorithm.to_jwk(private.public_key())), "kid": "test-key-1"}
    claims = {"exp": AT.timestamp() + 60, "aud": "https://cb.example/hooks/gemini/tok_5Qm"}
    head = {"kid": "test-key-1", "jwk": own, "jku": "https://evil.example", "x5u": "https://e"}
    by_own = jwt.encode(claims, private, "RS256", headers=head)
    assert scheme_of().verify(signed(by_own), now=AT, keys=[KEY]).flaw
    assert scheme_of().verify(signed(by_own), now=AT, keys=[KEY, own]).flaw is None  # a second one
    critical = jwt.encode(claims, private, "RS256", headers={**head, "crit": ["jku"]})
    assert "extension" in (scheme_of().verify(signed(critical), now=AT, keys=[own]).flaw or "")
    begun, body, _ = jwt.encode(claims, "x" * 32, "HS256", headers=head).split(".")
    mac = hmac.digest(pem, f"{begun}.{body}".encode(), "sha256")
    forged = f"{begun}.{body}.{urlsafe_b64encode(mac).decode().rstrip('=')}"
    assert "RS256" in (scheme_of().verify(signed(forged), now=AT, keys=[own]).flaw or "")


@pytest.mark.parametrize("keys", [None, [], [{**KEY, "kid": "another"}]])
def test_jwt_of_a_key_that_is_not_at_hand_waits_for_newer_keys(keys: Any) -> None:
    proof = scheme_of().verify(signed(), now=AT, keys=keys)
    assert proof.flaw
    assert proof.awaits_keys


def test_audience_may_be_set_by_an_operator() -> None:
    url = "https://cb.example/hooks/gemini/tok_5Qm"
    elsewhere = signed(path="/callbacks/veo/1/token")
    assert scheme_of(audience=url).verify(elsewhere, now=AT, keys=[KEY]).flaw is None
    other = scheme_of(audience="https://other.example").verify(signed(), now=AT, keys=[KEY])
    assert "another audience" in (other.flaw or "")


def test_webhooks_of_a_project_are_signed_by_its_secret() -> None:
    """The vector was made after https://www.standardwebhooks.com, read 2026-11."""
    data = {
        "id": "models/veo-3.1/operations/abc",
        "output_file_uri": "https://generativelanguage.googleapis.com/v1beta/files/x",
    }
    event = {
        "type": "video.generated",
        "version": "v1",
        "timestamp": "2026-05-01T10:00:00Z",
        "data": data,
    }
    body = json.dumps(event, separators=(",", ":")).encode()
    headers = {
        "webhook-id": "wh_gem_1",
        "webhook-timestamp": "1777629600",
        "webhook-signature": "v1,XeAM7EWceqSGmEgqW6GMVvjICJlSXVE8h2s/lxm2m18=",
    }
    scheme = scheme_of(webhook_secrets=[SECRET])
    proof = scheme.verify(called_back(body, headers), now=AT)
    assert proof == Proof(None, "wh_gem_1", covers_body=False)
    other = build_signature_headers(
        ["whsec_YW5vdGhlcg=="], message_id="m", timestamp=1777629600, body=body
    )
    assert scheme.verify(called_back(body, other), now=AT).flaw


@pytest.mark.parametrize(
    ("options", "url", "is_operators"),
    [
        ({"base_url": None}, "https://generativelanguage.googleapis.com", False),
        ({"base_url": "http://127.0.0.1:9/veo/v1beta"}, "http://127.0.0.1:9/veo", True),
    ],
)
def test_keys_are_published_beside_the_api(
    options: dict[str, Any], url: str, *, is_operators: bool
) -> None:
    source = scheme_of(**options).key_source
    assert source is not None
    assert source.url == f"{url}/.well-known/jwks.json"
    assert source.is_operators is is_operators
    own = scheme_of(keys_url="https://keys.example/set").key_source
    assert own is not None
    assert own.url == "https://keys.example/set"


@pytest.mark.parametrize(
    ("scenario", "flaw"),
    [
        ("ok", None),
        ("keys_rotated", None),
        ("wrong_audience", "another audience"),
        ("hs256", "not signed by RS256"),
        ("token_ended", "expired"),
        ("bad_signature", "no published key fits"),
        ("unsigned", "not signed"),
    ],
)
def test_events_of_the_emulator_prove_themselves_or_do_not(scenario: str, flaw: str | None) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "veo")
        caller.play(scenario)
        await caller.made()
        await stage.advance(3)
        request = stage.calls[0]
        inbound = Inbound("POST", request.url.path, "", dict(request.headers), request.content)
        keys = (await stage.http.get("/veo/.well-known/jwks.json")).json()["keys"]
        assert VEO.calls_back is not None
        scheme = VEO.calls_back.get_proof_scheme(caller.account)
        assert scheme is not None
        proof = scheme.verify(inbound, now=datetime.now(UTC), keys=keys)
        assert (proof.flaw is None) is (flaw is None)
        assert (flaw or "") in (proof.flaw or "")

    play()
