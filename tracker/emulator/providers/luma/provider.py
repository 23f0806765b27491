"""The Dream Machine API: its paths, refusals and callbacks.

Sources: https://docs.lumalabs.ai/changelog/callbacks-and-credits-balance and
https://github.com/lumalabs/lumaai-python (api.md), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.tasks import CANCELLED, SUCCEED, TaskStep
from tracker.emulator.providers.luma.agents import EmulatedAgents, refuse_as_agents
from tracker.emulator.providers.luma.gateway import EmulatedWebPage, refuse_at_gateway
from tracker.emulator.providers.luma.generation import (
    PROGRESS_VIDEO,
    LumaDetails,
    LumaTask,
    build_generation_view,
)
from tracker.emulator.providers.luma.operations import LUMA_OPERATIONS, LumaOperation
from tracker.emulator.providers.luma.words import LUMA_WORDS, LumaWord

__all__ = ["create"]

_EXACTLY_200 = RetryPolicy(
    tries=4, backoff_seconds=0.1, doubles=False, is_delivered=lambda status: status == 200
)
"""The first try and three repeats 100 ms apart; 204 is a failure as 500 is."""
_LONGEST_SYNC_S = 60.0
_CREDIT_CENTS = 250_000
_CONCEPTS = ("dolly_zoom", "orbit_left", "orbit_right", "pan_left", "pan_right", "zoom_in")
_NOT_FOUND = "Generation not found"
_OFFICIAL = "/dream-machine/v1"
"""The path of the API; beside it stands that of gateways."""


class LumaApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[LumaDetails] = Engine(
            emulator,
            ProviderRules(name="luma", callbacks=self._build_callbacks, words=LUMA_WORDS),
        )

    def list_routes(self, base: str) -> Sequence[ApiRoute]:
        """Return the table of routes below a path such as `/v1`."""
        creates = [
            ApiRoute("POST", f"{base}/generations{path}", partial(self._create, operation))
            for operation in LUMA_OPERATIONS
            for path in operation.paths
        ]
        return (
            *creates,
            ApiRoute("GET", f"{base}/generations", self._list),
            ApiRoute("GET", f"{base}/generations/concepts/list", self._show_concepts),
            ApiRoute("GET", f"{base}/generations/{{id}}", self._get),
            ApiRoute("DELETE", f"{base}/generations/{{id}}", self._delete),
            ApiRoute("GET", f"{base}/credits", self._show_credits),
            ApiRoute("GET", f"{base}/ping", self._ping),
        )

    async def _create(self, operation: LumaOperation, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        parent = self._find_parent(account, call.values["id"]) if operation.has_parent else None
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: self._draft_task(account, operation, body, parent, scenario),
            )
        )
        if body.get("sync") is True and operation.name == "image":
            limit = body.get("sync_timeout")
            await self.engine.wait(
                task, float(limit) if isinstance(limit, int | float) else _LONGEST_SYNC_S
            )
        return Reply(self._build_view(task), 201)

    async def _get(self, call: ApiCall) -> Reply:
        return Reply(self._build_view(await self._find(call)))

    async def _list(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        limit = call.parse_number("limit", default=10, least=1, most=100)
        offset = call.parse_number("offset", default=0, most=1_000_000)
        page = self.engine.list_page(account, offset=offset, limit=limit, wanted=_is_shown)
        return Reply(
            {
                "generations": [self._build_view(task) for task in page.tasks],
                "count": len(page.tasks),
                "has_more": page.has_more,
                "limit": limit,
                "offset": offset,
            }
        )

    async def _delete(self, call: ApiCall) -> Reply:
        """Erase a generation in any state; no callback tells of it."""
        task = await self._find(call)
        denies = task.scenario.has(LumaWord.DELETE_404)
        if denies and task.scenario.read_word(LumaWord.DELETE_404) == "kept":
            raise Refusal(RefusalKind.NOT_FOUND, _NOT_FOUND)
        if await self.engine.cancel(task, erases=True) is CancelOutcome.TOO_LATE:
            raise Refusal(RefusalKind.TOO_LATE, "Generation cannot be deleted")
        if denies:
            raise Refusal(RefusalKind.NOT_FOUND, _NOT_FOUND)
        return Reply(b"", 204)

    async def _show_concepts(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return Reply(list(_CONCEPTS))

    async def _show_credits(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return Reply({"credit_balance": _CREDIT_CENTS})

    async def _ping(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return Reply({"message": "pong"})

    async def _find(self, call: ApiCall) -> LumaTask:
        account = find_account_by_header(call, self._config)
        return await self.engine.find(account, call.values["id"], _is_shown)

    def _find_parent(self, account: str, reference: str) -> LumaTask:
        """Return the generation that another one continues; raises Refusal (not found)."""
        parent = self.engine.registry.find(account, reference)
        if parent is None or not _is_shown(parent) or self.engine.is_forgotten(parent):
            raise Refusal(RefusalKind.NOT_FOUND, _NOT_FOUND)
        return parent

    def _draft_task(
        self,
        account: str,
        operation: LumaOperation,
        body: Mapping[str, object],
        parent: LumaTask | None,
        scenario: Scenario,
    ) -> TaskDraft[LumaDetails]:
        if scenario.has(LumaWord.INSUFFICIENT_CREDITS):
            status = int(scenario.read_word(LumaWord.INSUFFICIENT_CREDITS))
            raise Refusal(RefusalKind.INVALID, "Insufficient credits", status=status)
        flaw = operation.find_flaw(body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        if parent is not None and (parent.status, parent.details.kind) != (SUCCEED, "video"):
            raise Refusal(RefusalKind.INVALID, "Generation must be a completed video")
        for reference in _list_keyframe_ids(body):
            self._find_parent(account, reference)
        echo = operation.echo_of(body)
        callback_url = echo["callback_url"]
        is_progress_shown = operation.kind == "video" and scenario.has(LumaWord.PROGRESS_VIDEO)
        return TaskDraft(
            operation=operation.name,
            details=LumaDetails(
                kind=operation.kind,
                model=parent.details.model if parent else str(body.get("model") or "ray-1-6"),
                echo=echo,
            ),
            callback_url=callback_url if isinstance(callback_url, str) else None,
            creation_key=str(callback_url or ""),
            artifacts=_build_artifacts(operation.kind, is_progress_shown=is_progress_shown),
            steps=_plan_steps(is_progress_shown=is_progress_shown),
            is_synchronous=operation.kind == "image" and scenario.has(LumaWord.SYNC_IMAGE),
        )

    def _build_view(self, task: LumaTask) -> Mapping[str, object]:
        return build_generation_view(task, without_assets=self._is_hiding_assets(task))

    def _is_hiding_assets(self, task: LumaTask) -> bool:
        is_done = task.status == SUCCEED
        return is_done and self.engine.count_try(task, LumaWord.COMPLETED_NO_ASSETS)

    def _build_callbacks(self, task: LumaTask) -> Sequence[CallbackContent]:
        if not _is_shown(task):
            return ()
        return (CallbackContent(body=encode_json(self._build_view(task)), retry=_EXACTLY_200),)


MAIN_JOB = MainJob(
    address="/luma/dream-machine/v1",
    operation="generations/video",
    input={"model": "ray-2", "prompt": "a cat in the rain"},
)


def create(emulator: Emulator) -> EmulatedProvider[LumaDetails]:
    """Return Luma's emulator: below its own prefix, and where a bare host would serve it."""
    api = LumaApi(emulator)
    gateway = EmulatedWebPage(api.engine, emulator.config)
    agents = EmulatedAgents(api.engine, emulator.config)
    services = (
        RoutedService(
            ("/luma",),
            lambda: [*api.list_routes(_OFFICIAL), *gateway.list_routes()],
            _refuse_by_path,
        ),
        RoutedService(("/dream-machine",), partial(api.list_routes, "/v1"), _refuse),
        RoutedService(("/luma-agents",), agents.list_routes, refuse_as_agents),
    )
    return EmulatedProvider(name="luma", engine=api.engine, services=services, main_job=MAIN_JOB)


