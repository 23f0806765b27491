"""The check of a signed call. Pure.

Source: https://www.volcengine.com/docs/6369/67269, read 2026-11.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from tracker.emulator.core.calls import ApiCall

__all__ = ["DEFAULT_SECRET", "is_signed", "read_access_key"]

DEFAULT_SECRET = "emulator-secret"  # noqa: S105 - public, of the emulator
"""Of access keys that no configured pair has."""
_SIGNED = "HMAC-SHA256 Credential="
_FORM = re.compile(
    r"HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<scope>\d{8}/cn-north-1/cv/request), "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_NEEDED = {"content-type", "host", "x-content-sha256", "x-date"}
_MOST_APART_S = 900


def read_access_key(call: ApiCall) -> str | None:
    """Return the access key that a call is signed with; None for one that is not signed."""
    given = call.headers.get("authorization", "")
    return given.removeprefix(_SIGNED).partition("/")[0] if given.startswith(_SIGNED) else None


def is_signed(call: ApiCall, secret: str, *, now: float) -> bool:
    """Return whether the signature, the body's hash and the time of a call are right.

    now: Unix seconds.
    """
    found = _FORM.fullmatch(call.headers.get("authorization", ""))
    if found is None or not set(found["names"].split(";")) >= _NEEDED:
        return False
    digest = hashlib.sha256(call.raw).hexdigest()
    stamp, scope = call.headers.get("x-date", ""), found["scope"]
    is_fresh = scope.startswith(stamp[:8]) and abs(now - _parse_seconds(stamp)) <= _MOST_APART_S
    if not is_fresh or not hmac.compare_digest(digest, call.headers.get("x-content-sha256", "")):
        return False
    hashed = hashlib.sha256(_build_canonical(call, found["names"], digest).encode()).hexdigest()
    text = f"HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    key = secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return hmac.compare_digest(signature, found["signature"])


def _build_canonical(call: ApiCall, names: str, digest: str) -> str:
    path = urlsplit(call.root_url).path + call.path
    pairs = sorted(call.query)
    query = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
    lines = [f"{name}:{_read_value(call.headers, name)}" for name in names.split(";")]
    return "\n".join([call.method, path or "/", query, *lines, "", names, digest])


def _read_value(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if name == "host":
        return re.sub(r":(80|443)$", "", value)
    return value


def _parse_seconds(stamp: str) -> float:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
