"""How answers that hold one task are made."""

from collections.abc import Mapping, Sequence
from math import ceil

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.errors import FieldError
from tracker.domain.expectation import compute_next_visit
from tracker.domain.task import OPEN, Task
from tracker.locale import choose_by_header, translate
from tracker.services.submit.request import AcceptedTask
from tracker.store.kept_tasks import KeptTask
from tracker.telemetry.logs import note
from tracker.web.api import views
from tracker.web.api.kept import add_assets, render_kept
from tracker.web.edge import waiting
from tracker.web.edge.conditional import build_etag
from tracker.web.edge.operation import ResponseSpec
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_services
from tracker.web.edge.waiting import WaitTime
from tracker.web.edge.whole_answers import WholeAnswer

TASK_HEADERS: Mapping[str, str] = {
    "ETag": "The task's version.",
    "Retry-After": "Seconds after which to look again; while the task is open.",
    "Preference-Applied": "What was heeded of `Prefer`.",
}
TASK = ResponseSpec(views.TaskView, headers=TASK_HEADERS)
NEW_TASK = ResponseSpec(
    views.NewTask,
    headers={
        **TASK_HEADERS,
        "Location": "Where the task can be read.",
        "Idempotency-Replayed": "`true` when an earlier request had made the task.",
    },
)


def build_task_headers(request: Request, found: waiting.Standing) -> dict[str, str]:
    """Return the version, and when to look again."""
    headers = {"etag": build_etag(found.version), "cache-control": "no-store"}
    if found.state in OPEN:
        our = get_services(request)
        usual = our.expectations.find_of_kind(found.provider, found.operation)
        now = our.clock.now()
        pause = compute_next_visit(usual, now - (found.submitted_at or now))
        headers["retry-after"] = f"{ceil(pause.total_seconds())}"
    return headers


async def answer_task(
    request: Request, task: Task, wait: WaitTime, *, status: int = 200
) -> Response:
    """Return one task, of which nothing else was read."""
    return answer_kept(request, await add_assets(request, task), wait, status=status)


def answer_kept(request: Request, kept: KeptTask, wait: WaitTime, *, status: int = 200) -> Response:
    """Return one task that was read with its assets."""
    headers = build_task_headers(request, kept.task) | wait.headers
    return _answer(render_kept(request, kept), headers, status=status)


def _answer(
    body: views.TaskView | views.NewTask, headers: Mapping[str, str], *, status: int
) -> Response:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return WholeAnswer(to_json(body), status, raw, b"application/json")


async def answer_accepted(
    request: Request,
    accepted: AcceptedTask,
    wait: WaitTime,
    *,
    since: int | None,
    warnings: Sequence[FieldError] = (),
) -> Response:
    """Return a task that was taken in: 202; or 200 when it was waited for and is over.

    since:    the watch's place before it was taken in.
    warnings: what is odd about the request, and refuses nothing.
    """
    task = accepted.task
    note(provider=task.provider, task=str(task.id))
    if wait.seconds:
        since = None if accepted.replayed else since
        task = await waiting.wait_until_over(request, wait, task, since=since)
    kept = await add_assets(request, task)
    body: views.TaskView | views.NewTask = render_kept(request, kept)
    if warnings:
        body = {**render_kept(request, kept), "warnings": _render_warnings(request, warnings)}
    headers = build_task_headers(request, kept.task) | wait.headers
    headers["location"] = add_root_path(request, f"/v1/tasks/{task.id}")
    if accepted.replayed:
        headers["idempotency-replayed"] = "true"
    return _answer(body, headers, status=202 if task.state in OPEN else 200)


def _render_warnings(request: Request, warnings: Sequence[FieldError]) -> list[views.InputWarning]:
    language = choose_by_header(request.headers.get("accept-language", ""))
    return [{"path": one.path, "reason": translate(one.reason, language)} for one in warnings]
