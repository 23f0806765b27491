"""Replicate's API: its paths, held calls, lists and refusals.

Sources: https://replicate.com/docs/reference/http and
https://replicate.com/docs/topics/predictions/data-retention, read 2026-11.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.journal import BoundedDict
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import BrokenAnswer, Refusal, RefusalKind
from tracker.emulator.core.signing import EXAMPLE_SECRET
from tracker.emulator.providers.replicate.callbacks import build_callbacks, build_signer
from tracker.emulator.providers.replicate.catalogue import (
    ACCOUNT,
    UploadedFileList,
    build_model_view,
    build_version_view,
    derive_version,
)
from tracker.emulator.providers.replicate.create_request import (
    ModelChoice,
    ReplicateRefusal,
    is_version,
    parse_version,
    read_draft,
    wait_seconds,
)
from tracker.emulator.providers.replicate.prediction import (
    ABORT,
    ReplicateDetails,
    ReplicateTask,
    build_prediction_view,
)
from tracker.emulator.providers.replicate.words import REPLICATE_WORDS, ReplicateWord

__all__ = ["create"]

_PURGE_S = 3600
_PAGE = 100
_UNNAMED_MODEL = "emulated/model"
_HIDDEN = "hidden"
"""The version of an official model."""
_ID_CHARACTERS = string.ascii_lowercase + "234567"


class ReplicateApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._emulator = emulator
        self._files = UploadedFileList()
        self._models: BoundedDict[str, str] = BoundedDict(emulator.config.max_log_entries)
        """Version -> model, of the models that were asked for."""
        sign = build_signer(self._list_secrets)
        self.engine: Engine[ReplicateDetails] = Engine(
            emulator,
            ProviderRules(
                name="replicate",
                callbacks=lambda task: build_callbacks(task, sign),
                words=REPLICATE_WORDS,
                faults=FaultTables(queries={ReplicateWord.HTML_502_QUERY: BrokenAnswer.HTML}),
                purge_seconds=_PURGE_S,
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/predictions", self._create_by_version),
            ApiRoute("GET", "/v1/predictions", self._list),
            ApiRoute("GET", "/v1/predictions/{id}", self._get),
            ApiRoute("POST", "/v1/predictions/{id}/cancel", self._cancel),
            ApiRoute("POST", "/v1/models/{owner}/{name}/predictions", self._create_by_model),
            ApiRoute("GET", "/v1/models/{owner}/{name}", self._show_model),
            ApiRoute("GET", "/v1/models/{owner}/{name}/versions", self._list_versions),
            ApiRoute("GET", "/v1/models/{owner}/{name}/versions/{version}", self._show_version),
            ApiRoute("GET", "/v1/deployments/{owner}/{name}", self._show_deployment),
            ApiRoute("POST", "/v1/deployments/{owner}/{name}/predictions", self._create_deployed),
            ApiRoute("GET", "/v1/webhooks/default/secret", self._show_secret),
            ApiRoute("GET", "/v1/account", self._show_account),
            ApiRoute("POST", "/v1/files", self._upload),
            ApiRoute("GET", "/v1/files/{id}", self._show_file),
        )

    async def _create_by_version(self, call: ApiCall) -> Reply:
        def choose(body: Mapping[str, object]) -> ModelChoice:
            model, version = parse_version(body.get("version"))
            model = model or self._models.get(version or "", _UNNAMED_MODEL)
            return ModelChoice(model=model, version=version or derive_version(model))

        return await self._create(call, choose)

    async def _create_by_model(self, call: ApiCall) -> Reply:
        choice = ModelChoice(model=_read_model(call), version=_HIDDEN)
        return await self._create(call, lambda _body: choice)

    async def _create_deployed(self, call: ApiCall) -> Reply:
        name = _read_model(call)
        choice = ModelChoice(model=name, version=derive_version(name), deployment=name)
        return await self._create(call, lambda _body: choice)

    async def _create(
        self, call: ApiCall, choose: Callable[[Mapping[str, object]], ModelChoice]
    ) -> Reply:
        """Make a prediction; 202 when it is not done at the end of the wait."""
        account, body = self._find_account(call), call.parse_object()
        wait = wait_seconds(call)
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: replace(
                    read_draft(call, body, choose(body), scenario), new_id=self._make_id
                ),
            )
        )
        self._plan_deadline(task)
        is_done = wait is None or await self.engine.wait(task, wait)
        return Reply(self._build_view(task), 201 if is_done else 202)

    async def _get(self, call: ApiCall) -> Reply:
        return Reply(self._build_view(await self._find(call)))

    async def _cancel(self, call: ApiCall) -> Reply:
        """Ask for the end; harmless where it comes too late."""
        task = await self._find(call)
        await self.engine.cancel(task)
        return Reply(self._build_view(task))

    async def _list(self, call: ApiCall) -> Reply:
        """Show a hundred predictions, and the addresses of those before and after."""
        account = self._find_account(call)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        after, before = _read_instant(call, "created_after"), _read_instant(call, "created_before")

        def is_wanted(task: ReplicateTask) -> bool:
            at = task.created_at
            return (after is None or at > after) and (before is None or at < before)

        listing = self.engine.list_page(
            account, limit=self._emulator.config.max_tasks, wanted=is_wanted, keeps_purged=True
        )
        tasks, start = listing.tasks, _start_of(call, listing.tasks)
        page = tasks[start : start + _PAGE]
        earlier, later = tasks[:start][-_PAGE:], tasks[start + _PAGE :]
        return Reply(
            {
                "previous": _read_page_url(call, earlier[0]) if earlier else None,
                "next": _read_page_url(call, later[0]) if later else None,
                "results": [self._build_view(task) for task in page],
            }
        )

    async def _show_model(self, call: ApiCall) -> Reply:
        self._find_account(call)
        model = _read_model(call)
        self._models[derive_version(model)] = model
        return Reply(build_model_view(model))

    async def _list_versions(self, call: ApiCall) -> Reply:
        self._find_account(call)
        versions = [build_version_view(derive_version(_read_model(call)))]
        return Reply({"previous": None, "next": None, "results": versions})

    async def _show_deployment(self, call: ApiCall) -> Reply:
        self._find_account(call)
        return Reply({**call.values, "current_release": None})

    async def _show_version(self, call: ApiCall) -> Reply:
        self._find_account(call)
        version = call.values["version"]
        if not is_version(version):
            raise Refusal(RefusalKind.NOT_FOUND, "not found")
        self._models[version] = _read_model(call)
        return Reply(build_version_view(version))

    async def _show_secret(self, call: ApiCall) -> Reply:
        self._find_account(call)
        return Reply({"key": self._list_secrets()[0]})

    async def _show_account(self, call: ApiCall) -> Reply:
        self._find_account(call)
        return Reply(dict(ACCOUNT))

    async def _upload(self, call: ApiCall) -> Reply:
        account, now = self._find_account(call), self.engine.get_now_ms()
        return Reply(self._files.add(account, call, new_id=self._make_id(), at=now), 201)

    async def _show_file(self, call: ApiCall) -> Reply:
        return Reply(self._files.get(self._find_account(call), call.values["id"]))

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._emulator.config, schemes=("Bearer ", "Token "))

    async def _find(self, call: ApiCall) -> ReplicateTask:
        account = self._find_account(call)
        return await self.engine.find(account, call.values["id"], keeps_purged=True)

    def _build_view(self, task: ReplicateTask) -> Mapping[str, object]:
        return build_prediction_view(task, is_purged=self.engine.is_purged(task))

    def _plan_deadline(self, task: ReplicateTask) -> None:
        seconds = task.details.deadline_seconds
        if seconds is None:
            return

        async def abort() -> None:
            await self.engine.move(task, ABORT)

        self._emulator.timeline.schedule_job(seconds, abort)

    def _list_secrets(self) -> Sequence[str]:
        """Return what callbacks are signed with: Replicate sends none unsigned."""
        return self._emulator.secrets or (EXAMPLE_SECRET,)

    def _make_id(self) -> str:
        return "".join(self.engine.chance.choices(_ID_CHARACTERS, k=26))


MAIN_JOB = MainJob(
    address="/replicate/v1",
    operation="models/acme/pic",
    input={"input": {"prompt": "a cat in the rain"}},
)


def create(emulator: Emulator) -> EmulatedProvider[ReplicateDetails]:
    """Return Replicate's emulator."""
    api = ReplicateApi(emulator)
    service = RoutedService(("/replicate",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="replicate", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _read_model(call: ApiCall) -> str:
    return f"{call.values['owner']}/{call.values['name']}"


def _start_of(call: ApiCall, tasks: Sequence[ReplicateTask]) -> int:
    """Return where the page of a cursor begins: at a prediction, however many came since."""
    cursor = call.params.get("cursor")
    if cursor is None:
        return 0
    places = [index for index, task in enumerate(tasks) if task.task_id == cursor]
    if not places:
        raise Refusal(RefusalKind.NOT_FOUND, "not found")
    return places[0]


def _read_page_url(call: ApiCall, first: ReplicateTask) -> str:
    return f"{call.root_url}/v1/predictions?cursor={first.task_id}"


def _read_instant(call: ApiCall, name: str) -> float | None:
    """Return an ISO 8601 time of the query in Unix milliseconds; None when it is absent."""
    text = call.params.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp() * 1000
    except (ValueError, OverflowError) as problem:
        raise Refusal(RefusalKind.INVALID, f"{name} must be an ISO 8601 time") from problem


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    if isinstance(refusal, ReplicateRefusal):
        body = _build_problem(refusal.status, refusal.title, refusal.message)
        if refusal.flaws:
            body["invalid_fields"] = [
                {"type": "invalid", "field": flaw.path, "description": flaw.text}
                for flaw in refusal.flaws
            ]
        return Reply(body, refusal.status)
    if refusal.kind in {RefusalKind.BUSY, RefusalKind.RATE_LIMITED}:
        seconds = refusal.retry_after or 30
        text = f"Request was throttled. Your rate limit resets in ~{seconds}s."
        return Reply(_build_problem(429, "Too many requests", text), 429)
    status, title, detail = _PROBLEMS.get(
        refusal.kind, (refusal.kind.http_status, "Error", refusal.message)
    )
    return Reply(_build_problem(status, title, detail or refusal.message), status)


def _build_problem(status: int, title: str, detail: str) -> dict[str, object]:
    return {"title": title, "detail": detail, "status": status}


_NO_RESOURCE = (404, "Not found", "The requested resource could not be found.")
_PROBLEMS: Mapping[RefusalKind, tuple[int, str, str]] = {
    RefusalKind.INVALID: (422, "Input validation failed", ""),
    RefusalKind.UNAUTHORIZED: (
        401,
        "Unauthenticated",
        "You did not pass a valid authentication token",
    ),
    RefusalKind.MODERATED: (422, "Input validation failed", "The input was flagged as sensitive."),
    RefusalKind.INTERNAL: (500, "Internal server error", "Please try again later."),
    RefusalKind.UNAVAILABLE: (503, "Service unavailable", "Please try again later."),
    RefusalKind.NOT_FOUND: _NO_RESOURCE,
    RefusalKind.GONE: _NO_RESOURCE,
    RefusalKind.NO_SUCH_PATH: _NO_RESOURCE,
    RefusalKind.TOO_LARGE: (413, "Request entity too large", ""),
    RefusalKind.WRONG_METHOD: (405, "Method not allowed", ""),
}
