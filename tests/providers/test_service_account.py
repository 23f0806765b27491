"""Key files of service accounts, and the exchange of their signature for a token."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from pydantic import SecretStr

from tests.emulator.scene import Scene, play_in
from tests.providers.support import an_account
from tracker.config.provider_settings import SettingsError
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.emulator.providers.veo.signing import build_key_file
from tracker.providers.kit import service_account
from tracker.providers.kit.service_account import ServiceAccountKey
from tracker.providers.ports.account import Account
from tracker.providers.ports.tokens import AccessToken, TokenDelayed, TokenRefused
from tracker.providers.registry import PROVIDERS
from tracker.providers.veo.options import SCOPE
from tracker.settings import Settings

VEO = PROVIDERS["veo"]
TOKENS = VEO.tokens
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN_URI = "https://oauth2.googleapis.com/token"


def a_key_file(**changes: Any) -> dict[str, Any]:
    return build_key_file(TOKEN_URI, "cats") | changes


def vertex(**changes: Any) -> Account:
    options = {"api_key": None, "base_url": None, "region": "us-central1"}
    return an_account(VEO, **options, service_account=json.dumps(a_key_file(**changes)))


def test_assertion_says_who_asks_for_what_and_is_signed() -> None:
    assert TOKENS is not None
    call = TOKENS.build_exchange(vertex(), now=NOW)
    assert (call.method, call.url) == ("POST", TOKEN_URI)
    form = parse_qs((call.body or b"").decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    [assertion] = form["assertion"]
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert claims == {
        "iss": "tracker@emulated-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": TOKEN_URI,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
    }
    assert jwt.get_unverified_header(assertion)["kid"] == "service-account-1"
    assert call.secrets == (assertion,)


@pytest.mark.parametrize("wrapped", [False, True])
def test_key_file_comes_as_json_or_in_base64_and_shows_itself_nowhere(*, wrapped: bool) -> None:
    text = json.dumps(a_key_file(), indent=2)
    given = base64.encodebytes(text.encode()).decode() if wrapped else text
    environ = {"TRACKER_VEO_SERVICE_ACCOUNT": given, "TRACKER_VEO_REGION": "europe-west4"}
    settings = Settings.read_environment(environ)
    account = settings.list_accounts().by_name["veo", "default"]
    assert account.base_url == "https://europe-west4-aiplatform.googleapis.com/v1"
    private = a_key_file()["private_key"]
    assert private in set(account.options.iterate_secrets())
    middle = private[100:140]
    assert middle not in repr(settings) + repr(account) + str(account.options)
    assert middle not in repr(settings.list_accounts()) + account.options.model_dump_json()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("not-a-key-canary", "must be the JSON of a key file"),
        ("[]", "must be the JSON of a key file"),
        (json.dumps(a_key_file(private_key="canary")), "must be an RSA key in PEM"),
        (json.dumps(a_key_file(token_uri="http://canary.example/t")), "must be an https URL"),
        (json.dumps({"client_email": "canary"}), "is a key file without private_key"),
    ],
)
def test_wrong_key_file_stops_the_start_by_name_and_without_its_text(
    given: str, reason: str
) -> None:
    environ = {"TRACKER_VEO_SERVICE_ACCOUNT": given, "TRACKER_VEO_REGION": "us-central1"}
    with pytest.raises(SettingsError) as caught:
        Settings.read_environment(environ).list_accounts()
    assert "TRACKER_VEO_SERVICE_ACCOUNT" in str(caught.value)
    assert reason in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "flaw"),
    [
        ({"region": "gemini"}, "service_account: is for Vertex AI"),
        ({"api_key": "k"}, "service_account: excludes api_key"),
        ({"base_url": "https://gateway.example/v1", "region": None}, "location: is needed"),
    ],
)
def test_service_account_needs_a_place(options: dict[str, Any], flaw: str) -> None:
    usual = {"api_key": None, "base_url": None, "region": "us-central1"}
    with pytest.raises(ValueError, match=flaw):
        an_account(VEO, **(usual | options), service_account=json.dumps(a_key_file()))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HttpResult(200, {}, b'{"access_token":"t","expires_in":3599}'), AccessToken("t", 3599.0)),
        (HttpResult(200, {}, b'{"access_token":"t"}'), AccessToken("t", 3600.0)),
        (
            HttpResult(400, {}, b'{"error":"invalid_grant","error_description":"Bad key."}'),
            TokenRefused("HTTP 400, invalid_grant: Bad key."),
        ),
        (HttpResult(401, {}, b'{"error":"x"}'), TokenRefused("HTTP 401, x")),
        (HttpResult(400, {}, b"<html>"), TokenDelayed("HTTP 400, no words")),
        (HttpResult(503, {"retry-after": "7"}, b"{}"), TokenDelayed("HTTP 503, no words", 7.0)),
        (HttpResult(200, {}, b"{}"), TokenDelayed("HTTP 200, no words")),
        (HttpFailure(Certainty.UNKNOWN, "cut"), TokenDelayed("cut")),
    ],
)
def test_answer_to_an_exchange(answer: HttpResult | HttpFailure, expected: object) -> None:
    assert service_account.parse_exchange(answer) == expected
    assert "'t'" not in repr(expected)


def test_emulator_takes_the_assertion_and_its_token_alone() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        found = (await stage.http.get("/veo/service-account.json")).json()
        here = found | {"token_uri": "https://emulator.example/veo/token"}
        statuses = []
        for text in (found, here):
            key = ServiceAccountKey.model_construct(
                client_email=text["client_email"],
                private_key=SecretStr(text["private_key"]),
                private_key_id=None,
                token_uri=text["token_uri"],
            )
            call = service_account.build_exchange(key, SCOPE, now=datetime.now(UTC))
            answer = await stage.http.post("/veo/token", content=call.body)
            statuses.append(answer.status_code)
        assert statuses == [200, 400]
        bare = {"authorization": "Bearer ya29.nobody's"}
        stored = await stage.http.get("/veo/storage/b/x/0.mp4", headers=bare)
        assert stored.status_code == 401

    play()
