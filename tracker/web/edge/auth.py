"""Authentication, done once per request and before anything else.

A key comes as `Authorization: Bearer KEY` or as `X-API-Key: KEY`; a JWT signed by the secret key of
a pair comes as a Bearer too (docs/howto/keys.md).
"""

from collections.abc import Sequence
from typing import Literal

from starlette.requests import Request

from tracker.domain.access import DEFAULT_TENANT, EVERYTHING, KEY_PREFIX, Holder, Principal, Scope
from tracker.domain.errors import (
    CredentialFault,
    Forbidden,
    ForeignPage,
    RateLimited,
    Unauthenticated,
)
from tracker.services.access.keyring import Keyring
from tracker.services.access.rates import Allowance, Rates
from tracker.telemetry.logs import note
from tracker.web.edge.heads import find_header
from tracker.web.edge.local import is_local
from tracker.web.edge.senders import Sender, find_sender

ANYBODY = Principal(DEFAULT_TENANT, EVERYTHING)
"""The principal of every request to a service without API keys."""
WINDOW_S = 60
NO_KEYS_YET = (
    "this service has no API keys yet, and without keys it answers only programs on its own "
    "machine that connect to localhost directly (not through a proxy or a tunnel, nor by another "
    "host name): make a key there with `tracker keys create` and send it as Authorization: "
    "Bearer KEY"
)


class Authenticator:
    """Lets requests in. One per process. rates: how much each key may still ask."""

    def __init__(
        self,
        keyring: Keyring,
        rates: Rates,
        *,
        auth: Literal["on", "off"] | None,
        is_loopback: bool,
    ) -> None:
        """auth, is_loopback: TRACKER_AUTH, and whether only this machine can connect."""
        self._keyring = keyring
        self.rates = rates
        self._auth = auth
        self._is_loopback = is_loopback

    async def identify(
        self, request: Request, schemes: Sequence[str] = (), fields: Sequence[str] = ()
    ) -> Principal:
        """Return who is asking. Raises Unauthenticated, Unavailable.

        schemes: words before a key in Authorization that are taken besides Bearer, lower-case.
        fields:  header fields that carry the bare key, besides X-API-Key; a name that begins
                 with `?` is a query parameter's.
        """
        has_no_keys = self._auth is None and self._is_loopback and await self.has_no_keys()
        if self._is_open(request, has_no_keys=has_no_keys):
            return ANYBODY
        try:
            # The first key works before we know of it.
            return await self._find_principal(request, schemes, fields)
        except Unauthenticated as error:
            if has_no_keys:
                raise Unauthenticated(error.fault, NO_KEYS_YET) from None
            raise

    async def identify_session(self, request: Request, secret: str | None) -> Principal:
        """Return who asks for a page of the dashboard. Raises Unauthenticated, Unavailable.

        secret: of the session, from its cookie; None where there is no cookie.
        """
        has_no_keys = await self.has_no_keys()
        if self._is_open(request, has_no_keys=has_no_keys):
            return ANYBODY
        if secret is None:
            reason = NO_KEYS_YET if has_no_keys else "sign in first"
            raise Unauthenticated(CredentialFault.MISSING, reason)
        return await self._keyring.find_session_holder(secret)

    async def has_no_keys(self) -> bool:
        """Return true if nobody has made a key, and none is needed on this machine until then."""
        return self._auth is None and self._is_loopback and not await self._keyring.is_any()

    async def is_open(self, request: Request) -> bool:
        """Return true if this request needs no key."""
        return self._is_open(request, has_no_keys=await self.has_no_keys())

    def _is_open(self, request: Request, *, has_no_keys: bool) -> bool:
        return self._auth == "off" or (has_no_keys and is_local(request.scope))

    async def _find_principal(
        self, request: Request, schemes: Sequence[str], fields: Sequence[str]
    ) -> Principal:
        credential = _read_credential(request, schemes, fields)
        if credential.startswith(KEY_PREFIX) or credential.count(".") != 2:
            return await self._keyring.find_holder(credential)
        return await self._keyring.find_signer(credential)

    def find_holder(self, principal: Principal, scope: Scope) -> Holder | None:
        """Return for whom a request waits; None where keys are never asked for."""
        if self._auth == "off":
            return None
        return Holder(principal.key, principal.tenant, scope, principal.session)


