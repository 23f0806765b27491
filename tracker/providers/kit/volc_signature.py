"""The signature of Volcengine's OpenAPI: HMAC-SHA256 over the request line, headers and body.

Source: https://www.volcengine.com/docs/6369/67269 and PyPI volcengine 1.0.229 (auth/SignerV4.py),
read 2026-11.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class VolcKey:
    """A pair of keys, and what it signs for.

    secret_key: as the console shows it; it is not decoded.
    """

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str

    def headers(self, method: str, url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        """Return the headers that prove a call with a JSON body. now: aware UTC."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(url)
        signed = {
            "content-type": "application/json",
            "host": _host(parts.scheme, parts.hostname or "", parts.port),
            "x-content-sha256": sha256(body).hexdigest(),
            "x-date": stamp,
        }
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


def _host(scheme: str, host: str, port: int | None) -> str:
    return host if port in (None, _PORTS.get(scheme)) else f"{host}:{port}"


def _query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
