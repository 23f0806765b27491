"""/v1/stats: how many tasks stand where, how they ended lately, how fast, and at what cost."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.cost import Price
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.rendering import format_instant
from tracker.domain.tally import Tally
from tracker.domain.task import OPEN, TERMINAL
from tracker.services.upkeep.counting import KEPT, Counted, look
from tracker.web.api import service_views
from tracker.web.edge import query
from tracker.web.edge.operation import Param, describe_operation
from tracker.web.edge.state import get_services, get_tenant

MAX_HOURS = KEPT // timedelta(hours=1) - 1
_HOURS = Param(
    "hours",
    "How far back `lately` reaches, in whole hours; the hour under way counts besides.",
    {"type": "integer", "minimum": 1, "maximum": MAX_HOURS, "default": 24},
)

_BY = Param(
    "by",
    "`hour`: `lately` as a series besides.",
    {"type": "string", "enum": ["hour"]},
)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="stats",
    query=(_HOURS, _BY),
    answers={200: service_views.Stats},
)
async def get(request: Request) -> Response:
    """Counts by state, latency, who brought the verdicts, and costs."""
    hours = query.read_integer(request, "hours", default=24, low=1, high=MAX_HOURS)
    by = query.read_text(request, "by")
    if by not in (None, "hour"):
        raise InvalidRequest(FieldError("by", "must be one of: hour"), malformed=True)
    our, owner = get_services(request), get_tenant(request)
    now = our.clock.now()
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    since = hour - timedelta(hours=hours)
    found = await our.store.read(lambda db: look(db, owner, since=since))
    return JSONResponse(
        _render(found, since, now, is_hourly=by == "hour"), headers={"cache-control": "no-store"}
    )


def _render(
    found: Counted, since: datetime, now: datetime, *, is_hourly: bool
) -> service_views.Stats:
    return {
        "as_of": format_instant(now),
        "since": format_instant(since),
        "is_whole": found.whole,
        "open": {state.value: found.open.get(state, 0) for state in sorted(OPEN)},
        "lately": [_build_account(*name, one) for name, one in sorted(found.lately.items())],
        "ever": [_build_account(*name, one) for name, one in sorted(found.ever.items())],
        "hours": [
            {
                "hour": format_instant(hour),
                "accounts": [_build_account(*name, one) for name, one in sorted(accounts.items())],
            }
            for hour, accounts in sorted(found.hours.items())
        ]
        if is_hourly
        else None,
    }


def _build_account(provider: str, account: str, one: Tally) -> service_views.AccountStats:
    ended, told = one.get_counts("ended"), one.get_counts("told")
    all_told = sum(told.values())
    return {
        "provider": provider,
        "account": account,
        "ended": {state.value: ended.get(state.value, 0) for state in sorted(TERMINAL)},
        "callback_ratio": told.get("callback", 0) / all_told if all_told else None,
        "latency_s": {
            "p50": _find_seconds(one, 0.5),
            "p90": _find_seconds(one, 0.9),
            "p99": _find_seconds(one, 0.99),
        },
        "costs": build_sums(one.costs),
    }


def build_sums(costs: Mapping[Price, Decimal]) -> list[service_views.CostSumView]:
    """Render amounts by price."""
    return [
        {
            "kind": price.kind,
            "unit": price.unit,
            "currency": price.currency,
            "amount": f"{amount:f}",
        }
        for price, amount in sorted(costs.items(), key=lambda item: str(item[0]))
    ]


def _find_seconds(one: Tally, share: float) -> float | None:
    found = one.compute_percentile(share)
    return None if found is None else round(found.total_seconds(), 3)
