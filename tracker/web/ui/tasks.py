"""`/ui/tasks`: the list. Its URL is its state, in the API's own parameters."""

from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.task import OPEN, TaskState
from tracker.services.upkeep.state_counts import LATELY, MOST, StateCounts
from tracker.store.listing import Order
from tracker.web.api.changes import encode_feed_cursor
from tracker.web.api.listed import TaskListing, list_tasks
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.addresses import format_local_time, redirect_to_plain_address
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page
from tracker.web.ui.task_parts import build_rows

PAGES = Pages()
SIZES = (50, 100, 200)
COLUMNS = ("id", "provider_task_id", "updated")
"""Columns that are shown on demand."""
KNOWN = (
    *params.FILTERS,
    params.ORDER,
    params.define_limit(default=SIZES[0], high=SIZES[-1]),
    params.CURSOR,
    Param("column", "A column to show besides.", repeatable=True),
    # What forms send, which is led to the parameters above.
    Param("metadata_key", "A key of metadata."),
    Param("metadata_value", "Its value."),
)
PATIENCE_S = 0.05
"""How long a page waits for counts that are being made."""
_TIMES = ("created_after", "created_before", "updated_after", "updated_before")
_NOT_FILTERS = frozenset(
    {"cursor", "limit", "order", "column", "ids", "task", "news", "once", "after"}
)


@PAGES.get("/tasks", scope=Scope.TASKS_READ, known=KNOWN)
async def show(request: Request, reader: Reader) -> Response:
    """Show a page of tasks. What a form left empty is taken out of the address first."""
    plain = redirect_to_plain_address(request, reader, "/tasks", times=_TIMES)
    if plain is not None:
        return plain
    limit = query.read_integer(request, "limit", default=SIZES[0], low=1, high=SIZES[-1])
    found = await list_tasks(request, reader.tenant, limit=limit)
    our = get_services(request)
    counts = await our.state_counting.look(reader.tenant, patience_s=PATIENCE_S)
    position = found.page.position
    return render_page(
        request,
        reader,
        "tasks.html",
        rows=build_rows(found.page.tasks, our.clock.now(), reader.preferences.language),
        **build_chip_values(counts, our.clock.now()),
        asked=request.query_params,
        asked_all={name: request.query_params.getlist(name) for name in request.query_params},
        given=_list_set_filters(request, reader),
        filters=_read_filters(request.query_params),
        times={name: format_local_time(request, name, reader) for name in _TIMES},
        columns=[name for name in COLUMNS if name in request.query_params.getlist("column")],
        is_oldest_first=found.order is Order.OLDEST,
        states_known=list(TaskState),
        columns_known=COLUMNS,
        providers=sorted({provider for provider, _ in our.accounts}),
        accounts=_list_account_names(request, reader),
        sizes=SIZES,
        limit=limit,
        next_cursor=build_next_cursor(request, found.last, scope=found.scope),
        searched_to=None if position is None or len(found.page.tasks) >= limit else position.at,
        recent=[(span, our.clock.now() - span) for span in _SPANS],
        live=_build_live_urls(request, reader, found),
        news=build_news_query(request),
        new=0,
        most_news=0,
    )


def _list_account_names(request: Request, reader: Reader) -> list[str]:
    """Return what the field of the account suggests; accounts are the operator's alone."""
    asked = request.query_params.get("provider")
    accounts = get_services(request).accounts if reader.tenant == DEFAULT_TENANT else ()
    return sorted({name for provider, name in accounts if asked in (None, provider)})


_SPANS = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
"""Times until now that the filter offers."""


def list_chips(counts: StateCounts | None) -> list[tuple[TaskState, bool, str]]:
    """Return (state, is it open, how many) of what there is; `10k+` where counting stopped."""
    if counts is None:
        return [(state, True, "") for state in TaskState if state in OPEN]
    shown = [
        (state, state in OPEN, counts.open.get(state, 0) + counts.lately.get(state, 0))
        for state in TaskState
    ]
    return [
        (state, is_open, "10k+" if is_open and count > MOST else f"{count:,}")
        for state, is_open, count in shown
        if count or state in (TaskState.RUNNING, TaskState.SUCCEEDED, TaskState.FAILED)
    ]


def build_chip_values(counts: StateCounts | None, now: datetime) -> dict[str, Any]:
    """Return what the chips name: those that count ended tasks begin with an hour, `since`."""
    return {
        "chips": list_chips(counts),
        "counted_at": None if counts is None else counts.at,
        "since": (now - LATELY).replace(minute=0, second=0, microsecond=0),
    }


def build_news_query(request: Request) -> dict[str, list[str]]:
    """Return the query of the list's first page, with its filters and columns."""
    asked = request.query_params
    kept = {name: asked.getlist(name) for name in asked if name in ("limit", "column")}
    return _read_filters(asked) | kept


def _build_live_urls(request: Request, reader: Reader, found: TaskListing) -> dict[str, str]:
    """Return where the page's changes come from, and from which change on."""
    asked = request.query_params
    has_news = "cursor" not in asked and found.order is Order.NEWEST
    query_ = {
        **{name: asked.getlist(name) for name in asked if name != "cursor"},
        "news": "1" if has_news else None,
        "ids": ",".join(task.id.hex for task in found.page.tasks),
    }
    return {
        "url": build_address(request, "/live", query_),
        "after": encode_feed_cursor(request, reader.tenant, found.seen),
    }


def _read_filters(asked: "ImmutableMultiDict[str, str]") -> dict[str, list[str]]:
    """Return the filters of an address, for links that keep them."""
    return {name: asked.getlist(name) for name in asked if name not in _NOT_FILTERS}


def _list_set_filters(request: Request, reader: Reader) -> list[tuple[str, str, dict[str, Any]]]:
    """Return each filter that is set: name, value as it is shown, and the query without it."""
    asked, said = request.query_params, []
    everything = {name: asked.getlist(name) for name in asked if name != "cursor"}
    for name, values in _read_filters(asked).items():
        for value in values:
            rest = {**everything, name: [one for one in values if one != value]}
            is_time = name in _TIMES
            said.append(
                (name, format_local_time(request, name, reader) if is_time else value, rest)
            )
    return said
