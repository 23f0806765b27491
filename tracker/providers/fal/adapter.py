"""fal's queue: any model by its name, a status and then a result, webhooks that fal's keys sign.

Sources: https://docs.fal.ai/model-endpoints/queue, https://docs.fal.ai/model-endpoints/webhooks,
https://docs.fal.ai/errors and the official clients (PyPI fal-client 1.0.3, npm @fal-ai/client
1.10.1), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from tracker.domain.cost import Cost
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    DeferralScope,
    Deferred,
    Follow,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Task, TaskError, TaskState
from tracker.providers.fal.front import FalFront
from tracker.providers.fal.inputs import APP, FalInputs, build_queue_headers, read_app
from tracker.providers.fal.listing import FalRequests
from tracker.providers.fal.proof import FalSignature
from tracker.providers.fal.results import list_files
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import build_post, find_own_url
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.flaw_lists import join_flaws
from tracker.providers.kit.reading import find_first_text, read_amount, replace_infinite
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UNSIGNED_BY_SECRET, OneKindOptions
from tracker.providers.ports.account import Account, HttpUrl, reveal
from tracker.providers.ports.adapter import Answer, Asking, Finds, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme
from tracker.providers.ports.keys import KeySource
from tracker.providers.ports.provider import Provider, ResultHosting

KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"
_FAMILIES = ("fal.run", "falrun.com")
"""Domains of the queue: the addresses of a request are called there, with the key."""
_RESULTS_LIVE = timedelta(days=7)
"""How long files of results are kept at least, where an account or a create says nothing else."""
_CALLBACK_BYTES = 16 * 1024 * 1024
"""Models may answer with files as data URLs, which webhooks carry whole."""
_MOST_URL = 2083
_STATUS, _RESULT, _CANCEL = "status_url", "response_url", "cancel_url"
_COMPLETED = "COMPLETED"
_EARLY = "still in progress"
_OF_ERRORS = frozenset({"detail", "error", "error_type", "message", "request_id", "status"})
_LOST = "the result is no longer there"
_BROKEN = "its result cannot be had"
_MOST_BROKEN = 3
"""Looks at a result that answers HTTP 500 and more, which count as running."""
_ANY_APP = "fal-ai/flux/dev"
_CANCELLED = re.compile(r"(the )?request[ _](was |has been )?cancell?ed", re.IGNORECASE)
_AGAIN = frozenset({401, 403, 408, 425, 429})
"""Statuses of a result that say nothing of the task."""


class FalOptions(OneKindOptions):
    """A key.

    user_id:  of the account at fal, which each webhook names; None takes the webhooks of any.
    keys_url: of the key set that signs webhooks, in the place of fal's own.
    """

    why_no_secrets = UNSIGNED_BY_SECRET
    user_id: str | None = None
    keys_url: HttpUrl | None = None


class FalAdapter(PathCancel, ObjectCallbacks):
    """Submits, polls, cancels, reads callbacks, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            name: CreatePath(name, FalInputs)
            for name in (_ANY_APP, "fal-ai/pika/v2.2/text-to-video", "fal-ai/veo3")
        }
    )
    """Some of the models; every other one is served too."""
    poll_path = f"{_ANY_APP}/requests/{{id}}/status"
    cancel_method = "PUT"
    url_field = "webhook_url"
    most_url_chars = _MOST_URL
    ids = ("request_id", "gateway_request_id")
    words_in = ("status",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "IN_QUEUE": TaskState.SUBMITTED,
            "IN_PROGRESS": TaskState.RUNNING,
            _COMPLETED: TaskState.RUNNING,  # its result tells of the end
        }
    )
    messages = ("error", "detail", "message")
    omits_ids = True
    forgets = True
    hides_cancelled = True
    not_a_task = "no request_id and status: this is not a webhook of the provider's"

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that a list shows what requests were made of, and no mark of ours."""
        del account
        return Finds.BY_LIKENESS

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return {"authorization": f"Key {account.api_key}"} if account.api_key else {}

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Take the name of any model."""
        del account
        return None if APP.fullmatch(operation) else "must be OWNER/MODEL, with a path or without"

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the same for every model: its own input is the model's affair."""
        return FalInputs if APP.fullmatch(operation) else None

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate what stands around the model's own input."""
        del operation
        return super().check(_ANY_APP, input_)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the model's input; our URL stands in the query, everything else in headers.

        Without `sync_mode`, which would bring files of any size as texts, in the place of URLs.
        """
        account, body = sending.account, sending.body
        url = f"{account.base_url}/{sending.task.operation}"
        if sending.callback_url is not None:
            url += f"?fal_webhook={quote(sending.callback_url, safe='')}"
        given = {name: value for name, value in body["input"].items() if name != "sync_mode"}
        return build_post(url, given, self.build_headers(account) | build_queue_headers(body))

    def read_context(self, parsed: Any) -> Mapping[str, Any] | None:
        """Keep the addresses of the request, which lack the path behind a model's name."""
        names = (_STATUS, _RESULT, _CANCEL)
        found = {name: find_first_text(parsed, (name,), limit=_MOST_URL) for name in names}
        return {name: url for name, url in found.items() if url} or None

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Let the whole account wait for its concurrency."""
        found = super().classify_refusal(sending, answer, parsed)
        if isinstance(found, Deferred):
            return replace(found, scope=DeferralScope.ACCOUNT)
        code = _read_code(answer, parsed)
        return replace(found, code=code) if code and isinstance(found, Refused | Unknown) else found

    def read_reason(self, parsed: Any) -> str | None:
        """Return a text, or the flaws that `detail` lists."""
        detail = parsed.get("detail") if isinstance(parsed, dict) else None
        return join_flaws(detail) or find_first_text(parsed, self.messages)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask for the status where the create's answer said."""
        url = _build_url(asking, _STATUS, "/status")
        return None if url is None else HttpCall("GET", url, self.build_headers(asking.account))

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Ask to cancel where the create's answer said."""
        url = _build_url(asking, _CANCEL, "/cancel")
        return None if url is None else HttpCall("PUT", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the status; of what is completed, the result tells how."""
        if asking.page is not None:
            return [self._read_result(asking, answer, asking.page)]
        (outcome,) = super().parse_poll(asking, answer)
        url = _build_url(asking, _RESULT, "")
        if not isinstance(outcome, Observed) or url is None or isinstance(answer, HttpFailure):
            return [outcome]
        if normalise_word(outcome.observation.word) != normalise_word(_COMPLETED):
            return [outcome]
        parsed = parse_answer(answer)
        told = {name: find_first_text(parsed, (name,)) for name in ("error", "error_type")}
        page = {name: text for name, text in told.items() if text}
        return [Follow(HttpCall("GET", url, self.build_headers(asking.account)), page)]

    def _read_result(self, asking: Asking, answer: Answer, page: Mapping[str, Any]) -> PollOutcome:
        """Read the result. page: `error` and `error_type` of the status, where it had them."""
        parsed = parse_answer(answer) if isinstance(answer, HttpResult) else None
        if "error" in page or "error_type" in page:
            has_detail = isinstance(answer, HttpResult) and 400 <= answer.status < 500
            detail = self.read_reason(parsed) if has_detail and _has_detail(parsed) else None
            message = detail or page.get("error") or page["error_type"]
            code = _read_code(answer, parsed) if has_detail else None
            return Observed(
                _observe_failure(asking.task, code or page.get("error_type"), message, parsed)
            )
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        if answer.status < 300 and _is_error(parsed):
            said = _observe_failure(
                asking.task, _read_code(answer, parsed), self.read_reason(parsed), parsed
            )
            error = None if said.error is None else replace(said.error, doubtful=True)
            return Observed(replace(said, error=error))
        if answer.status < 300 and parsed is not None:
            costs = _read_costs(answer)
            return Observed(_observe_success(asking.task.provider_task_id, parsed, costs))
        return self._explain_missing_result(asking.task, answer, parsed)

    def _explain_missing_result(self, task: Task, answer: HttpResult, parsed: Any) -> PollOutcome:
        words = self.describe_answer(answer, parsed)
        is_early = answer.status == 400 and _EARLY in words
        if parsed is None or is_early or answer.status < 400 or answer.status in _AGAIN:
            pause_s = self.pause_s(answer, parsed)
            return Unanswered(words, pause_s, slow_down=answer.status == 429)
        if answer.status in (404, 410):
            if task.state is TaskState.SUCCEEDED:
                return Absent(_LOST, Absence.PURGED)
            lost = _observe_success(task.provider_task_id, None, ())
            return Observed(replace(lost, message=_LOST, detail=None))
        code, reason = _read_code(answer, parsed), self.read_reason(parsed) or words
        if answer.status < 500:
            return Observed(_observe_failure(task, code, reason, parsed))
        return Observed(_observe_broken_result(task, code, reason))

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a status. An error of one that has not ended yet is no message."""
        said = super().observe(account, task, parsed)
        return None if said is None else replace(said, message=None)

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Read a webhook; one that lacks the result has it asked for."""
        (said,) = super().parse_callback(inbound)
        if isinstance(said, Hint) or said.state is not TaskState.RUNNING:
            return (said,)
        return (Hint(said.message or _LOST, said.provider_task_id),)

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the object that a webhook is."""
        word, name = (
            find_first_text(parsed, ("status",), limit=200),
            find_first_text(parsed, self.ids),
        )
        if word is None or name is None:
            return None
        payload = parsed.get("payload")
        if normalise_word(word) == "error":
            flaws = join_flaws(payload.get("detail")) if isinstance(payload, dict) else None
            reason = flaws or find_first_text(parsed, ("error",)) or self.read_reason(payload)
            code = _find_first_type(payload) or find_first_text(parsed, ("error_type",), limit=100)
            return replace(
                _observe_failure(None, code, reason, payload, word), provider_task_id=name
            )
        if normalise_word(word) != "ok":
            return Observation(None, word, name)
        if payload is None:
            reason = find_first_text(parsed, ("payload_error",)) or "the webhook holds no result"
            return Observation(TaskState.RUNNING, word, name, message=reason)
        return replace(_observe_success(name, payload, ()), word=word)

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return fal's signature. The keys of an address of the operator's are looked for there."""
        options, host = account.get_options(FalOptions), urlsplit(account.base_url).hostname or ""
        own = options.keys_url
        if own is None and not host.endswith(tuple(f".{family}" for family in _FAMILIES)):
            own = f"{account.base_url}/.well-known/jwks.json"
        source = KeySource(own or KEYS_URL, own is not None, reveal(options.proxy), "Ed25519")
        return FalSignature(source, options.user_id)


def _build_url(asking: Asking, name: str, tail: str) -> str | None:
    """Return an address of a request: as it was given, if it is fal's; else made of its parts."""
    task, account = asking.task, asking.account
    if task.provider_task_id is None:
        return None
    given = find_own_url(account, (task.context or {}).get(name), families=_FAMILIES)
    id_ = quote(task.provider_task_id, safe="")
    return given or f"{account.base_url}/{read_app(task.operation)}/requests/{id_}{tail}"


def _observe_success(name: str | None, payload: Any, costs: tuple[Cost, ...]) -> Observation:
    return Observation(
        TaskState.SUCCEEDED,
        _COMPLETED,
        name,
        artifacts=tuple(list_files(payload)),
        costs=costs,
        detail={"payload": replace_infinite(payload)},
    )


def _observe_failure(
    task: Task | None, code: str | None, reason: str | None, payload: Any, word: str = _COMPLETED
) -> Observation:
    """Say that a request failed, or was cancelled where that was asked for."""
    message = reason or "the provider gave no reason"
    name = None if task is None else task.provider_task_id
    was_asked = task is not None and task.cancel_asked_at is not None
    if was_asked or _CANCELLED.match(code or "") or _CANCELLED.match(message):
        return Observation(TaskState.CANCELLED, word, name, message=message)
    detail = {"payload": replace_infinite(payload)} if _has_detail(payload) else None
    error = TaskError("provider", code, message)
    return Observation(TaskState.FAILED, word, name, message=message, error=error, detail=detail)


def _observe_broken_result(task: Task, code: str | None, reason: str) -> Observation:
    """Say of a result that answers HTTP 500 and more that it is waited for, at last no longer.

    fal has no word for a failure: some of them are told by this alone, and others pass.
    """
    before = task.stage or ""
    count = before.count(".") + 1 if before.startswith(_BROKEN) else 1
    running = Observation(TaskState.RUNNING, _COMPLETED, task.provider_task_id)
    if count <= _MOST_BROKEN:
        return replace(running, stage=_BROKEN + "." * count)
    error = TaskError("provider", code, reason, doubtful=True)
    return replace(running, state=TaskState.FAILED, error=error, message=reason)


def _is_error(parsed: Any) -> bool:
    """Tell whether an object is an error's and nothing else, whatever its status says."""
    if not isinstance(parsed, dict) or not parsed.keys() <= _OF_ERRORS:
        return False
    return bool(parsed.get("detail") or parsed.get("error"))


def _has_detail(parsed: Any) -> bool:
    return isinstance(parsed, dict) and parsed.get("detail") is not None


def _read_code(answer: Answer, parsed: Any) -> str | None:
    """Return fal's word for what is wrong: of a model's first flaw, else of the infrastructure."""
    headers = answer.headers if isinstance(answer, HttpResult) else {}
    told = _find_first_type(parsed) or find_first_text(parsed, ("error_type",), limit=100)
    return told or headers.get("x-fal-error-type", "")[:100] or None


def _find_first_type(parsed: Any) -> str | None:
    detail = parsed.get("detail") if isinstance(parsed, dict) else None
    first = detail[0] if isinstance(detail, list) and detail else None
    return find_first_text(first, ("type",), limit=100)


def _read_costs(answer: HttpResult) -> tuple[Cost, ...]:
    amount = read_amount(answer.headers.get("x-fal-billable-units"))
    return () if amount is None else (Cost("unit", amount, unit="billable units"),)


_ADAPTER = FalAdapter()
REVISION = 5
PROVIDER = Provider(
    name="fal",
    revision=REVISION,
    regions={"global": "https://queue.fal.run"},
    options=FalOptions,
    submits=_ADAPTER,
    looks=FalRequests(_ADAPTER, _FAMILIES),
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=FalFront(),
    results=ResultHosting(lifetime=_RESULTS_LIVE),
    callback_bytes=_CALLBACK_BYTES,
    tells_costs=True,
    examples={
        "a picture": {
            "operation": "fal-ai/flux/dev",
            "input": {"input": {"prompt": "a cat in the rain"}},
        }
    },
)
