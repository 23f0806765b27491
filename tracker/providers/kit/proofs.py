"""Ways to prove where a callback comes from, as data: see ports.callbacks.Scheme."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import ClassVar, Self

from tracker.domain import signature
from tracker.domain.signature import Proof
from tracker.providers.kit.reading import find_first_text, read_json
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet


class _BySecret:
    """A scheme whose secrets the account has: no keys are published for it."""

    __slots__ = ()
    key_source: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class StandardWebhooks(_BySecret):
    """Standard Webhooks v1: HMAC-SHA256 over id, time and body (standardwebhooks.com, 2026-08).

    keys: what follows `whsec_`, decoded; several during a rotation.
    """

    keys: Sequence[bytes] = field(repr=False)
    covers: Covers = Covers.BODY
    headers: frozenset[str] = frozenset({signature.ID, signature.TIMESTAMP, signature.SIGNATURE})

    @classmethod
    def make_scheme(cls, secrets: Sequence[str]) -> Self:
        """Make the scheme of secrets, `whsec_…`. Raises ValueError for one of another form."""
        return cls([signature.decode_key(one) for one in secrets])

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback."""
        del keys
        return signature.verify(self.keys, inbound.headers, inbound.body, now=now)


def request_secret(callback_url: str) -> str:
    """Return a secret for one request, for providers that are given one with each create.

    It is made of the token that ends our callback URL, so that it is known when a callback comes
    to that URL and is kept nowhere. callback_url: or its path alone. 64 hexadecimal digits.
    """
    token = callback_url.rstrip("/").rpartition("/")[2]
    return sha256(f"request secret {token}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RequestSignature(_BySecret):
    """HMAC-SHA256 over the body, in hexadecimal, by the secret that the create carried.

    The secret is `request_secret` of our callback URL. A callback that is not signed, or not so,
    still came to a URL that only the provider was told: it is a hint, and the provider is asked.

    header:    holds the digest, with or without `sha256=` before it.
    secret_of: returns the secret that belongs to the path of a callback.
    """

    header: str
    secret_of: Callable[[str], str] = request_secret
    covers: Covers = Covers.BODY

    @property
    def headers(self) -> frozenset[str]:
        """The signature alone: nothing says when it was made."""
        return frozenset({self.header})

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback. The time does not matter."""
        del now, keys
        given = inbound.headers.get(self.header, "").strip().lower().removeprefix("sha256=")
        key = self.secret_of(inbound.path).encode()
        digest = hmac.digest(key, inbound.body, sha256).hex()
        fits = hmac.compare_digest(digest.encode(), given.encode("utf-8", "replace"))
        return Proof(None, covers_body=fits)


def find_secret_flaws(secrets: Sequence[str]) -> Sequence[str]:
    """Return `webhook_secrets: reason` for the first that is no `whsec_` and base64."""
    try:
        StandardWebhooks.make_scheme(secrets)
    except ValueError as error:
        return [f"webhook_secrets: {error}"]
    return ()


@dataclass(frozen=True, slots=True)
class SharedHeader(_BySecret):
    """A header holds the secret itself: nothing is signed, but only the provider was told it."""

    header: str
    secrets: Sequence[str] = field(repr=False)
    covers: Covers = Covers.BODY

    @property
    def headers(self) -> frozenset[str]:
        """None is kept with the receipt: the only one that it needs is the secret."""
        return frozenset()

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback. The time does not matter."""
        del now, keys
        given = inbound.headers.get(self.header, "").encode("utf-8", "replace")
        fits = [hmac.compare_digest(one.encode(), given) for one in self.secrets]
        if any(fits):
            return Proof(None)
        return Proof(f"{self.header} does not fit" if given else f"not signed: no {self.header}")


@dataclass(frozen=True, slots=True)
class SignedFields(_BySecret):
    """HMAC-SHA256 over an id of the body and the time, in base64: nothing else of it is proved.

    kie.ai signs so (https://docs.kie.ai/common-api/webhook-verification, read 2026-11).

    ids: fields of the body that hold the id, `a.b` for one within another.
    """

    secrets: Sequence[str] = field(repr=False)
    ids: Sequence[str]
    stamp_header: str = "x-webhook-timestamp"
    signature_header: str = "x-webhook-signature"
    covers: Covers = Covers.SENDER

    @property
    def headers(self) -> frozenset[str]:
        """Time and signature."""
        return frozenset({self.stamp_header, self.signature_header})

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback; the signature must be of the id that its body holds."""
        del keys
        flaw = self._find_flaw(inbound, now)
        return Proof(flaw, covers_body=False)

    def _find_flaw(self, inbound: Inbound, now: datetime) -> str | None:
        stamp = inbound.headers.get(self.stamp_header, "")
        given = inbound.headers.get(self.signature_header, "").encode("utf-8", "replace")
        if not stamp or not given:
            return f"not signed: no {self.signature_header if stamp else self.stamp_header} header"
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            return f"{self.stamp_header} is not a time in Unix seconds"
        if abs(now.timestamp() - int(stamp)) > signature.TOLERANCE.total_seconds():
            return f"{self.stamp_header} is too far from now"
        try:
            id_ = find_first_text(read_json(inbound.body), self.ids, limit=500)
        except ValueError:
            id_ = None
        if id_ is None:
            return "the body names no id that could be signed"
        text = f"{id_}.{stamp}".encode("utf-8", "surrogatepass")
        fits = [
            hmac.compare_digest(b64encode(hmac.digest(one.encode(), text, sha256)), given)
            for one in self.secrets
        ]
        return None if any(fits) else "no signature fits"


@dataclass(frozen=True, slots=True)
class SignedRequestLine(_BySecret):
    """HMAC-SHA256 over method, path, query, date and chosen headers: the body is not covered.

    Vidu signs so (https://platform.vidu.com/docs/callback-signature), after the plugin hmac-auth of
    APISIX 2 (https://apisix.apache.org/docs/apisix/2.15/plugins/hmac-auth/); both read 2026-11.
    APISIX sorts the parameters of the query, Vidu's example does not: either order is taken.

    access_key: the name of the key, which is signed too.
    """

    secrets: Sequence[str] = field(repr=False)
    access_key: str
    covers: Covers = Covers.SENDER

    @property
    def headers(self) -> frozenset[str]:
        """The date, and those that tell what is signed and how."""
        names = ("signature", "algorithm", "access-key", "signed-headers")
        return frozenset({"date", "x-request-nonce", *(f"x-hmac-{name}" for name in names)})

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback, by the path that it was sent to."""
        del keys
        return Proof(self._find_flaw(inbound, now), covers_body=False)

    def _find_flaw(self, inbound: Inbound, now: datetime) -> str | None:
        headers = inbound.headers
        for name in ("x-hmac-signature", "date"):
            if not headers.get(name):
                return f"not signed: no {name} header"
        if headers.get("x-hmac-algorithm", "").lower() != "hmac-sha256":
            return "x-hmac-algorithm is not hmac-sha256"
        if headers.get("x-hmac-access-key") != self.access_key:
            return "x-hmac-access-key names another key"
        if not _is_recent(headers["date"], now):
            return "date is no time within five minutes of now"
        given = headers["x-hmac-signature"].encode("utf-8", "replace")
        fits = [
            hmac.compare_digest(b64encode(hmac.digest(secret.encode(), text, sha256)), given)
            for secret in self.secrets
            for text in self._list_signed_texts(inbound)
        ]
        return None if any(fits) else "no signature fits"

    def _list_signed_texts(self, inbound: Inbound) -> Sequence[bytes]:
        """Return the texts that may have been signed."""
        headers = inbound.headers
        names = [name for name in headers.get("x-hmac-signed-headers", "").split(";") if name]
        chosen = "".join(f"{name}:{headers.get(name.strip().lower(), '')}\n" for name in names)
        queries = {inbound.query, "&".join(sorted(inbound.query.split("&")))}
        return [
            f"{inbound.method}\n{inbound.path or '/'}\n{query}\n{self.access_key}\n"
            f"{headers['date']}\n{chosen}".encode("latin-1", "replace")
            for query in sorted(queries)
        ]


def _is_recent(date: str, now: datetime) -> bool:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return False
    return abs(now - (at if at.tzinfo else at.replace(tzinfo=UTC))) <= signature.TOLERANCE
