"""`/ui/bulk`: one action on all tasks that a filter matches: counted, confirmed, followed."""

from collections import Counter
from dataclasses import replace
from operator import attrgetter
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.runs import RunOutcome, RunState
from tracker.services.submit.bulk import ACTED_ON, MOST, BulkAction, BulkOrder
from tracker.services.submit.runs import NO_SUCH_RUN
from tracker.services.submit.selection import Selection
from tracker.store import bulk_runs
from tracker.store.bulk_runs import KeptRun
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor, read_position
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import MOST_UNTYPED, Question, ask, check_typed, redirect_back
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page
from tracker.web.ui.frame.words import build_translator

PAGES = Pages()
ROWS = 50
_AFTER = Param("after", "Where the page goes on.")
_CHOSEN = (
    *params.FILTERS,
    Param("error_code", "Only tasks whose error has this code."),
)
_COUNTED = (
    *_CHOSEN,
    Param("action", "What is to be done."),
    Param("ids", "Only these tasks.", repeatable=True),
)
_NOT_FILTERS = frozenset({"action", "after", "order", "limit", "cursor", "column"})
_LISTED = (Param("order", ""), Param("limit", ""), Param("column", "", repeatable=True))
"""Of the list of tasks, whose address this page's begins as: they choose no task."""


@PAGES.get("/bulk", scope=Scope.TASKS_READ, known=[*_CHOSEN, *_LISTED, _AFTER])
async def choose(request: Request, reader: Reader) -> Response:
    """Offer the actions for what a filter matches, and list the runs that there were."""
    our, scope = get_services(request), f"pages of runs {reader.tenant}"
    before = read_position(request, scope=scope, name="after")
    found = await our.store.read(
        lambda db: bulk_runs.list_page(db, reader.tenant, before=before, limit=ROWS + 1)
    )
    last = found[ROWS - 1].key if len(found) > ROWS else None
    return render_page(
        request,
        reader,
        "bulk.html",
        filters=_read_filters(request),
        actions=list(BulkAction),
        runs=found[:ROWS],
        more=build_next_cursor(request, last, scope=scope),
        is_first=before is None,
    )


@PAGES.get("/bulk/new", scope=Scope.TASKS_WRITE, known=[*_COUNTED, *_LISTED])
async def count(request: Request, reader: Reader) -> Response:
    """Say what an action would do; change nothing."""
    our, order = get_services(request), _read_order(request, reader)
    until = our.clock.now()
    found = await our.bulk.run(order, after=None, until=until)
    token, expires_at = our.runs.sign_token(order, found.matching, after=None, until=until)
    say = build_translator(reader.preferences.language)
    return render_page(
        request,
        reader,
        "bulk_new.html",
        action=order.action,
        by_state=Counter({say(f"state.{name}"): n for name, n in found.by_state.items()}),
        filters=_read_filters(request),
        found=found,
        until=until,
        is_more=found.place is not None,
        most=MOST,
        must_type=found.matching > MOST_UNTYPED,
        token=token,
        expires_at=expires_at,
    )


@PAGES.post("/bulk", scope=Scope.TASKS_WRITE, action="runs.start", counts=attrgetter("matching"))
async def start(request: Request, reader: Reader) -> Response:
    """Start the run that was counted."""
    form, our = await read_form(request), get_services(request)
    plan = our.runs.read_token(reader.tenant, form.get_text("token"), actor=reader.actor)
    check_typed(form, plan.matching)
    run = await our.runs.start(plan)
    return RedirectResponse(build_address(request, f"/bulk/{run.id}"), 303)


@PAGES.get(
    "/bulk/{id}",
    scope=Scope.TASKS_READ,
    known=[Param("outcome", "Only tasks of which this became."), _AFTER],
)
async def show(request: Request, reader: Reader) -> Response:
    """Show how far a run is, and what became of its tasks."""
    our, run = get_services(request), await _run(request, reader)
    outcome = next(iter(query.read_words(request, "outcome", RunOutcome)), None)
    scope = f"page of run {run.id} {outcome}"
    after = read_position(request, scope=scope, name="after") or 0
    found, reasons = await our.store.read(
        lambda db: (
            bulk_runs.list_tasks(db, run.key, outcome=outcome, after=after, limit=ROWS + 1),
            bulk_runs.count_reasons(db, run.key),
        )
    )
    last = found[ROWS - 1].key if len(found) > ROWS else None
    return render_page(
        request,
        reader,
        "bulk_run.html",
        run=run,
        is_running=run.state is RunState.RUNNING,
        ended=run.done + run.refused + run.failed,
        reasons=reasons,
        outcome=outcome,
        outcomes=list(RunOutcome),
        tasks=found[:ROWS],
        more=build_next_cursor(request, last, scope=scope),
        has_worker=our.presence.has_worker,
    )


@PAGES.get("/bulk/{id}/stop/confirm", scope=Scope.TASKS_WRITE, known=[Param("back", "")])
async def ask_stop(request: Request, reader: Reader) -> Response:
    """Ask before a run is stopped."""
    run = await _run(request, reader)
    say = build_translator(reader.preferences.language)
    is_over = run.state is not RunState.RUNNING
    left = run.matching - run.done - run.refused - run.failed
    question = Question(
        title=say("bulk.stop.title"),
        button=say("bulk.stop"),
        why=[say("bulk.stop.why", n=left)],
        path=f"/bulk/{run.id}/stop",
        refusal=f"it is {run.state}: there is nothing to stop" if is_over else None,
    )
    return ask(request, reader, question)


@PAGES.post("/bulk/{id}/stop", scope=Scope.TASKS_WRITE, action="runs.stop")
async def stop(request: Request, reader: Reader) -> Response:
    """Act on no further task of a run."""
    form, run = await read_form(request), await _run(request, reader)
    await get_services(request).runs.stop(reader.tenant, run.id, actor=reader.actor)
    return redirect_back(request, form, f"/bulk/{run.id}", "done.bulk-stopped")


def _read_order(request: Request, reader: Reader) -> BulkOrder:
    """Return what an address asks for. Raises InvalidRequest; NotFound for what is no task."""
    actions = query.read_words(request, "action", BulkAction)
    if len(actions) != 1:
        raise InvalidRequest(FieldError("action", f"must be one of: {', '.join(BulkAction)}"))
    given = request.query_params.getlist("ids")
    ids: list[UUID] = []
    for text in given[:MOST]:
        id_ = query.parse_uuid(text)
        if id_ is None:
            raise NotFound(NO_SUCH_TASK)
        ids.append(id_)
    wanted = query.read_task_filter(request, reader.tenant)
    if not wanted.states and not ids:
        wanted = replace(wanted, states=sorted(ACTED_ON[actions[0]]))
    selection = Selection(wanted, query.read_text(request, "error_code"))
    return BulkOrder(actions[0], selection, reader.actor, is_dry=True, ids=ids or None)


def _read_filters(request: Request) -> dict[str, list[str]]:
    """Return what chooses the tasks, for links that keep it."""
    asked = request.query_params
    return {name: asked.getlist(name) for name in asked if name not in _NOT_FILTERS}


async def _run(request: Request, reader: Reader) -> KeptRun:
    id_ = query.read_path_id(request, NotFound(NO_SUCH_RUN))
    return await get_services(request).runs.get(reader.tenant, id_)
