"""Actions of people on one task or on those that are ticked: POSTs below `/ui/tasks`."""

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.clock import make_id
from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.task import Task, TaskState, is_askable
from tracker.domain.validation import list_field_errors
from tracker.locale import translate
from tracker.services.own_tasks import find_own_task
from tracker.services.submit.actions import NOT_UNCERTAIN, Resolution
from tracker.services.submit.bulk import MOST, BulkAction, BulkOrder
from tracker.services.submit.selection import Selection
from tracker.store.driver import acting
from tracker.store.filters import TaskFilter
from tracker.web.api.schemas import ResolveBody
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, aim, ask, ask_to_tick, check_typed, redirect_back
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.notices import leave_notice
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, find_root
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.task_parts import Say, bill_text

PAGES = Pages()
"""Actions on tasks."""
IDS = "ids"
_BACK = Param("back", "Where one came from.")
_ASKED = (Param(IDS, "A task.", repeatable=True), _BACK)


@PAGES.post(
    "/tasks/refresh", scope=Scope.TASKS_WRITE, action="tasks.refresh", counts=attrgetter("done")
)
async def refresh(request: Request, reader: Reader) -> Response:
    """Have the provider asked about tasks."""
    form = await read_form(request)
    return await _act(request, reader, form, BulkAction.REFRESH)


@PAGES.get("/tasks/cancel/confirm", scope=Scope.TASKS_WRITE, known=_ASKED)
async def ask_cancel(request: Request, reader: Reader) -> Response:
    """Ask before tasks are cancelled."""
    return await _ask(request, reader, BulkAction.CANCEL)


@PAGES.post(
    "/tasks/cancel", scope=Scope.TASKS_WRITE, action="tasks.cancel", counts=attrgetter("done")
)
async def cancel(request: Request, reader: Reader) -> Response:
    """Cancel tasks, or have their providers asked to."""
    form = await read_form(request)
    return await _act(request, reader, form, BulkAction.CANCEL)


@PAGES.get("/tasks/resubmit/confirm", scope=Scope.TASKS_WRITE, known=_ASKED)
async def ask_resubmit(request: Request, reader: Reader) -> Response:
    """Ask before tasks are submitted again, and say what that may cost."""
    return await _ask(request, reader, BulkAction.RESUBMIT)


@PAGES.post(
    "/tasks/resubmit", scope=Scope.TASKS_WRITE, action="tasks.resubmit", counts=attrgetter("done")
)
async def resubmit(request: Request, reader: Reader) -> Response:
    """Submit tasks again, once however often the form is sent."""
    form = await read_form(request)
    return await _act(request, reader, form, BulkAction.RESUBMIT)


@PAGES.post("/tasks/dismiss", scope=Scope.TASKS_WRITE, action="tasks.dismiss")
async def dismiss(request: Request, reader: Reader) -> Response:
    """Take a task that is followed up out of what needs a person."""
    form = await read_form(request)
    (id_,) = _read_ids(form)[:1]
    aim([str(id_)])
    await get_services(request).dismissing.dismiss_follow_up(reader.tenant, id_, actor=reader.actor)
    return redirect_back(request, form, f"/tasks/{id_}", "done.dismissed", n=1)


@PAGES.get("/tasks/{id}/resolve/confirm", scope=Scope.TASKS_WRITE, known=[_BACK])
async def ask_resolve(request: Request, reader: Reader) -> Response:
    """Ask what a person has found out about a submit whose outcome nobody told."""
    our, id_ = get_services(request), query.read_task_id(request)
    task = await find_own_task(our.store, reader.tenant, id_)
    say = build_translator(reader.preferences.language)
    is_open = task.state is TaskState.UNCERTAIN
    question = Question(
        title=say("ask.resolve", name=task.external_task_id),
        button=say("action.resolve"),
        why=[say("ask.resolve.why")],
        path=f"/tasks/{id_}/resolve",
        refusal=None if is_open else NOT_UNCERTAIN.format(task.state),
    )
    reason = our.actions.explain_manual_resolution(task.provider, task.account)
    return ask(request, reader, question, template="ask_resolve.html", reason=reason)


@PAGES.post("/tasks/{id}/resolve", scope=Scope.TASKS_WRITE, action="tasks.resolve")
async def resolve(request: Request, reader: Reader) -> Response:
    """Settle an uncertain task by what a person has found out."""
    form, id_ = await read_form(request), query.read_task_id(request)
    verb = form.get_text("verb")
    theirs = form.get_text("provider_task_id").strip() if verb == "exists" else ""
    try:
        said = ResolveBody.model_validate({"verb": verb, "provider_task_id": theirs or None})
    except ValidationError as error:
        raise InvalidRequest(*list_field_errors(error)) from None
    resolution = Resolution(said.verb, reader.actor, said.provider_task_id)
    await get_services(request).actions.resolve(reader.tenant, id_, resolution)
    return redirect_back(request, form, f"/tasks/{id_}", "done.resolve")


