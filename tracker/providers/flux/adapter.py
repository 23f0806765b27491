"""Flux of Black Forest Labs: a poll URL and a webhook secret per task, results of ten minutes.

Sources: https://docs.bfl.ai (API reference, integration guidelines, errors) and the clients
https://pypi.org/project/blackforest (0.1.3) and npm @ai-sdk/black-forest-labs (1.0.33), read
2026-11. The header of the signature is told by the vendor's examples and not by its reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from tracker.domain.cost import Cost, Phase
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    DeferralScope,
    Deferred,
    PollOutcome,
    SubmitOutcome,
)
from tracker.domain.retry import retry_after_s
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.flux.front import CREDITS, FluxFront
from tracker.providers.flux.inputs import CREATES, OBJECTS, VIDEOS, has_webhook, is_endpoint
from tracker.providers.flux.passing import FluxCalls, build_key_header
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import build_bearer_header, find_own_url
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.flaw_lists import join_flaws
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.proofs import RequestSignature, request_secret
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_number,
    find_first_text,
    read_amount,
    replace_infinite,
)
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table import TableAdapter
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import SECRET_PER_CREATE, SecretlessOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import NO_SUCH_OPERATION, Answer, Asking, Request, Sending
from tracker.providers.ports.callbacks import Scheme
from tracker.providers.ports.provider import Provider, ResultHosting

RESULTS_LIVE = timedelta(minutes=10)
"""How long the URL of a result answers. Asking again brings no other one."""
_VISIBLE_AFTER = timedelta(seconds=60)
"""A task may not be seen in every region before."""
_FAMILIES = ("bfl.ai",)
"""The hosts of the API: a task lives in one region, whose host its poll URL names."""
_POLL_URL = "polling_url"
_MOST_URL = 2083
_CREDITS = "credits"
_EMPTY = "Ready without a sample"
_ABSENT = normalise_word("task not found")
_MODERATED = "moderated"
_KONTEXT_MAX = "flux-kontext-max"
"""Six of its tasks may be open; of all others 24 together."""
_STATES = {
    "Pending": TaskState.SUBMITTED,
    "Reasoning": TaskState.RUNNING,
    "Generating": TaskState.RUNNING,
    "Ready": TaskState.SUCCEEDED,
    "Error": TaskState.FAILED,
    "Failed": TaskState.FAILED,
    "Request Moderated": TaskState.FAILED,
    "Content Moderated": TaskState.FAILED,
}


class FluxOptions(SecretlessOptions):
    """A key, and how callbacks are signed.

    signature_header: the header of the signature, lower-case.
    """

    why_no_secrets = SECRET_PER_CREATE
    signature_header: Annotated[str, Field(pattern="^[a-z0-9-]{1,64}$")] = "x-bfl-signature"


class FluxApi(TableAdapter):
    """The official API: the key in `x-key`."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    poll_path = "get_result?id={id}"
    probe_path = CREDITS
    url_field = "webhook_url"
    most_url_chars = _MOST_URL
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(_STATES)
    times: ClassVar[Sequence[str]] = ("timestamp", "result.end_time")
    forgets = True
    calls_back: ClassVar[bool] = True

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return build_key_header(account)

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Take every name that an endpoint can have."""
        del account
        return None if is_endpoint(operation) else NO_SUCH_OPERATION

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table. A caller's own secret is not for the provider: ours is."""
        request = super().check(operation, input_)
        body = {name: value for name, value in request.body.items() if name != "webhook_secret"}
        images = ("control_image", "preprocessed_image")
        if operation.endswith(("-canny", "-depth")) and not any(body.get(one) for one in images):
            raise InvalidRequest(FieldError(images[0], "or preprocessed_image is required"))
        return replace(request, body=body)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with our URL and a secret made of it where there is a webhook."""
        url = sending.callback_url
        if url is None or not self.calls_back or not has_webhook(sending.task.operation):
            return super().build_submit(replace(sending, callback_url=None))
        secret = request_secret(url)
        body = {**sending.body, "webhook_secret": secret}
        call = super().build_submit(replace(sending, body=body))
        return replace(call, secrets=(secret,))

    def read_context(self, parsed: Any) -> Mapping[str, Any] | None:
        """Keep the URL that the task is asked for at; answers to creates with a webhook lack it."""
        url = find_first_text(parsed, (_POLL_URL,), limit=_MOST_URL)
        return None if url is None else {_POLL_URL: url}

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Let what shares a limit wait with the task."""
        found = super().classify_refusal(sending, answer, parsed)
        if not isinstance(found, Deferred) or found.scope is not DeferralScope.TASK:
            return found
        is_own = sending.task.operation == _KONTEXT_MAX
        return replace(found, scope=DeferralScope.MODEL if is_own else DeferralScope.ACCOUNT)

    def pause_s(self, answer: HttpResult, parsed: Any) -> float | None:
        """Take Retry-After, else `retry_after` of the body."""
        told = retry_after_s(answer.headers)
        if told is not None:
            return told
        pause = read_amount(find_first_number(parsed, ("retry_after", "detail.retry_after")))
        return None if pause is None else max(float(pause), 0.0)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask where the create's answer said, if that is a host of the provider's."""
        call = super().build_poll(asking)
        url = (asking.task.context or {}).get(_POLL_URL)
        own = find_own_url(asking.account, url, families=_FAMILIES)
        return call if call is None or own is None else replace(call, url=own)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands; one that was just made may not be seen everywhere yet."""
        (outcome,) = super().parse_poll(asking, answer)
        made_at = asking.task.submitted_at or asking.task.created_at
        is_young = asking.now - made_at < _VISIBLE_AFTER
        if isinstance(outcome, Absent) and is_young:
            return [replace(outcome, kind=Absence.NOT_YET)]
        return [outcome]

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Know the word, which comes with any status."""
        return _is_absent(parsed) or super().is_denial(answer, parsed)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task, also one that does not repeat its id."""
        if _is_absent(parsed):
            return None
        known = None if task is None else task.provider_task_id
        if isinstance(parsed, dict) and known and find_first_text(parsed, self.ids) is None:
            parsed = {**parsed, "id": known}
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        result = parsed.get("result")
        if said.state is TaskState.SUCCEEDED and isinstance(result, dict):
            said = replace(said, detail={"result": replace_infinite(result)})
        return await_result(said, task, _EMPTY)

    def read_reason(self, parsed: Any) -> str | None:
        """Return a text, or the flaws that `detail` lists."""
        text = find_first_text(parsed, ("message", "detail"))
        if text is None and isinstance(parsed, dict):
            text = join_flaws(parsed.get("detail")) or join_flaws(parsed.get("details"))
        return text or find_first_text(parsed, ("error", "details"))

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure: the word of a moderated one tells the input from the output."""
        word = _read_word(parsed)
        if _MODERATED in word.lower():
            return TaskError("provider", word, message or word)
        error = super().describe_failure(parsed, message)
        return replace(error, code=error.code or find_first_text(parsed, ("error",), limit=100))

    def read_progress(self, parsed: Any) -> float | None:
        """Return percent of a number from 0 to 1."""
        part = read_amount(find_first_number(parsed, ("progress",)))
        return None if part is None else min(max(float(part) * 100, 0.0), 100.0)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the one sample, and what a draft of a video is enhanced from."""
        del account
        result = parsed.get("result")
        found = result if isinstance(result, dict) else {}
        ended = find_first_instant(parsed, ("result.end_time", "timestamp"))
        expires = None if ended is None else ended + RESULTS_LIVE
        named = [("sample", _find_kind(task, found.get("sample"))), ("draft_cache", "file")]
        return [
            Artifact(kind, url, key=name, expires_at=expires)
            for name, kind in named
            if (url := read_web_url(found.get(name)))
        ]

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Read what the create says that the task costs."""
        amount = read_amount(find_first_number(parsed, ("cost",)))
        return [] if amount is None else [Cost("unit", amount, unit=_CREDITS, phase=Phase.RESERVE)]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the cost of the end; a success that tells none costs what its create said."""
        del account
        amount = read_amount(find_first_number(parsed, ("cost",)))
        if amount is None and self.find_state(_read_word(parsed)) is TaskState.SUCCEEDED and task:
            told = [one.amount for one in task.costs if one.phase is Phase.RESERVE]
            amount = told[-1] if told else None
        return settle_costs(task, amount, unit=_CREDITS)

    def read_balance(self, parsed: Any) -> str | None:
        """Return the credits that are left."""
        left = find_first_number(parsed, (_CREDITS,))
        return None if left is None else f"{left} {_CREDITS}"


