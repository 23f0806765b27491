"""Flux: the API in two regions, its webhooks signed by the create's own secret, its moderation.

Sources: https://docs.bfl.ai (API reference, integration guidelines, errors), read 2026-11. The
header of the signature is told by the vendor's examples alone.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.signing import SignatureQuality, Signer, SigningInput
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUCCEED
from tracker.emulator.providers.flux.create_request import (
    ENDPOINTS,
    FluxDetails,
    FluxRefusal,
    FluxTask,
    read_draft,
)
from tracker.emulator.providers.flux.words import FLUX_WORDS, FluxWord

__all__ = ["create"]

_GLOBAL, _EU = "/bfl", "/bfl-eu"
_SAMPLE_S = 600
_CREDITS = 4.0
_PAUSE_S = 2
_NO_TASK = "Task not found"
_MODERATED = {"Moderation Reasons": ["Safety Filter"]}
_TRIES = RetryPolicy(tries=4, backoff_seconds=1)
"""The vendor's pauses are 1, 5 and 30 s; the timeline doubles them."""
_PAGE = b"<html><body><h1>530</h1>origin error 1033</body></html>"


class EmulatedFlux:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        faults = FaultTables(
            before={
                FluxWord.ORIGIN_DOWN: _refuse_origin_down,
                FluxWord.LIMIT_IN_BODY: _build_limited,
            }
        )
        self.engine: Engine[FluxDetails] = Engine(
            emulator,
            ProviderRules(
                name="flux", callbacks=self._build_callbacks, words=FLUX_WORDS, faults=faults
            ),
        )

    def list_routes(self, region: str, header: str = "x-key") -> Sequence[ApiRoute]:
        """Return the table of a region's host. header: carries the key."""
        scheme = "" if header == "x-key" else "Bearer "

        def find_account(call: ApiCall) -> str:
            return find_account_by_header(call, self._config, header=header, schemes=(scheme,))

        async def make(endpoint: str, call: ApiCall) -> Reply:
            return await self._create(endpoint, region, find_account(call), call)

        async def get(call: ApiCall) -> Reply:
            return await self._get(region, find_account(call), call)

        async def show_credits(call: ApiCall) -> Reply:
            find_account(call)
            return Reply({"credits": 1000.0})

        return (
            *(ApiRoute("POST", f"/v1/{name}", partial(make, name)) for name in ENDPOINTS),
            ApiRoute("GET", "/v1/get_result", get),
            ApiRoute("GET", "/v1/credits", show_credits),
        )

    async def _create(self, endpoint: str, region: str, account: str, call: ApiCall) -> Reply:
        """Make a task: at the global host it goes to Europe, unless it has a webhook."""
        body = call.parse_object()
        has_webhook = body.get("webhook_url") is not None
        home = _EU if region == _GLOBAL and not has_webhook else region
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: read_draft(endpoint, body, home, scenario),
            )
        )
        host = call.root_url.removesuffix(region)
        url = {"polling_url": f"{host}{home}/v1/get_result?id={task.task_id}"}
        if has_webhook:
            more = url if task.scenario.has(FluxWord.POLL_URL_TOO) else {}
            told = {"status": "Pending", "webhook_url": task.callback_url}
            return Reply({"id": task.task_id, **told, **more})
        costs = {"cost": _find_cost(task), "input_mp": 0.0, "output_mp": 1.05}
        return Reply({"id": task.task_id, **url, **costs})

    async def _get(self, region: str, account: str, call: ApiCall) -> Reply:
        name = call.params.get("id")
        if not name:
            raise FluxRefusal(422, "id: field required")
        task = await self.engine.find(account, name, lambda task: task.details.region == region)
        return Reply(self._build_view(task))

    def _build_view(self, task: FluxTask) -> dict[str, Any]:
        word = _find_word(task)
        is_named_state = task.scenario.has(FluxWord.STATE_FIELD)
        told = {"state": word.lower()} if is_named_state else {"status": word}
        view: dict[str, Any] = {
            "id": task.task_id,
            **told,
            "result": self._build_result(task),
            "progress": task.progress / 100 if task.is_open else None,
            "details": _build_details(task),
            "preview": None,
        }
        return view if task.is_open else view | {"cost": _find_cost(task)}

    def _build_result(self, task: FluxTask) -> dict[str, Any] | None:
        if task.status != SUCCEED or self._is_empty(task):
            return None
        (name,) = task.ready_artifacts
        started, ended = task.started_at or 0, task.ended_at or 0
        draft = {"draft_cache": f"{task.base_url}/drafts/{task.task_id}"}
        return {
            "sample": build_media_url(task, name, _SAMPLE_S),
            "prompt": task.details.prompt,
            "seed": task.details.seed,
            "start_time": started / 1000,
            "end_time": ended / 1000,
            "duration": (ended - started) / 1000,
        } | (draft if task.details.is_draft else {})

    def _is_empty(self, task: FluxTask) -> bool:
        return self.engine.count_try(task, FluxWord.NO_SAMPLE)

    def _build_callbacks(self, task: FluxTask) -> Sequence[CallbackContent]:
        """Call back at the end alone."""
        if task.is_open or task.callback_url is None:
            return ()
        word = _find_word(task)
        at = datetime.fromtimestamp((task.ended_at or task.updated_at) / 1000, UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body: dict[str, Any] = {"id": task.task_id, "status": word, "timestamp": stamp}
        if word == "Error":
            body |= {"error": "generation_failed", "message": task.message}
        else:
            body |= {"result": self._build_result(task), "details": _build_details(task)}
        sign = None if task.details.secret is None else _make_signer(task, task.details.secret)
        return (CallbackContent(body=encode_json(body), sign=sign, retry=_TRIES),)


MAIN_JOB = MainJob(address="/bfl/v1", operation="flux-2-pro", input={"prompt": "a cat in the rain"})


def create(emulator: Emulator) -> EmulatedProvider[FluxDetails]:
    """Return Flux's emulator."""
    api = EmulatedFlux(emulator)
    services = (
        RoutedService((_GLOBAL,), partial(api.list_routes, _GLOBAL), _refuse),
        RoutedService((_EU,), partial(api.list_routes, _EU), _refuse),
        RoutedService(("/flux",), partial(api.list_routes, "/flux", "authorization"), _refuse),
    )
    return EmulatedProvider(name="flux", engine=api.engine, services=services, main_job=MAIN_JOB)


def _make_signer(task: FluxTask, secret: str) -> Signer:
    prefix = "" if task.scenario.has(FluxWord.BARE_SIGNATURE) else "sha256="

    def sign(given: SigningInput) -> Mapping[str, str]:
        key = "another" if given.quality is SignatureQuality.WRONG else secret
        digest = hmac.digest(key.encode(), given.body, sha256).hex()
        return {"x-bfl-signature": f"{prefix}{digest}"}

    return sign


def _find_word(task: FluxTask) -> str:
    if task.status == SUCCEED:
        return "Ready"
    if task.status == FAILED:
        return task.stage if task.stage.endswith("Moderated") else "Error"
    known = task.stage if task.status == PROCESSING and task.stage else "Pending"
    return known if task.status in (PROCESSING, "submitted") else task.status


def _build_details(task: FluxTask) -> object:
    if task.status != FAILED:
        return None
    return _MODERATED if task.stage.endswith("Moderated") else {"error": task.message}


def _find_cost(task: FluxTask) -> float | None:
    return None if task.scenario.has(FluxWord.NULL_COST) else _CREDITS


def _refuse_origin_down() -> Refusal:
    return FluxRefusal(530, "origin down")


def _build_limited() -> Refusal:
    return FluxRefusal(429, "too many active tasks")


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    if isinstance(refusal, FluxRefusal):
        return _build_own_refusal(refusal)
    if refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
        name = call.params.get("id")
        return Reply({"id": name, "status": _NO_TASK, "result": None, "details": None})
    is_key = refusal.kind is RefusalKind.UNAUTHORIZED
    status = 403 if is_key else refusal.kind.http_status
    text = "Not authenticated - Invalid Authentication" if is_key else refusal.message
    return Reply({"detail": text}, status)


def _build_own_refusal(refusal: FluxRefusal) -> Reply:
    if refusal.status == 530:
        return Reply(_PAGE, 530, media_type="text/html")
    body: dict[str, object] = {"detail": refusal.message}
    if refusal.flaw is not None:
        loc = ["body", *refusal.flaw.path.split(".")]
        body = {"detail": [{"loc": loc, "msg": refusal.flaw.text, "type": "value_error"}]}
    if refusal.status == 429:
        body["retry_after"] = _PAUSE_S
    return Reply(body, refusal.status)
