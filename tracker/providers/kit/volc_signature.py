"""The signature of Volcengine's OpenAPI: HMAC-SHA256 over the request line, headers and body.

Source: https://www.volcengine.com/docs/6369/67269 and PyPI volcengine 1.0.229 (auth/SignerV4.py),
read 2026-11.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.calls import build_bearer_header as bearer_of
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.useless_options import SecretlessOptions
from tracker.providers.ports.account import HeaderSecret, reveal

_ALGORITHM = "HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class VolcKey:
    """A pair of keys, and what it signs for.

    secret_key: as the console shows it; it is not decoded.
    session_token: of a pair that is only lent; None for one that stays.
    """

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str
    session_token: str | None = field(default=None, repr=False)

    def build_headers(self, method: str, url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        """Return the headers that prove a call with a JSON body. now: aware UTC."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(url)
        signed = {
            "content-type": "application/json",
            "host": _build_host(parts.scheme, parts.hostname or "", parts.port),
            "x-content-sha256": sha256(body).hexdigest(),
            "x-date": stamp,
        }
        if self.session_token is not None:
            signed["x-security-token"] = self.session_token
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            [
                method,
                quote(parts.path or "/", safe="/-_.~"),
                _query(parts.query),
                *(f"{name}:{signed[name]}" for name in sorted(signed)),
                "",
                names,
                signed["x-content-sha256"],
            ]
        )
        scope = f"{stamp[:8]}/{self.region}/{self.service}/request"
        digest = sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
        key = self.secret_key.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), sha256)
        signature = hmac.digest(key, text.encode(), sha256).hex()
        credential = f"Credential={self.access_key}/{scope}"
        proof = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        sent = {name: value for name, value in signed.items() if name != "host"}
        return sent | {"authorization": proof}


class VolcOptions(SecretlessOptions):
    """The credentials of a Volcengine account.

    access_key, secret_key: the pair that signs calls.
    session_token: of a pair that is only lent.
    sign_region, sign_service: what the signature is made for.
    """

    access_key: HeaderSecret | None = None
    secret_key: HeaderSecret | None = None
    session_token: HeaderSecret | None = None
    sign_region: str
    sign_service: str

    def has_credentials(self) -> bool:
        """Tell whether a call could be proved."""
        return self.api_key is not None or self.get_signing_key() is not None

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what contradicts itself."""
        found = list(super().find_flaws())
        if (self.access_key is None) is not (self.secret_key is None):
            found.append("secret_key: access_key and secret_key go together")
        return found

    def get_signing_key(self) -> VolcKey | None:
        """Return the pair that signs; None where there is none."""
        access, secret = reveal(self.access_key), reveal(self.secret_key)
        if access is None or secret is None:
            return None
        token = reveal(self.session_token)
        return VolcKey(access, secret, self.sign_region, self.sign_service, token)


def build_signed_post(
    key: VolcKey | None, url: str, body: Mapping[str, Any], now: datetime, *, bearer: str | None
) -> HttpCall:
    """Build a signed POST of JSON; without a pair of keys one with a Bearer, as relays take it.

    bearer: the key of a relay; None for none. now: aware UTC.
    """
    if key is None:
        return build_post(url, body, bearer_of(bearer))
    call = build_post(url, body, {})
    return replace(
        call, headers=dict(key.build_headers(call.method, call.url, call.body or b"", now))
    )


def _build_host(scheme: str, host: str, port: int | None) -> str:
    return host if port in (None, _PORTS.get(scheme)) else f"{host}:{port}"


def _query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