class FluxGateway(FluxApi, GatewayAdapter):
    """`/flux/v1` of a gateway: the key is sent as Bearer, and nobody says that it calls back."""

    calls_back = False

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return build_bearer_header(account.api_key)


class FluxAdapter(AdapterByProfile, ObjectCallbacks):
    """Both kinds of upstream, and the callbacks of the official one."""

    not_a_task = "no id and status: this is not a task"

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, which is that of both kinds."""
        return _OFFICIAL.check(operation, input_)

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the upstream calls back: of its newest models never."""
        is_calling = self.find_kind(account).is_calling
        return is_calling and (operation is None or has_webhook(operation))

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return the signature by the secret of each create."""
        if not self.find_kind(account).is_calling:
            return None
        return RequestSignature(account.get_options(FluxOptions).signature_header)

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the task that a callback is."""
        return _OFFICIAL.observe(_NO_ACCOUNT, None, parsed)


def _read_word(parsed: Any) -> str:
    return find_first_text(parsed, TableAdapter.words_in, limit=200) or ""


def _is_absent(parsed: Any) -> bool:
    """Tell whether the word says that there is no such task, however it is written."""
    return normalise_word(_read_word(parsed)) == _ABSENT


def _find_kind(task: Task | None, url: Any) -> str:
    if task is not None and task.operation in VIDEOS:
        return "video"
    path = urlsplit(url).path if read_web_url(url) else ""
    return "video" if path.endswith(".mp4") else "image"


_NO_ACCOUNT = Account("", "", FluxOptions())
_OFFICIAL = FluxApi()
_ADAPTER = FluxAdapter(
    {
        "official": UpstreamKind(adapter=_OFFICIAL, is_calling=True, needs_address=False),
        "gateway": UpstreamKind(adapter=FluxGateway(), path_ends=("/flux/v1",)),
    }
)
REVISION = 8
PROVIDER = Provider(
    name="flux",
    revision=REVISION,
    regions={
        "global": "https://api.bfl.ai/v1",
        "eu": "https://api.eu.bfl.ai/v1",
        "us": "https://api.us.bfl.ai/v1",
    },
    options=FluxOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    front=FluxFront(),
    passes_on=FluxCalls(),
    results=ResultHosting(lifetime=RESULTS_LIVE, own_links=True),
    tells_costs=True,
    examples={"a picture": {"operation": "flux-2-pro", "input": {"prompt": "a cat in the rain"}}},
)
