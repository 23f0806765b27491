"""/v1/costs: what tasks cost, by day, provider, account, operation and key."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal

from pydantic import with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.ledger import EntryPhase
from tracker.services.read.spending import CostGroup, Spending, read_spending
from tracker.web.api.views import EXACT, Uuid
from tracker.web.edge import query
from tracker.web.edge.cells import guard_cell
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation
from tracker.web.edge.state import get_services, get_tenant

CSV = "text/csv"
MOST_DAYS = 366
_DEFAULT = (CostGroup.DAY, CostGroup.PROVIDER)
_DAY = {"type": "string", "format": "date"}
_PARAMS = (
    Param(
        "since", "First day, UTC; the first of the month of `until` where it is not given.", _DAY
    ),
    Param("until", f"Last day, UTC; today where it is not given. At most {MOST_DAYS} days.", _DAY),
    Param(
        "by",
        "What costs are told apart by; day and provider where it is not given.",
        {"type": "string", "enum": list(CostGroup)},
        repeatable=True,
    ),
    Param(
        "format",
        "`csv` for a table, as `Accept: text/csv` asks for it too.",
        {"type": "string", "enum": ["json", "csv"], "default": "json"},
    ),
)
_NAMES = (
    *("day", "provider", "account", "operation", "key", "key_name"),
    *("kind", "unit", "currency"),
)
_AMOUNTS = (
    *("estimated", "reserved", "possible"),
    *("settled", "refunded", "refunded_in_excess", "total"),
)


@with_config(EXACT)
class CostLine(TypedDict):
    """The costs of one group in one currency or unit. Amounts are exact decimal text.

    What was not asked for in `by` is null.
    """

    day: str | None
    """The UTC day on which the tasks were created."""
    provider: str | None
    account: str | None
    operation: str | None
    key: Uuid | None
    """The API key that submitted the tasks; null for none."""
    key_name: str | None
    kind: str
    unit: str | None
    currency: str | None
    estimated: str
    """Expected, and neither reserved nor charged yet."""
    reserved: str
    possible: str
    """Perhaps billed: the outcome of the tasks is unknown or in doubt."""
    settled: str
    refunded: str
    refunded_in_excess: str
    """Given back beyond what was charged, e.g. twice."""
    total: str
    """Estimated, reserved, possible and settled, less refunded: what counts against budgets."""


@with_config(EXACT)
class Costs(TypedDict):
    """Costs of tasks by group."""

    since: str
    until: str
    by: list[str]
    costs: list[CostLine]


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="costs",
    query=_PARAMS,
    answers={200: ResponseSpec(Costs, also=[CSV])},
)
async def get(request: Request) -> Response:
    """Costs of the tasks that were created on these days: expected, charged and given back.

    All entries of a task count for the day of its creation, also a refund that comes later.
    """
    is_csv = _is_csv_wanted(request)
    by = [one for one in CostGroup if one in query.read_words(request, "by", CostGroup)] or _DEFAULT
    now, owner = get_services(request).clock.now().astimezone(UTC).date(), get_tenant(request)
    until = _parse_day(request, "until", now)
    since = _parse_day(request, "since", until.replace(day=1))
    if since > until:
        reason = f"must not be after until, which is {until.isoformat()} (UTC)"
        raise InvalidRequest(FieldError("since", reason), malformed=True)
    if until - since >= timedelta(days=MOST_DAYS):
        reason = f"must be at most {MOST_DAYS - 1} days before until"
        raise InvalidRequest(FieldError("since", reason), malformed=True)
    found = await get_services(request).store.read(
        lambda db: read_spending(db, owner, since=since.isoformat(), until=until.isoformat(), by=by)
    )
    rows = [_render(one) for one in found]
    headers = {"cache-control": "no-store", "vary": "Accept"}
    if is_csv:
        return Response(_format_csv(rows), headers=headers, media_type=CSV)
    told: Costs = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "by": [one.value for one in by],
        "costs": rows,
    }
    return JSONResponse(told, headers=headers)


def _is_csv_wanted(request: Request) -> bool:
    """Tell whether a table is asked for. Raises InvalidRequest."""
    form = request.query_params.get("format")
    if form not in (None, "json", "csv"):
        raise InvalidRequest(FieldError("format", "must be one of: json, csv"), malformed=True)
    accepted = request.headers.get("accept", "").partition(",")[0].partition(";")[0]
    return form == "csv" or (form is None and accepted.strip().lower() == CSV)


def _parse_day(request: Request, name: str, default: date) -> date:
    value = request.query_params.get(name)
    try:
        return default if value is None else date.fromisoformat(value)
    except ValueError:
        reason = "must be a day like 2026-11-28"
        raise InvalidRequest(FieldError(name, reason), malformed=True) from None


def _render(one: Spending) -> CostLine:
    key = one.group.get(CostGroup.KEY)
    amounts = {phase: f"{one.amounts.get(phase, Decimal(0)):f}" for phase in EntryPhase}
    return {
        "day": one.group.get(CostGroup.DAY),
        "provider": one.group.get(CostGroup.PROVIDER),
        "account": one.group.get(CostGroup.ACCOUNT),
        "operation": one.group.get(CostGroup.OPERATION),
        "key": None if key is None else str(key.id),
        "key_name": None if key is None else key.name,
        "kind": one.price.kind,
        "unit": one.price.unit,
        "currency": one.price.currency,
        "estimated": amounts[EntryPhase.ESTIMATE],
        "reserved": amounts[EntryPhase.RESERVE],
        "possible": amounts[EntryPhase.POSSIBLE],
        "settled": amounts[EntryPhase.SETTLE],
        "refunded": amounts[EntryPhase.REFUND],
        "refunded_in_excess": amounts[EntryPhase.EXCESS_REFUND],
        "total": f"{one.total:f}",
    }


def _format_csv(rows: Sequence[CostLine]) -> str:
    """Return rows as RFC 4180 has them. Names that a spreadsheet would compute are quoted."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow((*_NAMES, *_AMOUNTS))
    for row in rows:
        names = [guard_cell(row.get(name)) for name in _NAMES]
        table.writerow([*names, *(row.get(name) for name in _AMOUNTS)])
    return text.getvalue()
