"""An emulator of a provider that does not exist: the smallest module that uses all of the core."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url, make_media
from tracker.emulator.core.provider import EmulatedProvider, RoutedService, find_account_by_header
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.signing import SignatureQuality, SigningInput
from tracker.emulator.core.tasks import SUCCEED, EmulatedTask, TaskStep
from tracker.emulator.core.words import WordSpec

__all__ = ["SECRET", "create"]

SECRET = "shared-with-the-caller"
_WORDS = {"shouting": WordSpec("states in capitals")}
_EXACTLY_200 = RetryPolicy(
    tries=4, backoff_seconds=0.1, doubles=False, is_delivered=lambda status: status == 200
)
_STAGES = (
    TaskStep(after=1, stage="text", progress=10),
    TaskStep(after=2, stage="first", progress=60, ready=1),
    TaskStep(after=3, status=SUCCEED, stage="complete"),
)


@dataclass(frozen=True)
class ExampleDetails:
    """The facts of a job that the core does not know."""

    prompt: str


ExampleTask = EmulatedTask[ExampleDetails]


class ExampleApi:
    """The handlers of the provider's paths."""

    def __init__(self, emulator: Emulator) -> None:
        self._config = emulator.config
        self.engine: Engine[ExampleDetails] = Engine(
            emulator,
            ProviderRules(
                name="example", callbacks=self._build_callbacks, words=_WORDS, purge_seconds=3600
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/jobs", self.create),
            ApiRoute("GET", "/v1/jobs", self.list_jobs),
            ApiRoute("GET", "/v1/jobs/{id}", self.get),
            ApiRoute("GET", "/v1/jobs/{id}/content", self.serve_content),
            ApiRoute("POST", "/v1/jobs/{id}/cancel", self.cancel),
            ApiRoute("DELETE", "/v1/jobs/{id}", self.erase),
        )

    async def create(self, call: ApiCall) -> Reply:
        """Make `n` jobs; hold the answer with `Prefer: wait=N`, or make them at once."""
        account, body = find_account_by_header(call, self._config), call.parse_object()
        count = body.get("n", 1)
        if not isinstance(count, int) or not 1 <= count <= 4:
            raise Refusal(RefusalKind.INVALID, "n must be an integer from 1 to 4")
        challenged = body.get("challenge_url")
        if isinstance(challenged, str):
            echo = await self.engine.post(challenged, CallbackContent(body=b"echo me"))
            if echo != b"echo me":
                raise Refusal(RefusalKind.INVALID, "the challenge was not echoed")
        tasks = await self.engine.create_group(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                count=count,
                read=lambda scenario: _draft_task(body, scenario),
            )
        )
        kind, _, seconds = call.headers.get("prefer", "").partition("=")
        if kind == "wait":
            await self.engine.wait(tasks[0], float(seconds or 60))
        return Reply({"jobs": [self._build_view(task) for task in tasks]}, 201)

    async def get(self, call: ApiCall) -> Reply:
        """Show one job; a purged one is shown without its outputs."""
        return Reply(self._build_view(await self._find(call, keeps_purged=True)))

    async def serve_content(self, call: ApiCall) -> Reply:
        """Answer the bytes of a job's first output."""
        task = await self._find(call)
        if not task.ready_artifacts:
            raise Refusal(RefusalKind.NOT_FOUND, "no output yet")
        return Reply(make_media(task.task_id, task.artifacts[0]), media_type="image/png")

    async def list_jobs(self, call: ApiCall) -> Reply:
        """Show a part of the list, newest first."""
        account = find_account_by_header(call, self._config)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        limit = call.parse_number("limit", default=10, least=1, most=100)
        offset = call.parse_number("offset", default=0, most=10_000)
        page = self.engine.list_page(account, offset=offset, limit=limit)
        jobs = [self._build_view(task) for task in page.tasks]
        return Reply({"jobs": jobs, "has_more": page.has_more, "count": page.total})

    async def cancel(self, call: ApiCall) -> Reply:
        """Cancel a job: 409 when it is too late."""
        task = await self._find(call)
        if await self.engine.cancel(task) is CancelOutcome.TOO_LATE:
            raise Refusal(RefusalKind.TOO_LATE, "the job has ended")
        return Reply(self._build_view(task))

    async def erase(self, call: ApiCall) -> Reply:
        """Cancel an open job, and erase it in any state."""
        await self.engine.cancel(await self._find(call), erases=True)
        return Reply(b"", 204)

    async def _find(self, call: ApiCall, *, keeps_purged: bool = False) -> ExampleTask:
        account = find_account_by_header(call, self._config)
        return await self.engine.find(account, call.values["id"], keeps_purged=keeps_purged)

    def _build_view(self, task: ExampleTask) -> dict[str, Any]:
        purged = self.engine.is_purged(task)
        return _build_view(
            task, [] if purged else [build_media_url(task, n) for n in task.ready_artifacts]
        )

    def _build_callbacks(self, task: ExampleTask) -> Sequence[CallbackContent]:
        urls = [build_media_url(task, name) for name in task.ready_artifacts]
        body = encode_json(_build_view(task, urls))
        return (CallbackContent(body=body, sign=_sign, retry=_EXACTLY_200),)


def create(emulator: Emulator) -> EmulatedProvider[ExampleDetails]:
    """Return the emulator of the provider."""
    api = ExampleApi(emulator)
    service = RoutedService(("/example",), api.list_routes, _refuse)
    return EmulatedProvider(name="example", engine=api.engine, services=(service,))


def _draft_task(body: Mapping[str, object], _scenario: Scenario) -> TaskDraft[ExampleDetails]:
    prompt, webhook = body.get("prompt"), body.get("webhook")
    if not isinstance(prompt, str) or not isinstance(webhook, str | None):
        raise Refusal(RefusalKind.INVALID, "prompt and webhook must be texts")
    return TaskDraft(
        operation="job",
        details=ExampleDetails(prompt),
        callback_url=webhook,
        creation_key=webhook or "",
        artifacts=("0.png", "1.mp4", "2.mp3"),
        steps=_STAGES,
        is_synchronous=body.get("sync") is True,
    )


def _build_view(task: ExampleTask, outputs: Sequence[str]) -> dict[str, Any]:
    state = task.status.upper() if task.scenario.has("shouting") else task.status
    return {
        "id": task.task_id,
        "group": task.group_id,
        "state": state,
        "stage": task.stage,
        "percent": task.progress,
        "prompt": task.details.prompt,
        "outputs": list(outputs),
        "poll_url": f"{task.root_url}/v1/jobs/{task.task_id}",
    }


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    return Reply({"error": refusal.message}, refusal.kind.http_status)


def _sign(given: SigningInput) -> Mapping[str, str]:
    secret = SECRET if given.quality is not SignatureQuality.WRONG else "another"
    signed = f"{given.timestamp}.".encode() + given.body
    digest = hmac.digest(secret.encode(), signed, hashlib.sha256).hex()
    return {"x-example-time": str(given.timestamp), "x-example-signature": digest}
