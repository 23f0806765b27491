"""Tokens that clients sign with a pair: by `iss` in seconds, or by `api_key` in milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tracker.domain.errors import Unauthenticated
from tracker.domain.jwt_claims import read_issuer, verify

pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key is . bytes long")
SECRET = "secretxyz"
AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
AT_MS = 1777629600000
VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04iLCJ0eXAiOiJKV1QifQ."
    "eyJhcGlfa2V5IjoiYWJjMTIzIiwiZXhwIjoxNzc3NjI5ODEwMDAwLCJ0aW1lc3RhbXAiOjE3Nzc2Mjk2MDAwMDB9."
    "s4CcVp5qU5M4Re2pIg4-msMk3QSgddwDhUkWMqjQu9w"
)
"""Made with PyJWT of the key `abc123.secretxyz`: it is good for 210 s."""


def _signed(**claims: Any) -> str:
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_a_token_with_times_in_milliseconds_is_good_until_it_expires() -> None:
    assert read_issuer(VECTOR) == "abc123"
    verify(VECTOR, [SECRET], now=AT)
    verify(VECTOR, ["another", SECRET], now=AT + timedelta(seconds=209))
    for secrets, now in (([SECRET], AT + timedelta(seconds=210)), (["another"], AT)):
        with pytest.raises(Unauthenticated):
            verify(VECTOR, secrets, now=now)


@pytest.mark.parametrize(
    "claims",
    [
        {"api_key": "abc123"},
        {"api_key": "abc123", "exp": "soon"},
        {"api_key": "abc123", "exp": True},
        {"api_key": "abc123", "exp": AT_MS // 1000 + 60},
        {"api_key": "abc123", "exp": AT_MS * 10_000},
        {"iss": "abc123", "api_key": "abc123", "exp": AT_MS + 60_000},
    ],
)
def test_times_of_the_other_unit_are_refused(claims: dict[str, Any]) -> None:
    """A standard library takes milliseconds for the year 58000: for ever."""
    with pytest.raises(Unauthenticated):
        verify(_signed(**claims), [SECRET], now=AT)


def test_a_token_in_seconds_is_read_as_before() -> None:
    token = _signed(iss="abc123", exp=AT_MS // 1000 + 60, nbf=AT_MS // 1000 - 5)
    assert read_issuer(token) == "abc123"
    verify(token, [SECRET], now=AT)
