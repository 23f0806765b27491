"""Google's API: long-running predictions, interactions, files, webhooks, keys and tokens.

Sources: https://ai.google.dev/gemini-api/docs/video, https://ai.google.dev/gemini-api/docs/webhooks,
https://ai.google.dev/gemini-api/docs/interactions, https://google.aip.dev/193 (errors) and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation, read
2026-11.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url, make_media
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_key,
)
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import EXAMPLE_SECRET, build_standard_signer
from tracker.emulator.core.tasks import SUCCEED
from tracker.emulator.providers.veo.create_request import read_draft
from tracker.emulator.providers.veo.shapes import (
    VeoDetails,
    VeoTask,
    build_interaction,
    build_operation,
    find_event,
)
from tracker.emulator.providers.veo.signing import (
    build_callback_signer,
    build_key_file,
    build_key_set,
    find_assertion_flaw,
)
from tracker.emulator.providers.veo.words import VEO_WORDS, VeoWord

__all__ = ["create"]

PROJECT = "emulated-project"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PUBLISHER = "projects/{project}/locations/{location}/publishers/google/models/{call}"
_FILE = re.compile(r"([0-9a-f]{12})(\d{2})(:download)?")
_KEY, _NEWER_KEY = "emulated-1", "emulated-2"


class DetailedRefusal(CodedRefusal):
    """A refusal whose details say more than its code.

    kind: of the detail, in `google.rpc`. told: its fields.
    """

    def __init__(self, status: int, code: str, message: str, kind: str, **told: str) -> None:
        """Take the refusal and its detail."""
        super().__init__(status, code, message)
        self.details = [{"@type": f"type.googleapis.com/google.rpc.{kind}", **told}]


def _refuse_used_up() -> Refusal:
    """Refuse for a quota: the details say when to come back, and no header does."""
    message = "Quota exceeded for requests per minute"
    return DetailedRefusal(429, "RESOURCE_EXHAUSTED", message, "RetryInfo", retryDelay="1s")


class VeoApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self._tokens: dict[str, tuple[str, float]] = {}
        self._webhooks: dict[str, dict[str, Any]] = {}
        self._is_rotated = False
        self.engine: Engine[VeoDetails] = Engine(
            emulator,
            ProviderRules(
                name="veo",
                callbacks=self._build_callbacks,
                words=VEO_WORDS,
                faults=FaultTables(before={VeoWord.QUOTA: _refuse_used_up}),
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes. The versions of a path answer alike."""
        found = [
            ApiRoute("GET", "/.well-known/jwks.json", self._show_keys),
            ApiRoute("GET", "/service-account.json", self._show_key_file),
            ApiRoute("POST", "/token", self._exchange),
            ApiRoute("GET", "/storage/{path:path}", self._send_stored),
        ]
        for version in ("v1", "v1beta", "v1beta1"):
            found += [
                ApiRoute("POST", f"/{version}/models/{{call}}", self._create_prediction),
                ApiRoute(
                    "GET", f"/{version}/models/{{model}}/operations/{{id}}", self._show_operation
                ),
                ApiRoute("POST", f"/{version}/{_PUBLISHER}", self._dispatch_vertex),
                ApiRoute("GET", f"/{version}/files/{{file}}", self._show_file),
                ApiRoute("POST", f"/{version}/interactions", self._interact),
                ApiRoute("GET", f"/{version}/interactions/{{id}}", self._show_interaction),
                ApiRoute("POST", f"/{version}/interactions/{{id}}/cancel", self._cancel),
                ApiRoute("GET", f"/{version}/webhooks", self._list_webhooks),
                ApiRoute("POST", f"/{version}/webhooks", self._add_webhook),
            ]
        return found

    async def _create_prediction(self, call: ApiCall) -> Reply:
        model = _read_model(call)
        account = self._find_account(call)
        return await self._create(call, account, "gemini", {"model": model})

    async def _dispatch_vertex(self, call: ApiCall) -> Reply:
        account = self._find_bearer(call)
        if call.values["call"].endswith(":fetchPredictOperation"):
            name = call.parse_object().get("operationName")
            task = await self._find(account, str(name))
            return Reply(build_operation(task, is_empty=self._is_empty(task)))
        model, values = _read_model(call), call.values
        place = f"projects/{values['project']}/locations/{values['location']}/publishers/google/"
        return await self._create(call, account, "vertex", {"model": model, "place": place})

    async def _interact(self, call: ApiCall) -> Reply:
        return await self._create(call, self._find_account(call), "interaction", {})

    async def _create(
        self, call: ApiCall, account: str, kind: str, more: Mapping[str, str]
    ) -> Reply:
        body = call.parse_object()
        request: CreateRequest[VeoDetails] = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda named: read_draft(kind, body, more, named, self.engine.chance),
        )
        task = await self.engine.create(request)
        if kind == "interaction":
            return Reply(build_interaction(task, is_empty=False))
        return Reply({"name": task.details.name})

    async def _show_operation(self, call: ApiCall) -> Reply:
        values = call.values
        name = f"models/{values['model']}/operations/{values['id']}"
        task = await self._find(self._find_account(call), name)
        return Reply(build_operation(task, is_empty=self._is_empty(task)))

    async def _find(self, account: str, name: str) -> VeoTask:
        id_ = name.rpartition("/")[2]
        return await self.engine.find(account, id_, lambda one: one.details.name == name)

    async def _show_interaction(self, call: ApiCall) -> Reply:
        task = await self.engine.find(self._find_account(call), call.values["id"])
        return Reply(build_interaction(task, is_empty=self._is_empty(task)))

    async def _cancel(self, call: ApiCall) -> Reply:
        task = await self.engine.find(self._find_account(call), call.values["id"])
        if not task.is_open or await self.engine.cancel(task) is CancelOutcome.TOO_LATE:
            raise CodedRefusal(400, "FAILED_PRECONDITION", "the interaction is not in progress")
        return Reply(build_interaction(task, is_empty=False))

    async def _show_file(self, call: ApiCall) -> Reply:
        """Describe a file, or lead to its bytes at another address."""
        account, found = self._find_account(call), _FILE.fullmatch(call.values["file"])
        task = None if found is None else self._find_owner(found[1])
        if found is None or task is None or task.account != account or task.status != SUCCEED:
            raise Refusal(RefusalKind.NOT_FOUND, "File not found, or it has expired.")
        place = f"{int(found[2])}.mp4"
        if found[3]:
            return Reply(b"", 302, {"location": build_media_url(task, place)})
        name = call.values["file"]
        return Reply({"name": f"files/{name}", "mimeType": "video/mp4", "state": "ACTIVE"})

    def _find_owner(self, id_: str) -> VeoTask | None:
        registry = self.engine.registry
        return registry.find_any(id_) or registry.find_any(f"v1_{id_}")

    async def _send_stored(self, call: ApiCall) -> Reply:
        """Hand out a file of a bucket to whoever brings a token."""
        self._find_bearer(call)
        parts = call.values["path"].split("/")
        content = make_media(parts[-2], parts[-1]) if len(parts) > 2 else None
        if content is None:
            raise Refusal(RefusalKind.NOT_FOUND, "No such object.")
        return Reply(content, media_type="video/mp4")

    async def _show_keys(self, call: ApiCall) -> Reply:
        del call
        if self.engine.scenario.has(VeoWord.KEYS_DOWN):
            raise Refusal(RefusalKind.UNAVAILABLE, "the keys are not there now")
        return Reply(build_key_set((_KEY, _NEWER_KEY) if self._is_rotated else (_KEY,)))

    async def _show_key_file(self, call: ApiCall) -> Reply:
        return Reply(build_key_file(f"{call.root_url}/token", PROJECT))

    async def _exchange(self, call: ApiCall) -> Reply:
        """Give a token for an assertion of the service account's. Tokens before end with it."""
        scenario = self.engine.scenario
        if scenario.has(VeoWord.EXCHANGE_DOWN):
            raise Refusal(RefusalKind.UNAVAILABLE, "try again")
        form = dict(parse_qsl(call.raw.decode("utf-8", "replace")))
        flaw = find_assertion_flaw(form, f"{call.root_url}/token", _SCOPE)
        if scenario.has(VeoWord.EXCHANGE_REFUSED):
            flaw = CodedRefusal(400, "invalid_grant", "Invalid JWT Signature.")
        if flaw is not None:
            return Reply({"error": flaw.code, "error_description": flaw.message}, flaw.status)
        lives_s = scenario.count(VeoWord.SHORT_TOKENS) if scenario.has(VeoWord.SHORT_TOKENS) else 0
        lives_s = lives_s or 3599
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._tokens[token] = (PROJECT, self.engine.now() + lives_s)
        return Reply({"access_token": token, "expires_in": lives_s, "token_type": "Bearer"})

    async def _list_webhooks(self, call: ApiCall) -> Reply:
        account = self._find_account(call)
        is_dead = self.engine.scenario.has(VeoWord.WEBHOOK_DEAD)
        state = "disabled_due_to_failed_deliveries" if is_dead else "enabled"
        known = self._webhooks.get(account)
        listed = [{"name": "webhooks/1", "state": state}] if known or is_dead else []
        return Reply({"webhooks": listed})

    async def _add_webhook(self, call: ApiCall) -> Reply:
        """Register the one endpoint of a project; its secret is told once."""
        account, body = self._find_account(call), call.parse_object()
        secret = self._config.webhook_secret or EXAMPLE_SECRET
        if not isinstance(body.get("uri"), str):
            raise CodedRefusal(400, "INVALID_ARGUMENT", "uri: is required")
        self._webhooks[account] = {"uri": body["uri"], "secret": secret}
        shown = {"name": "webhooks/1", "id": "1", "state": "enabled"}
        return Reply({**shown, "new_signing_secret": secret})

    def _find_account(self, call: ApiCall) -> str:
        if self.engine.scenario.has(VeoWord.KEY_INVALID):
            raise DetailedRefusal(
                *(400, "INVALID_ARGUMENT", "API key not valid."),
                kind="ErrorInfo",
                reason="API_KEY_INVALID",
            )
        return find_account_by_key(
            call.headers.get("x-goog-api-key") or call.params.get("key"), self._config
        )

    def _find_bearer(self, call: ApiCall) -> str:
        """Return the account behind a token; a key of the emulator's is taken for one."""
        word, _, token = call.headers.get("authorization", "").partition(" ")
        if word != "Bearer":
            raise Refusal(RefusalKind.UNAUTHORIZED, "Request is missing required authentication")
        account, ends = self._tokens.get(token, ("", 0.0))
        if account and self.engine.now() < ends:
            return account
        return find_account_by_key(token, self._config)

    def _is_empty(self, task: VeoTask) -> bool:
        return not task.is_open and self.engine.count_try(task, VeoWord.NOTHING)

    def _build_callbacks(self, task: VeoTask) -> Sequence[CallbackContent]:
        """Word the event of a state: to the URL of the create, else to the project's."""
        event = find_event(task)
        if event is None:
            return ()
        scenario, known = task.scenario, self._webhooks.get(task.account)
        if task.callback_url is None:
            if known is None:
                return ()
            sign = build_standard_signer(lambda: [str(known["secret"])])
            return (CallbackContent(body=encode_json(event), sign=sign, url=str(known["uri"])),)
        self._is_rotated = self._is_rotated or scenario.has(VeoWord.KEYS_ROTATED)
        lies = {VeoWord.HS256: "hs256", VeoWord.TOKEN_ENDED: "expired"}
        sign = build_callback_signer(
            _NEWER_KEY if scenario.has(VeoWord.KEYS_ROTATED) else _KEY,
            audience="https://other.example" if scenario.has(VeoWord.WRONG_AUDIENCE) else None,
            lie=next((lie for word, lie in lies.items() if scenario.has(word)), ""),
        )
        return (CallbackContent(body=encode_json(event), sign=sign),)


