"""What handlers find behind a request: the services, and who is asking."""

from dataclasses import dataclass

from starlette.requests import Request

from tracker.clock import Clock
from tracker.domain.access import Principal
from tracker.domain.errors import Misuse
from tracker.services.keyring import Keyring
from tracker.services.passing import Passing
from tracker.services.reception import Reception
from tracker.services.submission import Acceptance
from tracker.store.store import Store
from tracker.web.auth import Door


@dataclass(frozen=True, slots=True)
class Limits:
    """What inbound requests may be.

    body_bytes, callback_bytes: one more byte is refused.
    body_timeout_s: for a whole body to arrive.
    """

    body_bytes: int
    callback_bytes: int
    body_timeout_s: float


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that handlers call. Made in `app`."""

    store: Store
    acceptance: Acceptance
    reception: Reception
    passing: Passing
    clock: Clock
    keyring: Keyring
    door: Door
    cursor_secret: bytes
    limits: Limits


def services(request: Request) -> Services:
    """The services of the process that answers this request."""
    found: Services = request.state.services
    return found


def principal(request: Request) -> Principal:
    """Who is asking. Raises Misuse where nobody was let in: such a handler lacks its guard."""
    found: Principal | None = getattr(request.state, "principal", None)
    if found is None:
        raise Misuse(f"{request.scope['path']} asks for a principal, and its route has no scope")
    return found


def tenant(request: Request) -> str:
    """Whose data this request may see."""
    return principal(request).tenant