async def _ask(request: Request, reader: Reader, action: BulkAction) -> Response:
    """Ask before an action, and say of which tasks it is and which would be left as they are."""
    asked = request.query_params.getlist(IDS)
    if not asked:
        return ask_to_tick(request, reader)
    ids = _parse_ids(asked)
    found = await get_services(request).bulk.run(
        _build_order(reader, action, ids, is_dry=True),
        after=None,
        until=get_services(request).clock.now(),
    )
    if not found.matching:
        raise NotFound(NO_SUCH_TASK)
    say = build_translator(reader.preferences.language)
    question = Question(
        title=say(f"ask.{action}", n=found.done or found.matching),
        button=say(f"action.{action}"),
        why=[say(f"ask.{action}.why")],
        path=f"/tasks/{action}",
        fields=[*((IDS, str(id_)) for id_ in ids), ("once", str(make_id()))],
        count=found.done,
        names=[_build_name(task, say) for task in found.sample],
        refusal=None if found.done else next(iter(found.refused), None),
    )
    return ask(request, reader, question, template="ask_tasks.html", found=found, action=action)


async def _act(request: Request, reader: Reader, form: SentForm, action: BulkAction) -> Response:
    """Do to one task, or to several, what is asked; say how many it was done to."""
    if not form.list_texts(IDS):
        return redirect_back(request, form, "/tasks", "done.none.error")
    ids = _read_ids(form)
    aim([str(id_) for id_ in ids])
    if len(ids) == 1:
        return await _act_on_one(request, reader, form, action, ids[0])
    our = get_services(request)
    now = our.clock.now()
    if action is not BulkAction.REFRESH:
        # Counted first: the number that was typed is of those that it will be done to.
        with acting.suspend_action():
            order = _build_order(reader, action, ids, is_dry=True)
            check_typed(form, (await our.bulk.run(order, after=None, until=now)).done)
    order = _build_order(reader, action, ids, is_dry=False)
    found = await our.bulk.run(order, after=None, until=now)
    if not found.matching:
        raise NotFound(NO_SUCH_TASK)
    if not found.refused:
        return redirect_back(request, form, "/tasks", f"done.{action}", n=found.done, refused=0)
    ((most, _),) = found.refused.most_common(1)
    why, refused = translate(most, reader.preferences.language), found.refused.total()
    return redirect_back(
        request, form, "/tasks", f"done.{action}.some", n=found.done, refused=refused, why=why
    )


async def _act_on_one(
    request: Request, reader: Reader, form: SentForm, action: BulkAction, id_: UUID
) -> Response:
    our, path = get_services(request), f"/tasks/{id_}"
    if action is BulkAction.REFRESH:
        if not is_askable(await our.actions.refresh(reader.tenant, id_)):
            return redirect_back(request, form, path, "done.refresh.ended")
    elif action is BulkAction.CANCEL:
        task = await our.actions.cancel(reader.tenant, id_, actor=reader.actor)
        if task.state is not TaskState.CANCELLED:
            return redirect_back(request, form, path, "done.cancel.asked")
    else:
        once = form.get_text("once") or str(make_id())
        accepted = await our.actions.resubmit(
            reader.tenant, id_, idempotency_key=f"dashboard {once[:64]}", submitter=reader.key
        )
        answer = RedirectResponse(build_address(request, f"/tasks/{accepted.task.id}"), 303)
        leave_notice(answer, find_root(request), "done.resubmit", n=1, refused=0)
        return answer
    return redirect_back(request, form, path, f"done.{action}", n=1, refused=0)


def _build_name(task: Task, say: Say) -> str:
    """Return a task as a question names it: with its state, and what it cost."""
    parts = [task.external_task_id, say(f"state.{task.state}"), task.operation]
    return " · ".join(filter(None, [*parts, bill_text(task.costs, say)]))


def _build_order(
    reader: Reader, action: BulkAction, ids: Sequence[UUID], *, is_dry: bool
) -> BulkOrder:
    return BulkOrder(action, Selection(TaskFilter(reader.tenant)), reader.actor, is_dry, ids)


def _read_ids(form: SentForm) -> list[UUID]:
    return _parse_ids(form.list_texts(IDS))


def _parse_ids(texts: Sequence[str]) -> list[UUID]:
    """Return the ids of tasks. Raises InvalidRequest for none or too many; NotFound."""
    if not 0 < len(texts) <= MOST:
        raise InvalidRequest(FieldError(IDS, f"tick one task or several, {MOST} at most"))
    found = [query.parse_uuid(text) for text in texts]
    if None in found:
        raise NotFound(NO_SUCH_TASK)
    return [id_ for id_ in found if id_ is not None]
