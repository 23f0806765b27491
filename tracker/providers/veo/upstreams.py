"""The Gemini API and Vertex AI: creates, looks and cancels of operations and of interactions.

Sources: https://ai.google.dev/gemini-api/docs/video,
https://ai.google.dev/gemini-api/docs/interactions, https://google.aip.dev/193 (errors) and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation; the
client https://pypi.org/project/google-genai (2.25.0, 3.6.1); all read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.cost import Cost
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Accepted,
    DeferralScope,
    Deferred,
    Refused,
    SubmitOutcome,
    Unknown,
)
from tracker.domain.retry import retry_after_s
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.kit.calls import apply_told_status, build_post
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.empty_results import doubt_empty
from tracker.providers.kit.reading import (
    find_first_number,
    find_first_text,
    read_amount,
    read_charge,
)
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Probed, Request, Sending
from tracker.providers.veo.inputs import (
    GEMINI_CREATES,
    INTERACT,
    OPERATION,
    VERTEX_CREATES,
    VERTEX_OPERATION,
    WEBHOOK_FIELDS,
    list_flaws,
    unify_webhook,
)
from tracker.providers.veo.options import VeoOptions, find_location, find_project
from tracker.providers.veo.reading import EMPTY, find_interaction_videos, read_operation

PATIENCE_S = 2 * 3600.0
"""A video takes minutes. No event tells of a failure, so that a silent one is overdue then."""
_PARENT = "previous_interaction_id"
_DEAD_WEBHOOK = "disabled_due_to_failed_deliveries"
_NO_ID = "0" * 12
_STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "queued": TaskState.SUBMITTED,
        "in_progress": TaskState.RUNNING,
        "idle": TaskState.RUNNING,
        "requires_continuation": TaskState.RUNNING,
        "requires_action": TaskState.RUNNING,
        "completed": TaskState.SUCCEEDED,
        "failed": TaskState.FAILED,
        "cancelled": TaskState.CANCELLED,
        "incomplete": TaskState.FAILED,
        "budget_exceeded": TaskState.FAILED,
    }
)
"""Of interactions."""
_WAITS = "it waits for an answer of its caller's, which nobody will give here"


class GoogleApi(PathCancel):
    """The parts that the Gemini API and Vertex AI have alike: errors, long-running operations."""

    words: ClassVar[Mapping[str, TaskState]] = _STATES
    ids: ClassVar[Sequence[str]] = ("name", "id")
    messages: ClassVar[Sequence[str]] = ("error.message", "error_message", "errors.message")
    times: ClassVar[Sequence[str]] = ("updated", "created")
    cancel_path = "interactions/{id}/cancel"
    least_spacing_s = 10.0
    forgets = True
    names_task = True
    operation: ClassVar[re.Pattern[str]]
    """The names of operations."""
    account_codes = ("API_KEY_INVALID", "FAILED_PRECONDITION")  # they come with HTTP 400

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table and the model's limits; take the caller's own callback URL out."""
        given = {n: one for n, one in unify_webhook(operation, input_).items() if one is not None}
        request = super().check(operation, given)
        body, field = dict(request.body), WEBHOOK_FIELDS[operation][0]
        if flaws := list_flaws(operation, body):
            raise InvalidRequest(*flaws)
        webhook = dict(body.pop(field, None) or {})
        uris = webhook.pop("uris", None) or [None]
        kept = {field: webhook} if webhook else {}
        parent = body.get(_PARENT) if operation == INTERACT else None
        return replace(
            request,
            body={**body, **kept},
            callback_url=uris[0],
            parent=parent,
            parent_field=_PARENT,
            patience_s=PATIENCE_S,
        )

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take an operation for acceptance; a name that nothing can be asked by proves nothing."""
        outcome = super().parse_submit(sending, answer)
        name = outcome.provider_task_id if isinstance(outcome, Accepted) else None
        if name is None or sending.task.operation == INTERACT or self.operation.fullmatch(name):
            return outcome
        return Unknown("the answer names no operation that could be asked about")

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Name the refusal by its status word, or by the reason in its details."""
        answer = apply_told_status(answer, parsed, ("error.code",))
        found = super().classify_refusal(sending, answer, parsed)
        code = _read_reason(parsed) or find_first_text(parsed, ("error.status",), limit=100)
        if isinstance(found, Refused):
            is_accounts = self.is_account_fault(code, answer.status)
            return replace(found, code=code, blames_account=is_accounts)
        if isinstance(found, Deferred):
            return replace(found, code=code, scope=DeferralScope.MODEL)
        return found

    def pause_s(self, answer: HttpResult, parsed: Any) -> float | None:
        """Take Retry-After, else the `RetryInfo` of the details, e.g. `34s`."""
        told = retry_after_s(answer.headers)
        if told is not None:
            return told
        for detail in _list_details(parsed):
            seconds = str(detail.get("retryDelay") or "").removesuffix("s")
            if amount := read_amount(seconds):
                return max(float(amount), 0.0)
        return None

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read an operation, or an interaction."""
        storage_url = account.get_options(VeoOptions).storage_url
        is_interaction = isinstance(parsed, dict) and "id" in parsed and "name" not in parsed
        if task is not None:
            is_interaction = task.operation == INTERACT
        if not is_interaction:
            return read_operation(parsed, task, storage_url)
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        if said.word.lower() == "requires_action":
            return replace(said, message=said.message or _WAITS)
        if said.state is TaskState.FAILED:
            return replace(said, message=said.message or said.word)
        return doubt_empty(said, task, EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe the failure of an interaction."""
        code = find_first_text(parsed, ("error.code", "error_code", "error.status"), limit=100)
        word = find_first_text(parsed, self.words_in, limit=100) or "failed"
        is_own = word.lower() != "failed"
        return TaskError("provider", code or (word if is_own else None), message or word)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the videos of an interaction."""
        del task
        return find_interaction_videos(parsed, account.get_options(VeoOptions).storage_url)

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the tokens of an interaction; operations tell none."""
        del account, task
        amount = read_charge(find_first_number(parsed, ("usage.total_tokens",)))
        return [] if amount is None else [Cost("unit", amount, unit="tokens")]

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Know a wrong key by the reason in the details: it comes with HTTP 400."""
        parsed = parse_answer(answer) if isinstance(answer, HttpResult) else None
        if reason := _read_reason(parsed):
            return Probed("error", f"refuses this account: {reason}")
        return super().parse_probe(account, answer)


class GeminiApi(GoogleApi):
    """The Gemini API: the key in `x-goog-api-key`."""

    creates: ClassVar[Mapping[str, CreatePath]] = GEMINI_CREATES
    operation = OPERATION
    probe_path = "webhooks"

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key; a service account's token comes later."""
        return {"x-goog-api-key": account.api_key} if account.api_key else {}

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with our URL and our name of the task.

        Raises Misuse where the interaction before it has no id at Google.
        """
        operation, body = sending.task.operation, dict(sending.body)
        field = WEBHOOK_FIELDS[operation][0]
        webhook = dict(body.pop(field, None) or {})
        if sending.callback_url is not None and sending.account.get_options(VeoOptions).callbacks:
            own = {"task": str(sending.task.id)}
            more = {**(webhook.get("user_metadata") or {}), **own}
            body[field] = {**webhook, "uris": [sending.callback_url], "user_metadata": more}
        if operation == INTERACT:
            body = _build_interaction(sending, body)
        return super().build_submit(replace(sending, body=body))

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask by the name, whose slashes stay; None for what is no name of a task."""
        name = asking.task.provider_task_id
        if name is None:
            return None
        if asking.task.operation == INTERACT:
            path = f"interactions/{quote(name, safe='')}"
        elif self.operation.fullmatch(name):
            path = name
        else:
            return None
        return HttpCall(
            "GET", f"{asking.account.base_url}/{path}", self.build_headers(asking.account)
        )

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Cancel an interaction; operations cannot be."""
        return super().build_cancel(asking) if asking.task.operation == INTERACT else None

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Say as well whether Google has given up a webhook of the project."""
        probed = super().parse_probe(account, answer)
        if probed.level != "ok" or not isinstance(answer, HttpResult):
            return probed
        parsed = parse_answer(answer)
        listed = parsed.get("webhooks") if isinstance(parsed, dict) else None
        for one in listed if isinstance(listed, list) else ():
            if find_first_text(one, ("state",), limit=100) == _DEAD_WEBHOOK:
                name = find_first_text(one, ("name", "id"), limit=200) or "a webhook"
                return Probed("note", f"takes the credentials, but {name} is {_DEAD_WEBHOOK}")
        return probed


