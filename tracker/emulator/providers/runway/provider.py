"""Runway's API and the two dialects of gateways: paths, refusals, deletion; and its resellers.

Sources: https://docs.dev.runwayml.com/api and https://github.com/runwayml/sdk-python (api.md),
read 2026-11.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.gateway_row import build_gateway_row
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import CANCELLED, PROCESSING, SUCCEED, TaskStep
from tracker.emulator.providers.runway.feed import EmulatedRunwayFeed, build_feed_callbacks
from tracker.emulator.providers.runway.operations import (
    RUNWAY_OPERATIONS,
    WEB_TASK,
    WORKFLOW,
    RunwayOperation,
)
from tracker.emulator.providers.runway.resellers import (
    RunwayResellers,
    build_kie_callbacks,
    refuse_as_kie,
    refuse_as_numbered,
)
from tracker.emulator.providers.runway.views import (
    RunwayDetails,
    RunwayTask,
    ShownTask,
    build_invocation_view,
    build_task_view,
    build_web_view,
)
from tracker.emulator.providers.runway.words import RUNWAY_WORDS, RunwayWord

__all__ = ["create"]

VERSION = "2024-11-06"
_BALANCE = 4200
_STEPS = (
    TaskStep(after=1, progress=28),
    TaskStep(after=1.5, progress=80),
    TaskStep(after=2, status=SUCCEED),
)
_LESS = 10
"""Credits that remain charged once the cost has fallen."""


class EmulatedRunway:
    """The handlers of all dialects, over one engine."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        daily = FaultTables(before={RunwayWord.DAILY_CAP: _refuse_over_daily_cap})
        self.engine: Engine[RunwayDetails] = Engine(
            emulator,
            ProviderRules(
                name="runway",
                callbacks=lambda task: (
                    *build_kie_callbacks(task, emulator.config),
                    *build_feed_callbacks(task),
                ),
                words=RUNWAY_WORDS,
                faults=daily,
            ),
        )

    def list_official_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of the official API."""
        return (
            *(
                ApiRoute("POST", f"/v1/{one.name}", partial(self._create, one))
                for one in RUNWAY_OPERATIONS
            ),
            ApiRoute("POST", "/v1/workflows/{workflow}", partial(self._create, WORKFLOW)),
            ApiRoute("GET", "/v1/tasks/{id}", self._get),
            ApiRoute("DELETE", "/v1/tasks/{id}", self._delete),
            ApiRoute("GET", "/v1/workflow_invocations/{id}", self._get_invocation),
            ApiRoute("GET", "/v1/organization", self._show_organization),
        )

    def list_gateway_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of gateways that repeat the official API."""
        return (
            ApiRoute(
                "POST", "/v1/image_to_video", partial(self._create_at_gateway, RUNWAY_OPERATIONS[0])
            ),
            ApiRoute("GET", "/v1/tasks/{id}", self._get_at_gateway),
        )

    def list_web_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of gateways that repeat Runway's web page."""
        return (
            ApiRoute("POST", "/tasks", self._create_on_web),
            ApiRoute("GET", "/tasks/{id}", self._get_on_web),
        )

    async def _create(self, operation: RunwayOperation, call: ApiCall) -> Reply:
        if call.headers.get("x-runway-version") != VERSION:
            raise Refusal(RefusalKind.INVALID, "X-Runway-Version is missing or not supported")
        task = await self._make(operation, call)
        made: dict[str, object] = {"id": task.task_id}
        if operation is not WORKFLOW and not task.scenario.has(RunwayWord.NO_COST):
            made["estimatedCost"] = {"credits": task.details.credits}
        return Reply(made)

    async def _create_at_gateway(self, operation: RunwayOperation, call: ApiCall) -> Reply:
        return Reply({"id": (await self._make(operation, call)).task_id})

    async def _create_on_web(self, call: ApiCall) -> Reply:
        task = await self._make(WEB_TASK, call)
        return Reply(build_web_view(task, self._show(task)))

    async def _make(self, operation: RunwayOperation, call: ApiCall) -> RunwayTask:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        return await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(operation, body, scenario),
            )
        )

    async def _get(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        return Reply(build_task_view(task, self._show(task)))

    async def _get_invocation(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        return Reply(build_invocation_view(task, self._show(task)))

    async def _get_at_gateway(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        return _reply_as_gateway(task, build_task_view(task, self._show(task), is_gateway=True))

    async def _get_on_web(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        return _reply_as_gateway(task, build_web_view(task, self._show(task)))

    async def _delete(self, call: ApiCall) -> Reply:
        """Cancel an open task; erase one that has ended."""
        task = await self._find(call)
        outcome = await self.engine.cancel(task, erases=not task.is_open)
        if outcome is CancelOutcome.TOO_LATE:
            raise Refusal(RefusalKind.TOO_LATE, "the task cannot be cancelled")
        return Reply(b"", 204)

    async def _show_organization(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        limits = {"maxConcurrentGenerations": 2, "maxDailyGenerations": 50}
        return Reply(
            {
                "creditBalance": _BALANCE,
                "tier": {"maxMonthlyCreditSpend": 10000, "models": {"gen4_turbo": limits}},
                "usage": {"models": {"gen4_turbo": {"dailyGenerations": 1}}},
            }
        )

    async def _find(self, call: ApiCall) -> RunwayTask:
        account = find_account_by_header(call, self._config)
        return await self.engine.find(account, call.values["id"])

    def _show(self, task: RunwayTask) -> ShownTask:
        """Count one look, and say what it shows."""
        cost, progress = task.details.credits, task.progress / 100
        falls = RunwayWord.COST_FALLS
        if task.scenario.has(falls) and task.ended_at is not None:
            age = (self.engine.get_now_ms() - task.ended_at) / 1000
            cost = min(_LESS, cost) if age >= task.scenario.read_seconds(falls) else cost
        if task.status == PROCESSING and task.scenario.has(RunwayWord.PROGRESS_RESETS):
            progress = 0.9 if self.engine.count_try(task, RunwayWord.PROGRESS_RESETS) else 0.1
        is_empty = task.status == SUCCEED and self.engine.count_try(task, RunwayWord.EMPTY_OUTPUT)
        return ShownTask(cost, progress, is_output_empty=is_empty)


MAIN_JOB = MainJob(
    address="/runway/official",
    operation="image_to_video",
    input={
        "model": "gen4_turbo",
        "promptImage": "https://pictures.example/a.png",
        "promptText": "a cat in the rain",
        "duration": 5,
    },
)


def create(emulator: Emulator) -> EmulatedProvider[RunwayDetails]:
    """Return Runway's emulator: the official API, and gateways under the paths that they use."""
    api = EmulatedRunway(emulator)
    resellers = RunwayResellers(api.engine, emulator.config)
    feed = EmulatedRunwayFeed(api.engine, emulator.config)
    services = (
        RoutedService(("/runway/official",), api.list_official_routes, _refuse),
        RoutedService(("/runwayml",), api.list_gateway_routes, _refuse_as_gateway),
        RoutedService(("/runway",), api.list_web_routes, _refuse_as_gateway),
        RoutedService(("/runway-kie/api/v1",), resellers.list_kie_routes, refuse_as_kie),
        RoutedService(
            ("/uniapp-service/api/runway",), resellers.list_numbered_routes, refuse_as_numbered
        ),
        RoutedService(("/runway-feed",), feed.list_routes, refuse_as_kie),
    )
    return EmulatedProvider(name="runway", engine=api.engine, services=services, main_job=MAIN_JOB)


def _make_draft(
    operation: RunwayOperation, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[RunwayDetails]:
    if scenario.has(RunwayWord.NO_CREDITS):
        raise Refusal(RefusalKind.INVALID, "You do not have enough credits to run this task.")
    flaw = operation.find_flaw(body)
    if flaw is not None:
        raise Refusal(RefusalKind.INVALID, str(flaw))
    ends = TaskStep(after=2, status=CANCELLED)
    return TaskDraft(
        operation=operation.name,
        details=RunwayDetails(credits=operation.compute_credits(body), body=body),
        creation_key=str(body.get("promptText") or ""),
        artifacts=(operation.artifact,),
        steps=(*_STEPS[:-1], ends) if scenario.has(RunwayWord.ENDS_CANCELLED) else _STEPS,
    )


def _reply_as_gateway(task: RunwayTask, view: Mapping[str, Any]) -> Reply:
    """Answer as a gateway does: as Runway would, or with the row of its own table."""
    if not task.scenario.has(RunwayWord.GATEWAY_ROW):
        return Reply(dict(view))
    link = build_media_url(task, task.ready_artifacts[0]) if task.status == SUCCEED else None
    return Reply(
        build_gateway_row(task, task.scenario.read_word(RunwayWord.GATEWAY_ROW), view, link)
    )


def _refuse_over_daily_cap() -> Refusal:
    text = "You have reached the daily generation limit of this model."
    return Refusal(RefusalKind.INVALID, text, status=429)


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    return Reply({"error": refusal.message}, refusal.status)


def _refuse_as_gateway(refusal: Refusal, _call: ApiCall) -> Reply:
    if refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
        body = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
        return Reply(body, 400)
    error = {"message": refusal.message, "type": "new_api_error", "code": refusal.kind.value}
    return Reply({"error": error}, refusal.status)