async def admit(
    request: Request,
    scope: Scope,
    *,
    schemes: Sequence[str] = (),
    fields: Sequence[str] = (),
    is_counted: bool = True,
) -> Principal:
    """Let a request in, and remember for whom it acts (`state.principal`) and waits.

    schemes, fields: see `Authenticator.identify`. is_counted: whether the key's rate limit holds.
    Leaves in the request's state the RateLimit fields that its answer carries, whatever it is.
    Raises Unauthenticated (says what is wrong with the credentials), RateLimited, Forbidden,
    ForeignPage, Unavailable.
    """
    authenticator: Authenticator = request.scope["state"]["services"].authenticator
    principal = await authenticator.identify(request, schemes, fields)
    if principal is ANYBODY and _is_foreign_page(request):
        raise ForeignPage("without a key, only pages of this service may send this")
    return await _let_in(request, authenticator, principal, scope, is_counted=is_counted)


async def admit_to_dashboard(request: Request, scope: Scope, secret: str | None) -> Principal:
    """Let a request for a page of the dashboard in; otherwise as `admit`.

    secret: of the session, from its cookie; None where there is no cookie.
    Raises ForeignPage for what changes something and does not come from a page of this service;
    else as `admit`.
    """
    check_sender(request)
    authenticator: Authenticator = request.scope["state"]["services"].authenticator
    principal = await authenticator.identify_session(request, secret)
    return await _let_in(request, authenticator, principal, scope, is_counted=True)


def check_sender(request: Request) -> None:
    """Raise ForeignPage for what may change something and no page of this service sends."""
    if request.method not in ("GET", "HEAD") and find_page_sender(request) is not Sender.OWN:
        raise ForeignPage("only pages of this service may send this")


def find_page_sender(request: Request) -> Sender:
    """Return whose page a browser sends a request for."""
    given = request.scope["headers"]
    site, origin = find_header(given, b"sec-fetch-site"), find_header(given, b"origin")
    return find_sender(site, origin, find_header(given, b"host"))


async def _let_in(
    request: Request,
    authenticator: Authenticator,
    principal: Principal,
    scope: Scope,
    *,
    is_counted: bool,
) -> Principal:
    """Hold a principal to the key's rate and scopes; remember it.

    Raises RateLimited, Forbidden, Unavailable.
    """
    state = request.scope["state"]
    has_rate = is_counted and principal.key is not None
    counted = await authenticator.rates.take(principal) if has_rate else None
    if counted is not None:
        allowance, is_taken = counted
        state["rate_fields"] = _build_rate_fields(allowance)
        if not is_taken:
            raise RateLimited(retry_after_s=allowance.next_s)
    if not principal.may(scope):
        raise Forbidden(scope)
    state["principal"] = principal
    note(tenant=principal.tenant)
    state["holder"] = authenticator.find_holder(principal, scope)
    return principal


def build_challenge(error: Unauthenticated | Forbidden) -> str:
    """Return the WWW-Authenticate field of a refusal (RFC 6750 §3)."""
    if isinstance(error, Forbidden):
        return f'Bearer realm="tracker", error="insufficient_scope", scope="{error.scope}"'
    if error.fault is CredentialFault.MISSING:
        return 'Bearer realm="tracker"'
    return 'Bearer realm="tracker", error="invalid_token"'


def _build_rate_fields(allowance: Allowance) -> list[tuple[bytes, bytes]]:
    """Build the fields of draft-ietf-httpapi-ratelimit-headers-11."""
    policy = f'"key";q={allowance.size};w={WINDOW_S}'
    state = f'"key";r={allowance.left};t={allowance.full_s}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]


def _read_credential(request: Request, schemes: Sequence[str], fields: Sequence[str]) -> str:
    """Return the key that the request presents. Raises Unauthenticated."""
    given = request.headers.get("authorization", "").strip()
    scheme, _, credential = given.partition(" ")
    if scheme.lower() in ("bearer", *schemes) and credential.strip():
        return _read_access_key(credential.strip())
    for field in ("x-api-key", *fields):
        given_in = request.query_params if field.startswith("?") else request.headers
        key = given_in.get(field.removeprefix("?"), "").strip()
        if key and " " not in key:
            return key
    if given:
        raise Unauthenticated(
            CredentialFault.INVALID, "the Authorization field must be: Bearer KEY"
        )
    raise Unauthenticated(CredentialFault.MISSING, "send an API key: Authorization: Bearer KEY")


def _read_access_key(credential: str) -> str:
    """Return the key of a signed call's `Credential=KEY/…`; anything else is a key as it is.

    Clients that sign name their access key so. A key of ours in its place is a secret by itself,
    as it is in a Bearer: what it signs proves no more.
    """
    named = credential.removeprefix("Credential=")
    return credential if named == credential else named.partition("/")[0]


def _is_foreign_page(request: Request) -> bool:
    """Return true if a browser sends a changing request for a page of another site.

    What only reads is left alone: such a page is not shown the answer.
    """
    return request.method not in ("GET", "HEAD") and find_page_sender(request) is Sender.FOREIGN
