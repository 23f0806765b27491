"""fal: its queue, status and result of a request, webhooks, the key set, and calls that wait.

Sources: https://docs.fal.ai/model-endpoints/queue, https://docs.fal.ai/model-endpoints/webhooks
and https://docs.fal.ai/errors, read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.providers.fal.signing import NEW, OLD, build_key_set, build_signature_headers
from tracker.emulator.providers.fal.words import FAL_WORDS, FalWord

__all__ = ["create"]

_STATES = {
    SUBMITTED: "IN_QUEUE",
    PROCESSING: "IN_PROGRESS",
    **dict.fromkeys((SUCCEED, FAILED, CANCELLED), "COMPLETED"),
}
_APP = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)*")
_VIDEOS = re.compile(r"video|veo|pika|kling|luma|hailuo|wan|vidu")
_RESENT = RetryPolicy(tries=11, backoff_seconds=1)
_EARLY = "Request is still in progress"
_PAGE = b"<html><body><h1>530</h1>origin error 1033</body></html>"
_MOST_PICTURES = 4


@dataclass(frozen=True)
class FalDetails:
    """The facts of a request that the core does not know."""

    body: Mapping[str, object]
    flaw: str | None = None
    """Of the input, as the model finds it."""


FalTask = EmulatedTask[FalDetails]


class FalApi:
    """The handlers of the queue's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self._is_rotated = False
        tables = FaultTables(queries={FalWord.ORIGIN_DOWN: _refuse_down})
        rules = ProviderRules(
            name="fal", callbacks=self._build_callbacks, words=FAL_WORDS, faults=tables
        )
        self.engine: Engine[FalDetails] = Engine(emulator, rules)

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of the queue."""
        request = "/{app:path}/requests/{id}"
        return (
            ApiRoute("GET", "/.well-known/jwks.json", self._show_keys),
            ApiRoute("GET", "/v1/models/requests/by-endpoint", self._list),
            ApiRoute("GET", f"{request}/status", self._show_status),
            ApiRoute("PUT", f"{request}/cancel", self._cancel),
            ApiRoute("GET", f"{request}/response", self._show_result),
            ApiRoute("GET", request, self._show_result),
            ApiRoute("POST", "/{app:path}", partial(self._create, waits=False)),
        )

    def list_held_routes(self) -> Sequence[ApiRoute]:
        """Return the table of `fal.run`, whose calls wait for the end."""
        return (ApiRoute("POST", "/{app:path}", partial(self._create, waits=True)),)

    async def _create(self, call: ApiCall, *, waits: bool) -> Reply:
        account, body, app = self._find_account(call), call.parse_object(), call.values["app"]
        if _APP.fullmatch(app) is None:
            raise Refusal(RefusalKind.NO_SUCH_PATH, "Application not found")
        if call.headers.get("x-fal-queue-priority", "normal") not in ("normal", "low"):
            raise CodedRefusal(400, "bad_request", "X-Fal-Queue-Priority is not valid")
        url = call.params.get("fal_webhook")
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(app, body, url, scenario),
            )
        )
        if waits:
            await self.engine.wait(task)
            return self._build_payload(task)
        return Reply({"status": "IN_QUEUE", **_build_addresses(task), "queue_position": 0})

    async def _show_status(self, call: ApiCall) -> Reply:
        """Show a status; of what has failed, it has an error and no other word."""
        task = await self._find(call)
        is_over = not task.is_open
        view: dict[str, Any] = {
            "status": _STATES.get(task.status, task.status),
            **_build_addresses(task),
        }
        if task.status == SUBMITTED:
            return Reply(view | {"queue_position": 1}, 202)
        has_logs = call.params.get("logs", "").lower() in ("1", "true")
        view["logs"] = [_build_log_line(task)] if has_logs and task.status == PROCESSING else []
        if is_over:
            view["metrics"] = {"inference_time": 3.42}
        is_silent = task.scenario.has(FalWord.SILENT_FAILURE)
        is_broken = task.scenario.has(FalWord.MODEL_BROKEN)
        if task.status == CANCELLED:
            view |= {"error": "Request was cancelled", "error_type": "request_cancelled"}
        elif task.status == FAILED and not (is_silent or is_broken):
            view |= {"error": "Invalid status code: 422", "error_type": "bad_request"}
        return Reply(view, 200 if is_over else 202)

    async def _show_result(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        if task.is_open or self.engine.count_try(task, FalWord.RESULT_EARLY):
            raise CodedRefusal(400, "bad_request", _EARLY)
        if self.engine.count_try(task, FalWord.RESULT_BROKEN):
            raise CodedRefusal(500, "internal_error", "Internal Server Error")
        gone = FalWord.RESULT_GONE
        age_ms = self.engine.get_now_ms() - (task.ended_at or 0)
        if task.scenario.has(gone) and age_ms >= task.scenario.read_seconds(gone) * 1000:
            raise CodedRefusal(404, "not_found", "Request not found")
        return self._build_payload(task)

    async def _cancel(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        was_queued = task.status == SUBMITTED
        match await self.engine.cancel(task):
            case CancelOutcome.TOO_LATE:
                return Reply({"status": "ALREADY_COMPLETED"}, 400)
            case CancelOutcome.CANCELLED if was_queued:
                return Reply({"status": "OK"})
            case _:
                return Reply({"status": "CANCELLATION_REQUESTED"}, 202)

    async def _show_keys(self, _call: ApiCall) -> Reply:
        """Show the keys to anybody."""
        word, scenario = FalWord.KEYS_AWAY, self.engine.scenario
        now = self.engine.now()
        if scenario.has(word) and self.engine.faults.count_try(
            (word,), scenario.read_tries(word), now=now
        ):
            raise CodedRefusal(503, "internal_error", "Service Unavailable")
        return Reply(build_key_set((OLD, NEW) if self._is_rotated else (OLD,)))

    async def _list(self, call: ApiCall) -> Reply:
        """List the requests of a model, as the platform API does: with what each was made of."""
        account, model = self._find_account(call), call.params.get("endpoint_id")
        size = call.parse_number("limit", default=50, least=1, most=100)
        start = call.parse_number("cursor", default=0, least=0, most=1_000_000)
        page = self.engine.list_page(
            account, offset=start, limit=size, wanted=lambda task: task.operation == model
        )
        has_payloads = call.params.get("expand") == "payloads"
        items = [_show_listed(task, has_payloads=has_payloads) for task in page.tasks]
        following = str(start + size) if page.has_more else None
        return Reply({"items": items, "has_more": page.has_more, "next_cursor": following})

    async def _find(self, call: ApiCall) -> FalTask:
        """Return the request, by the part of its model's name that its addresses have alone."""

        def is_meant(task: FalTask) -> bool:
            is_hidden = task.scenario.has(FalWord.CANCELLED_HIDDEN) and task.status == CANCELLED
            return _build_app(task.operation) == call.values["app"] and not is_hidden

        return await self.engine.find(self._find_account(call), call.values["id"], is_meant)

    def _build_payload(self, task: FalTask) -> Reply:
        if task.status == CANCELLED:
            raise CodedRefusal(400, "request_cancelled", "Request was cancelled")
        if task.status == SUCCEED:
            return Reply(_build_output(task), headers={"x-fal-billable-units": "1.5"})
        if task.scenario.has(FalWord.MODEL_BROKEN):
            raise CodedRefusal(500, "internal_error", "Internal Server Error")
        return Reply(_build_flaws(task), 422)

    def _build_callbacks(self, task: FalTask) -> Sequence[CallbackContent]:
        """Call back at the end alone; of a cancelled request nobody hears."""
        if task.is_open or task.callback_url is None or task.status == CANCELLED:
            return ()
        addresses = _build_addresses(task)
        body: dict[str, Any] = {
            name: addresses[name] for name in ("request_id", "gateway_request_id")
        }
        if task.status == FAILED:
            error = "Invalid status code: 422"
            body |= {"status": "ERROR", "error": error, "payload": _build_flaws(task)}
        elif task.scenario.has(FalWord.PAYLOAD_ERROR):
            reason = "Response payload is not JSON serializable"
            body |= {"status": "OK", "payload": None, "payload_error": reason}
        else:
            body |= {"status": "OK", "payload": _build_output(task)}
        is_new = task.scenario.has(FalWord.ROTATED)
        self._is_rotated = self._is_rotated or is_new
        sign = partial(
            build_signature_headers,
            seed=NEW if is_new else OLD,
            request_id=task.task_id,
            user_id=f"user-{task.account}",
        )
        return (CallbackContent(body=encode_json(body), sign=sign, retry=_RESENT),)

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._config, schemes=("Key ",))


