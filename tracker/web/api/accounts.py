"""/v1/accounts: which provider accounts there are, and how they fare."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.providers.ports.account import Account
from tracker.store import conditions
from tracker.web.api import service_views
from tracker.web.edge.operation import operation
from tracker.web.edge.state import services, tenant


@operation(scope=Scope.TASKS_READ, tag="operations", answers={200: service_views.AccountList})
async def accounts(request: Request) -> Response:
    """List the provider accounts, without their secrets, and what is wrong with them now.

    They are the operator's: another tenant is answered an empty list.
    """
    our = services(request)
    listed: service_views.AccountList = {"accounts": []}
    if tenant(request) == DEFAULT_TENANT:
        standing = await our.store.read(conditions.list_open)
        listed["accounts"] = [
            _account(provider, account, [c for c in standing if _is_of(c, provider, account)])
            for (provider, _), account in sorted(our.accounts.items())
        ]
    return JSONResponse(listed, headers={"cache-control": "no-store"})


def _account(
    provider: str, account: Account, standing: Sequence[conditions.Condition]
) -> service_views.Account:
    return {
        "provider": provider,
        "name": account.name,
        "profile": account.profile,
        "has_credentials": account.options.has_credentials(),
        "weight": account.weight,
        "max_in_flight": account.max_in_flight,
        "health": {
            "status": "troubled" if standing else "ok",
            "conditions": [one.name for one in standing],
            "reason": "; ".join(one.reason for one in standing) or None,
        },
    }


def _is_of(condition: conditions.Condition, provider: str, account: Account) -> bool:
    return (condition.provider, condition.account) == (provider, account.name)