def _refuse_by_path(refusal: Refusal, call: ApiCall) -> Reply:
    return _refuse(refusal, call) if call.path.startswith(_OFFICIAL) else refuse_at_gateway(refusal)


def _is_shown(task: LumaTask) -> bool:
    """Return whether queries may show it: Luma has no word for a cancelled generation."""
    return task.status != CANCELLED


def _list_keyframe_ids(body: Mapping[str, object]) -> Sequence[str]:
    """Return the ids of generations that keyframes name, in a body without mistakes."""
    frames = body.get("keyframes")
    values = frames.values() if isinstance(frames, Mapping) else ()
    named = [each for each in values if isinstance(each, Mapping) and "id" in each]
    return [str(each["id"]) for each in named if each.get("type") == "generation"]


def _build_artifacts(kind: str, *, is_progress_shown: bool) -> Sequence[str]:
    if kind == "image":
        return ("image.png",)
    return (PROGRESS_VIDEO, "video.mp4") if is_progress_shown else ("video.mp4",)


def _plan_steps(*, is_progress_shown: bool) -> Sequence[TaskStep]:
    if not is_progress_shown:
        return DEFAULT_STEPS
    return (TaskStep(after=1, ready=1), TaskStep(after=2, status=SUCCEED))


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, text = _TEXTS.get(refusal.kind, (refusal.status, refusal.message))
    return Reply({"detail": text}, status)


_TEXTS: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.UNAUTHORIZED: (401, "Invalid API key"),
    RefusalKind.MODERATED: (400, "Prompt was blocked by content moderation"),
    RefusalKind.BUSY: (429, "Too many concurrent generations"),
    RefusalKind.RATE_LIMITED: (429, "Rate limit exceeded"),
    RefusalKind.INTERNAL: (500, "Internal server error"),
    RefusalKind.UNAVAILABLE: (503, "Service unavailable"),
    RefusalKind.NOT_FOUND: (404, _NOT_FOUND),
    RefusalKind.GONE: (404, _NOT_FOUND),
    RefusalKind.NO_SUCH_PATH: (404, "Not Found"),
    RefusalKind.WRONG_METHOD: (405, "Method Not Allowed"),
}
