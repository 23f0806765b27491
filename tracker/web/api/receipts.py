"""/v1/receipts: what came in and was odd, with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.domain.lifecycle import Verdict
from tracker.store import odd_receipts
from tracker.store.attention import ASKING
from tracker.store.odd_receipts import JudgedReceipt, OddFilter
from tracker.web.api import receipt_views
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation
from tracker.web.edge.paging import answer_page, build_list_scope, read_position
from tracker.web.edge.state import get_services, get_tenant

MAX_PAGE = 500
LISTED = (*ASKING, Verdict.UNCONFIRMED)
"""Verdicts that the list can be asked for: those that an index has."""
_RAW = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="receipt.bin"',
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
}
"""Whatever somebody sent, no browser is to take it for a page of ours."""


LIST_QUERY = (
    Param(
        "verdict",
        "Only receipts with this verdict; without it all that may need a human.",
        {"type": "string", "enum": [verdict.value for verdict in LISTED]},
        repeatable=True,
    ),
    Param("provider", "Only receipts of this provider."),
    Param(
        "dismissed",
        "Only those that were put aside, or only those that were not.",
        {"type": "string", "enum": ["true", "false"]},
    ),
    params.define_limit(default=50, high=MAX_PAGE),
    Param("after", "`next_cursor` of the page before."),
)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="receipts",
    query=LIST_QUERY,
    answers={
        200: ResponseSpec(
            receipt_views.OddReceiptPage, headers={"Link": 'The next page, as `rel="next"`.'}
        )
    },
)
async def list_(request: Request) -> Response:
    """A page of odd receipts, newest first: of tasks, and of senders that nobody knows."""
    found = await list_receipts(request, get_tenant(request))
    body = {"receipts": [receipt_views.render_listed(one) for one in found.receipts]}
    return answer_page(request, body, last=found.last, scope=found.scope, name="after")


@dataclass(frozen=True, slots=True)
class ReceiptList:
    """A page of odd receipts. last: the sort key of its last one, where more follow.

    scope: names the list and its filters, for the cursor.
    """

    receipts: Sequence[JudgedReceipt]
    last: int | None
    scope: str


async def list_receipts(request: Request, owner: str) -> ReceiptList:
    """Read the page of odd receipts that a request's parameters name. Raises InvalidRequest."""
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    wanted = OddFilter(
        owner,
        verdicts=_parse_verdicts(request) or ASKING,
        provider=query.read_text(request, "provider"),
        is_dismissed=query.read_flag(request, "dismissed"),
    )
    narrowed = {
        "verdict": list(wanted.verdicts),
        "provider": wanted.provider,
        "dismissed": wanted.is_dismissed,
    }
    scope = build_list_scope("receipts", owner, narrowed)
    before = read_position(request, scope=scope, name="after")
    found = await get_services(request).store.read(
        lambda db: odd_receipts.list_page(db, wanted, before=before, limit=limit + 1)
    )
    last = found[limit - 1].receipt.key if len(found) > limit else None
    return ReceiptList(found[:limit], last, scope)


@describe_operation(
    scope=Scope.TASKS_READ, tag="receipts", answers={200: receipt_views.WholeReceipt}
)
async def get(request: Request) -> Response:
    """One receipt with its headers and its body, raw but for secrets of the service."""
    whole = receipt_views.render_whole(await look(request, get_tenant(request)))
    return JSONResponse(whole, headers={"cache-control": "no-store"})


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="receipts",
    answers={200: ResponseSpec(None, media="application/octet-stream")},
)
async def body(request: Request) -> Response:
    """The bytes of a receipt as they are kept, to be saved in a file."""
    return build_raw_answer(await look(request, get_tenant(request)))


def build_raw_answer(found: JudgedReceipt) -> Response:
    """Return the bytes of a receipt, to be saved and never to be shown."""
    return Response(found.receipt.body or b"", headers=_RAW, media_type="application/octet-stream")


async def look(request: Request, owner: str) -> JudgedReceipt:
    """Return the receipt of the path. Raises NotFound."""
    key = query.read_row_key(request)
    found = await get_services(request).store.read(
        lambda db: odd_receipts.get_whole(db, owner, key)
    )
    if found is None:
        raise NotFound("there is no such receipt")
    return replace(found, receipt=get_services(request).serving.describe_files(found.receipt))


def _parse_verdicts(request: Request) -> tuple[Verdict, ...]:
    given = dict.fromkeys(request.query_params.getlist("verdict"))
    if not given.keys() <= {verdict.value for verdict in LISTED}:
        reason = f"must be one of: {', '.join(LISTED)}"
        raise InvalidRequest(FieldError("verdict", reason), malformed=True)
    return tuple(map(Verdict, given))
