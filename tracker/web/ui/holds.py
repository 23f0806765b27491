"""`/ui/holds`: what retention must leave alone, and why; placed and released by hand."""

from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.task import Task
from tracker.domain.validation import list_field_errors
from tracker.services.own_tasks import find_own_task
from tracker.services.upkeep import holding
from tracker.services.upkeep.holding import MOST_REASON, NO_SUCH_HOLD, NewHold
from tracker.store import audit, holds, tasks
from tracker.store.holds import Hold
from tracker.store.store import Reading
from tracker.web.api.holds import HoldBody
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor, read_position
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, ask, redirect_back
from tracker.web.ui.frame.formats import format_second
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.named_task import TASK, find_named_task

PAGES = Pages()
ROWS = 50
_BACK = Param("back", "Where one came from.")


@PAGES.get("/holds", scope=Scope.TASKS_READ, known=[Param("after", "Where the page goes on.")])
async def show(request: Request, reader: Reader) -> Response:
    """List holds, newest first. Who placed one is told to those who may read the audit."""
    tenant, scope = reader.tenant, f"page of holds {reader.tenant}"
    before = read_position(request, scope=scope, name="after")

    def read(db: Reading) -> tuple[list[Hold], dict[UUID, Task], dict[str, str]]:
        found = holds.list_page(db, tenant, before=before, limit=ROWS + 1)
        named = tasks.load_by_id(db, [one.task_id for one in found if one.task_id is not None])
        ids = [one.id for one in found] if reader.may(Scope.ADMIN) else []
        return found, dict(named), audit.list_actors(db, tenant, "holds.add", ids)

    found, named, actors = await get_services(request).store.read(read)
    last = found[ROWS - 1].key if len(found) > ROWS else None
    return render_page(
        request,
        reader,
        "holds.html",
        holds=found[:ROWS],
        named=named,
        actors=actors,
        more=build_next_cursor(request, last, scope=scope),
        is_first=before is None,
    )


@PAGES.get("/holds/add/confirm", scope=Scope.ADMIN, known=[TASK, _BACK])
async def ask_add(request: Request, reader: Reader) -> Response:
    """Ask why a task is to be held; without `task`, why all of the tenant's are."""
    say, text = build_translator(reader.preferences.language), request.query_params.get(TASK.name)
    name, fields = "", list[tuple[str, str]]()
    if text is not None:
        id_ = await find_named_task(request, reader, text)
        task = await find_own_task(get_services(request).store, reader.tenant, id_)
        name, fields = task.external_task_id, [("task_id", str(id_))]
    question = Question(
        title=say("holds.ask.all") if text is None else say("holds.ask", name=name),
        button=say("holds.add"),
        why=[say("holds.ask.all.why" if text is None else "holds.ask.why"), say("holds.until")],
        path="/holds",
        fields=fields,
    )
    return ask(request, reader, question, template="ask_hold.html", most_reason=MOST_REASON)


@PAGES.post("/holds", scope=Scope.ADMIN, action="holds.add")
async def add(request: Request, reader: Reader) -> Response:
    """Hold a task, or all of the tenant's. Raises InvalidRequest."""
    form = await read_form(request)
    given = form.get_text("task_id") or None
    try:
        said = HoldBody.model_validate({"task_id": given, "reason": form.get_text("reason")})
    except ValidationError as error:
        raise InvalidRequest(*list_field_errors(error)) from None
    id_ = None if said.task_id is None else query.parse_uuid(said.task_id)
    no_task = InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    if given is not None and id_ is None:
        raise no_task
    new = NewHold(reader.tenant, id_, said.reason)
    try:
        await get_services(request).store.write(holding.add, new)
    except NotFound:
        raise no_task from None
    return redirect_back(request, form, "/holds", "done.held")


@PAGES.get("/holds/{id}/remove/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_remove(request: Request, reader: Reader) -> Response:
    """Ask before a hold is released, and say what it keeps."""
    our, key = get_services(request), query.read_row_key(request, NO_SUCH_HOLD)
    found = await our.store.read(lambda db: holds.get(db, reader.tenant, key))
    if found is None:
        raise NotFound(NO_SUCH_HOLD)
    task = None if found.task_id is None else await our.store.find(tasks.load_by_id, found.task_id)
    say, zone = build_translator(reader.preferences.language), reader.preferences.zone
    name = say("holds.all") if found.task_id is None else str(found.task_id)
    if task is not None:
        name = task.external_task_id
    since = format_second(found.created_at, zone, our.clock.now())
    question = Question(
        title=say("holds.ask.remove"),
        button=say("holds.remove"),
        why=[say("holds.ask.remove.why")],
        path=f"/holds/{key}/remove",
        names=[f"{name} · {found.reason} · {since}"],
    )
    return ask(request, reader, question)


@PAGES.post("/holds/{id}/remove", scope=Scope.ADMIN, action="holds.remove")
async def remove(request: Request, reader: Reader) -> Response:
    """Release a hold. Raises NotFound."""
    form, key = await read_form(request), query.read_row_key(request, NO_SUCH_HOLD)
    if not await get_services(request).store.write(holding.remove, (reader.tenant, key)):
        raise NotFound(NO_SUCH_HOLD)
    return redirect_back(request, form, "/holds", "done.released")
