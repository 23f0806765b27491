"""/v1/accounts: which provider accounts there are, and how they fare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.rendering import format_instant
from tracker.providers.ports.account import Account
from tracker.services.upkeep.health import LATEST
from tracker.store import attempts, attention, conditions, held_slots
from tracker.store.attempts import EndedSubmit
from tracker.store.attention import UnknownWord
from tracker.store.conditions import Condition
from tracker.store.store import Reading
from tracker.web.api import service_views
from tracker.web.api.attention import render_word
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.state import Services, get_services, get_tenant

SUBMITS_SHOWN = 5
MOST_WORDS = 50
PAST_SHOWN = 10


@describe_operation(
    scope=Scope.TASKS_READ, tag="accounts", answers={200: service_views.AccountList}
)
async def list_(request: Request) -> Response:
    """List the provider accounts, without their secrets, and what is wrong with them now.

    They are the operator's: another tenant is answered an empty list.
    """
    listed: service_views.AccountList = {
        "accounts": await collect(get_services(request), get_tenant(request))
    }
    return JSONResponse(listed, headers={"cache-control": "no-store"})


async def collect(our: Services, owner: str) -> list[service_views.AccountView]:
    """Return the accounts that a tenant may see, by provider and name."""
    if owner != DEFAULT_TENANT:
        return []
    names = list(our.accounts)
    found = await our.store.read(lambda db: _look(db, names))
    return [
        _build_account(provider, account, found)
        for (provider, _), account in sorted(our.accounts.items())
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """Facts about all accounts."""

    standing: Sequence[Condition]
    held: Mapping[tuple[str, str], int]
    submits: Sequence[EndedSubmit]
    words: Sequence[UnknownWord]
    past: Mapping[tuple[str, str], Sequence[Condition]]


def _look(db: Reading, names: Sequence[tuple[str, str]]) -> _Found:
    return _Found(
        conditions.list_told(db),
        held_slots.count(db, names),
        attempts.find_latest_ended(db, limit=LATEST),
        attention.list_unknown_words(db, DEFAULT_TENANT, limit=MOST_WORDS),
        {name: conditions.list_past(db, *name, limit=PAST_SHOWN) for name in names},
    )


def _build_account(provider: str, account: Account, found: _Found) -> service_views.AccountView:
    name = (provider, account.name)
    standing = [one for one in found.standing if (one.provider, one.account) == name]
    submits = [one for one in found.submits if (one.provider, one.account) == name]
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
        "slots": {"held": found.held.get(name, 0), "allowed": account.max_in_flight},
        "latest_submits": [_submit(one) for one in submits[:SUBMITS_SHOWN]],
        "unknown_words": [render_word(one) for one in found.words if one.provider == provider],
        "past_conditions": [
            _build_past(one, one.cleared_at)
            for one in found.past[name]
            if one.cleared_at is not None
        ],
    }


def _build_past(one: Condition, cleared_at: datetime) -> service_views.PastCondition:
    return {
        "name": one.name,
        "provider": one.provider,
        "account": one.account,
        "reason": one.reason,
        "raised_at": format_instant(one.raised_at),
        "cleared_at": format_instant(cleared_at),
    }


def _submit(one: EndedSubmit) -> service_views.LatestSubmit:
    return {
        "ended_at": format_instant(one.ended_at),
        "outcome": one.outcome,
        "http_status": one.http_status,
        "code": one.code,
        "message": one.message,
    }