MAIN_JOB = MainJob(
    address="/fal",
    operation="fal-ai/flux/dev",
    input={"input": {"prompt": "a cat in the rain"}},
)


def create(emulator: Emulator) -> EmulatedProvider[FalDetails]:
    """Return fal's emulator."""
    api = FalApi(emulator)
    services = (
        RoutedService(("/fal",), api.list_routes, _refuse),
        RoutedService(("/fal-run",), api.list_held_routes, _refuse),
    )
    return EmulatedProvider(name="fal", engine=api.engine, services=services, main_job=MAIN_JOB)


def _make_draft(
    app: str, body: Mapping[str, object], url: str | None, scenario: Scenario
) -> TaskDraft[FalDetails]:
    """Accept any input: only the model, which runs later, finds what is wrong with it."""
    if scenario.has(FalWord.LOCKED):
        raise CodedRefusal(403, "bad_request", "User is locked. Reason: Exhausted balance.")
    prompt = body.get("prompt")
    flaw = None
    if not isinstance(prompt, str):
        flaw = "Field required" if prompt is None else "Input should be a valid string"
    is_failing = flaw is not None or any(
        scenario.has(word) for word in (FalWord.SILENT_FAILURE, FalWord.MODEL_BROKEN)
    )
    failing = (DEFAULT_STEPS[0], TaskStep(after=2, status=FAILED))
    count = body.get("num_images")
    pictures = min(count, _MOST_PICTURES) if isinstance(count, int) and count > 0 else 1
    is_video = _VIDEOS.search(app) is not None
    return TaskDraft(
        operation=app,
        details=FalDetails(body=body, flaw=flaw),
        callback_url=url,
        creation_key=str(url or prompt),
        artifacts=("video.mp4",) if is_video else [f"{n}.png" for n in range(pictures)],
        steps=failing if is_failing else DEFAULT_STEPS,
    )