class VertexApi(GoogleApi):
    """Vertex AI: operations are asked for by POST; the token of a service account as Bearer."""

    creates: ClassVar[Mapping[str, CreatePath]] = VERTEX_CREATES
    operation = VERTEX_OPERATION

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build no header: the token comes later."""
        del account
        return {}

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with our id of the task as a label."""
        body = {n: one for n, one in sending.body.items() if n != "webhookConfig"}
        body["labels"] = {**(body.get("labels") or {}), "tracker": str(sending.task.id)}
        body |= {
            "project": find_project(sending.account),
            "location": find_location(sending.account),
        }
        return super().build_submit(replace(sending, body=body))

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask by a POST of the name below its model; None for what is no name of a task."""
        name = asking.task.provider_task_id
        if name is None or not self.operation.fullmatch(name):
            return None
        return _fetch(asking.account, name)

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Offer no way: the effect of a cancel of Veo is not documented."""
        del asking
        return None

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for an operation that nobody has."""
        del now
        place = f"projects/{find_project(account)}/locations/{find_location(account)}"
        model = "publishers/google/models/veo-3.1-generate-001"
        return _fetch(account, f"{place}/{model}/operations/{_NO_ID}")


def _build_interaction(sending: Sending, body: dict[str, Any]) -> dict[str, Any]:
    """Return the create of an interaction as we want it: in the background, videos by URL."""
    if sending.body.get(_PARENT) is not None:
        theirs = sending.get_parent_task_id()
        body[_PARENT] = theirs
    formats = body.get("response_format")
    if isinstance(formats, list):
        formats = [_make_for_url(one) for one in formats]
    elif formats is not None:
        formats = _make_for_url(formats)
    return {
        **body,
        "background": True,
        "labels": {**(body.get("labels") or {}), "tracker": str(sending.task.id)},
        "response_format": {"type": "video", "delivery": "uri"} if formats is None else formats,
    }


def _make_for_url(one: Any) -> Any:
    is_video = isinstance(one, dict) and one.get("type") == "video"
    return {**one, "delivery": "uri"} if is_video else one


def _fetch(account: Account, name: str) -> HttpCall:
    model = name.partition("/operations/")[0]
    url = f"{account.base_url}/{model}:fetchPredictOperation"
    return build_post(url, {"operationName": name}, {})


def _list_details(parsed: Any) -> Sequence[Mapping[str, Any]]:
    error = parsed.get("error") if isinstance(parsed, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _read_reason(parsed: Any) -> str | None:
    """Return the reason of an `ErrorInfo` that speaks of the key."""
    reasons = (find_first_text(one, ("reason",), limit=100) for one in _list_details(parsed))
    return next((one for one in reasons if one and one.startswith("API_KEY_")), None)
