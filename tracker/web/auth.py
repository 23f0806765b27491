"""Who is asking, found out once per request and before anything else is done for it."""

from starlette.requests import Request

from tracker.domain.access import EVERYTHING, Principal, Scope
from tracker.services.correlation import DEFAULT_TENANT


async def admit(request: Request, _scope: Scope) -> Principal:
    """Let a request in, and remember for whom it acts (`state.principal`)."""
    principal = Principal(DEFAULT_TENANT, EVERYTHING)
    request.state.principal = principal
    return principal