def _build_app(operation: str) -> str:
    parts = operation.split("/")
    return "/".join(parts[: 3 if parts[0] in ("workflows", "comfy") else 2])


def _build_addresses(task: FalTask) -> dict[str, Any]:
    root = task.root_url
    if task.scenario.has(FalWord.FOREIGN_ADDRESSES):
        root = "https://queue.fal.run.example"
    url = f"{root}/{_build_app(task.operation)}/requests/{task.task_id}"
    is_other = task.scenario.has(FalWord.GATEWAY_ID)
    return {
        "request_id": task.task_id,
        "gateway_request_id": f"gateway-{task.other_id}" if is_other else task.task_id,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
    }


def _build_output(task: FalTask) -> dict[str, Any]:
    """Return the model's own result."""
    files = [_build_file(task, name) for name in task.ready_artifacts]
    if task.scenario.has(FalWord.LARGE_RESULT):
        size = task.scenario.count(FalWord.LARGE_RESULT) * 1024 * 1024 // 4 * 4
        files[0]["url"] = f"data:image/png;base64,{'A' * size}"
    told = {"seed": 7, "timings": {"inference": 3.42}}
    if task.artifacts[0].endswith(".mp4"):
        return {"video": files[0], **told}
    is_unsafe = task.scenario.has(FalWord.NSFW)
    prompt = {"prompt": task.details.body.get("prompt")}
    return {"images": files, **told, **prompt, "has_nsfw_concepts": [is_unsafe] * len(files)}


def _build_file(task: FalTask, name: str) -> dict[str, Any]:
    is_video = name.endswith(".mp4")
    media_type = "video/mp4" if is_video else "image/png"
    found = {"url": build_media_url(task, name), "content_type": media_type, "file_name": name}
    return found if is_video else {**found, "width": 1024, "height": 768}


def _build_flaws(task: FalTask) -> dict[str, Any]:
    """Return the flaws that the model names."""
    if task.details.flaw is not None:
        kind, path, message = "missing", ["body", "prompt"], task.details.flaw
    else:
        kind, path = "content_policy_violation", ["body", "prompt"]
        message = task.message or "The content was flagged by a content checker."
    url = f"https://docs.fal.ai/errors/#{kind}"
    return {"detail": [{"loc": path, "msg": message, "type": kind, "url": url}]}


def _show_listed(task: FalTask, *, has_payloads: bool) -> dict[str, Any]:
    at = datetime.fromtimestamp(task.created_at / 1000, UTC).isoformat(timespec="milliseconds")
    found = {"request_id": task.task_id, "endpoint_id": task.operation, "sent_at": at}
    return {**found, "json_input": task.details.body} if has_payloads else found


def _build_log_line(task: FalTask) -> dict[str, str]:
    at = datetime.fromtimestamp(task.updated_at / 1000, UTC).isoformat(timespec="milliseconds")
    return {"message": "step 3/28", "level": "INFO", "source": "USER", "timestamp": at}


def _refuse_down() -> Refusal:
    return CodedRefusal(530, "", "origin down")


_REASONS: Mapping[RefusalKind, int] = {RefusalKind.MODERATED: 422, RefusalKind.INVALID: 422}


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    if isinstance(refusal, CodedRefusal):
        if not refusal.code:
            return Reply(_PAGE, refusal.status, media_type="text/html")
        status, kind = refusal.status, str(refusal.code)
    else:
        status = _REASONS.get(refusal.kind, refusal.kind.http_status)
        kind = "internal_error" if status >= 500 else "bad_request"
    if refusal.kind is RefusalKind.MODERATED:
        flaw = {"loc": ["body", "prompt"], "msg": refusal.message}
        return Reply({"detail": [flaw | {"type": "content_policy_violation"}]}, status)
    return Reply(
        {"detail": refusal.message, "error_type": kind}, status, {"x-fal-error-type": kind}
    )