MAIN_JOB = MainJob(
    address="/veo/v1beta",
    operation="predictLongRunning",
    input={
        "model": "veo-3.1-generate-preview",
        "instances": [{"prompt": "a cat in the rain"}],
        "parameters": {"durationSeconds": 8, "aspectRatio": "16:9"},
    },
)


def create(emulator: Emulator) -> EmulatedProvider[VeoDetails]:
    """Return Google's emulator."""
    api = VeoApi(emulator)
    service = RoutedService(("/veo",), api.list_routes, _refuse)
    return EmulatedProvider(name="veo", engine=api.engine, services=(service,), main_job=MAIN_JOB)


def _read_model(call: ApiCall) -> str:
    """Return the model of a path `MODEL:predictLongRunning`. Raises Refusal for another verb."""
    model, _, verb = call.values["call"].partition(":")
    if verb != "predictLongRunning":
        raise Refusal(RefusalKind.NO_SUCH_PATH, "no such method of a model")
    return model


_STATUSES: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.UNAUTHORIZED: (401, "UNAUTHENTICATED"),
    RefusalKind.MODERATED: (400, "INVALID_ARGUMENT"),
    RefusalKind.INVALID: (400, "INVALID_ARGUMENT"),
    RefusalKind.BUSY: (429, "RESOURCE_EXHAUSTED"),
    RefusalKind.RATE_LIMITED: (429, "RESOURCE_EXHAUSTED"),
    RefusalKind.NOT_FOUND: (404, "NOT_FOUND"),
    RefusalKind.GONE: (404, "NOT_FOUND"),
    RefusalKind.NO_SUCH_PATH: (404, "NOT_FOUND"),
    RefusalKind.UNAVAILABLE: (503, "UNAVAILABLE"),
}


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, word = refusal.find_status_and_code(_STATUSES, "INTERNAL")
    error: dict[str, Any] = {"code": status, "message": refusal.message, "status": word}
    if isinstance(refusal, DetailedRefusal):
        error["details"] = refusal.details
    return Reply({"error": error}, status)
