"""Credentials."""

import base64
import hashlib
import hmac
import json
import time

import httpx
import pytest

from .support import TEXT, Api, refused

NOW = int(time.time())


def a_jwt(secret: str = "a-short-secret", alg: str = "HS256", **claims: object) -> str:
    """A JWT as Kling's documentation makes it."""
    all_claims = {"iss": "an-access-key", "exp": NOW + 1800, "nbf": NOW - 5} | claims
    head = _encode(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    body = _encode(json.dumps(all_claims).encode())
    seal = _encode(hmac.digest(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256))
    return f"Bearer {head}.{body}.{seal}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_missing_header_is_1001(api: Api) -> None:
    del api.http.headers["authorization"]
    assert refused(api.post(), 401, 1001) == "Authorization is empty"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        "Bearer  emulator-key",
        "bearer emulator-key",
        "Bearer emulator\xffkey",
        "emulator-key",
        "Basic emulator-key",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer W10.W10.W10",
    ],
)
def test_unknown_or_malformed_credentials_are_1002(api: Api, header: str) -> None:
    api.http.headers = httpx.Headers({"authorization": header}, encoding="latin-1")
    refused(api.http.post(TEXT, json={"prompt": "a"}), 401, 1002)


def test_signed_token_of_a_known_access_key_is_accepted(api: Api) -> None:
    api.http.headers["authorization"] = a_jwt(iat=NOW)
    assert api.create()


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (a_jwt(exp=NOW - 1), 1004),
        (a_jwt(nbf=NOW + 86_400), 1003),
        (a_jwt("another"), 1002),
        (a_jwt(iss="nobody"), 1002),
        (a_jwt(alg="none"), 1002),
        (a_jwt(exp="soon"), 1000),
    ],
    ids=["expired", "not-yet-valid", "bad-signature", "unknown-key", "other-alg", "no-time"],
)
def test_bad_token_is_refused_with_its_own_code(api: Api, token: str, code: int) -> None:
    api.http.headers["authorization"] = token
    refused(api.post(), 401, code)


def test_key_and_token_of_one_account_see_the_same_tasks(api: Api) -> None:
    task_id = api.create()
    api.http.headers["authorization"] = a_jwt()
    assert api.query(task_id)["task_id"] == task_id


def test_another_account_does_not_see_the_task_and_may_use_its_external_id(api: Api) -> None:
    task_id = api.create(external_task_id="shared")
    api.http.headers["authorization"] = "Bearer second-key"
    refused(api.http.get(f"/kling/v1/videos/multi-image2video/{task_id}"), 400, 1201)
    assert api.create(external_task_id="shared") != task_id
