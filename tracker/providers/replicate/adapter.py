"""Replicate: predictions, signed callbacks, and results that are deleted an hour after their end.

Sources: https://replicate.com/docs/reference/http, https://replicate.com/docs/topics/webhooks,
https://replicate.com/docs/topics/predictions/data-retention and the official clients (PyPI
replicate 1.0.7, npm replicate 1.4.0), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.cost import Cost
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absence, Absent, Observed, PollOutcome, SubmitOutcome
from tracker.domain.retry import retry_after_s
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import apply_told_status, build_post, find_own_url
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.pieces import build_text_url, guess_kind, read_web_url
from tracker.providers.kit.proofs import StandardWebhooks, find_secret_flaws
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_text,
    read_charge,
    replace_infinite,
)
from tracker.providers.kit.scan import ListScan
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UnprofiledOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.ports.callbacks import Scheme
from tracker.providers.ports.listing import ListRequest
from tracker.providers.ports.provider import Provider
from tracker.providers.replicate.front import ReplicateFront
from tracker.providers.replicate.passing import OBJECTS, ReplicateCalls

RESULTS_LIVE = timedelta(hours=1)
"""How long after its end a prediction's input, output, files and logs are kept."""
PREDICTIONS = "predictions"
"""The operation whose body names the model, as `version`."""
_OF_A_MODEL = re.compile(r"(models|deployments)/[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_ABORTED_WORD = "aborted"
_EVENTS = ("start", "output", "completed")
"""The events that bring news; `logs` would bring two callbacks a second."""
_PERCENT = re.compile(r"(\d{1,3})%\|")
_RESETS = re.compile(r"resets in ~?(\d{1,6})\s*s")
LIMITS = CallLimits(calls=CallRate(3000, 60), creates=CallRate(600, 60))
"""https://replicate.com/docs/topics/predictions/rate-limits, read 2026-11: creates apart."""
_LOG_END = 2000
"""Characters at the end of the logs in which the latest progress bar is looked for."""
_DEEPEST = 20
"""Levels of an output in which URLs are looked for."""
_MOST_METRICS = 50
_CALLBACK_BYTES = 16 * 1024 * 1024
"""Models answer with files as data URLs, which webhooks carry whole: 12 MB were seen
(github.com/replicate/replicate-javascript issue 344, read 2026-11-28).
"""


class _Prediction(BaseModel):
    """Fields that are not named here are passed on; the model's own schema is not known."""

    model_config = ConfigDict(extra="allow", strict=True)

    input: dict[str, Any]
    version: str | None = Field(None, min_length=1)
    webhook_events_filter: list[Literal["start", "output", "logs", "completed"]] | None = None
    cancel_after: Annotated[str, Field(pattern=r"^[1-9]\d{0,5}[smh]$")] | None = None


class ReplicateOptions(UnprofiledOptions):
    """A key, and the signing secret that `GET /v1/webhooks/default/secret` shows."""

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what cannot work."""
        secrets = [one.get_secret_value() for one in self.webhook_secrets]
        return [*find_secret_flaws(secrets), *super().find_flaws()]


class ReplicateAdapter(ListScan, PathCancel, ObjectCallbacks):
    """Submits, polls, scans, cancels, reads callbacks, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {PREDICTIONS: CreatePath(PREDICTIONS, _Prediction)}
    )
    """Those of models and deployments name one each, and are any number."""
    poll_path = "predictions/{id}"
    cancel_path = "predictions/{id}/cancel"
    url_field = "webhook"
    entries_in = "results"
    mark_in = "webhook"
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "starting": TaskState.SUBMITTED,
            "processing": TaskState.RUNNING,
            "succeeded": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
            "canceled": TaskState.CANCELLED,
            _ABORTED_WORD: TaskState.FAILED,
        }
    )
    words_in = ("status",)
    messages = ("error", "error.detail", "error.message", "detail", "title")
    times = ("completed_at", "started_at", "created_at")
    meanings: ClassVar[Mapping[int, Meaning]] = MappingProxyType({403: Meaning.REFUSED})
    forgets = True
    names_task = True
    not_a_task = "no id and status: this is not a prediction"

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Take `predictions`, and the path of any model or deployment."""
        del account
        if operation == PREDICTIONS or _OF_A_MODEL.fullmatch(operation):
            return None
        return "must be predictions, models/OWNER/NAME or deployments/OWNER/NAME"

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the same for every model: its own input is the model's affair."""
        del operation
        return _Prediction

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate what stands around the model's own input."""
        request = super().check(PREDICTIONS, input_)
        if operation == PREDICTIONS and "version" not in request.body:
            raise InvalidRequest(FieldError("version", "is required"))
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the prediction with our webhook, which asks for every event that brings news."""
        operation, body = sending.task.operation, dict(sending.body)
        path = operation if operation == PREDICTIONS else f"{operation}/predictions"
        body.pop("webhook_events_filter", None)  # of a webhook that is not sent
        if sending.callback_url is not None:
            body |= {"webhook": sending.callback_url, "webhook_events_filter": list(_EVENTS)}
        lasts = body.pop("cancel_after", None)
        deadline = {"cancel-after": lasts} if lasts else {}
        url = f"{sending.account.base_url}/{path}"
        return build_post(url, body, self.build_headers(sending.account) | deadline)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Take the status that an error body repeats where a gateway sends it with another."""
        return super().classify_refusal(
            sending, apply_told_status(answer, parsed, ("status",)), parsed
        )

    def pause_s(self, answer: HttpResult, parsed: Any) -> float | None:
        """Take Retry-After, else the time that the text of a throttled answer names."""
        told = retry_after_s(answer.headers)
        resets = _RESETS.search(find_first_text(parsed, ("detail",)) or "")
        return float(resets[1]) if told is None and resets is not None else told

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands.

        A success whose result was deleted is said without one; where the success is known already,
        the deletion is all that the answer tells.
        """
        (outcome,) = super().parse_poll(asking, answer)
        said = outcome.observation if isinstance(outcome, Observed) else None
        if said is None or said.state is not TaskState.SUCCEEDED or said.artifacts:
            return [outcome]
        is_late = said.at is not None and asking.now >= said.at + RESULTS_LIVE
        if said.message != _PURGED and not is_late:
            return [outcome]
        if asking.task.state is TaskState.SUCCEEDED:
            return [Absent(_PURGED, Absence.PURGED)]
        return [Observed(replace(said, message=_PURGED))]

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a prediction. One that was aborted before it started never cost anything."""
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        if normalise_word(said.word) == _ABORTED_WORD:
            has_started = find_first_instant(parsed, ("started_at",)) is not None
            state = TaskState.FAILED if has_started else TaskState.CANCELLED
            error = said.error if has_started else None
            return replace(said, state=state, error=error, message=said.message or _ABORTED)
        if said.state is not TaskState.SUCCEEDED:
            return said
        if parsed.get("data_removed") is True:
            return replace(said, message=_PURGED, artifacts=())
        output = parsed.get("output")
        return (
            said if output is None else replace(said, detail={"output": replace_infinite(output)})
        )

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure; Replicate gives a text and no code."""
        if normalise_word(find_first_text(parsed, self.words_in) or "") == _ABORTED_WORD:
            return TaskError("provider", _ABORTED_WORD, message or _ABORTED)
        return TaskError("provider", None, message or "the provider gave no reason")

    def read_progress(self, parsed: Any) -> float | None:
        """Return the percent of the last progress bar in the logs."""
        logs = parsed.get("logs")
        found = _PERCENT.findall(logs[-_LOG_END:]) if isinstance(logs, str) else []
        return min(float(found[-1]), 100.0) if found else None

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Collect every URL of `output`, in order; text without one is one artifact, as a data URL.

        What a prediction shows before its success is a preview.
        """
        del account, task
        has_succeeded = self.read_state(parsed) is TaskState.SUCCEEDED
        state = ArtifactState.READY if has_succeeded else ArtifactState.PREVIEW
        ended = find_first_instant(parsed, ("completed_at",))
        output = parsed.get("output")
        urls = _list_urls(output)
        if urls:
            expires = None if ended is None else ended + RESULTS_LIVE
            return [
                Artifact(_find_kind(url), url, key=str(place), state=state, expires_at=expires)
                for place, url in enumerate(urls)
            ]
        text = _read_text(output)
        if text is None or not text.strip():
            return []
        return [Artifact("text", build_text_url(text), key="text", state=state)]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Return every numeric metric: seconds of computing, and outputs by their count."""
        del account, task
        metrics = parsed.get("metrics")
        found = metrics if isinstance(metrics, dict) else {}
        entries = [
            Cost("unit", amount, unit="seconds" if name == "predict_time" else name[:40])
            for name, value in sorted(found.items())
            if name != "total_time"  # holds the time in the queue, which nobody pays for
            and (amount := read_charge(value)) is not None
        ]
        return entries[:_MOST_METRICS]

    def list_url(self, account: Account, page: Mapping[str, Any] | None) -> str:
        """Return the URL of a page: the one that the page before named."""
        return f"{account.base_url}/predictions" if page is None else str(page["next"])

    def read_next_page(
        self, asking: Asking | ListRequest, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Follow `next`, as long as it leads to the account's own host."""
        following = find_own_url(asking.account, parsed.get("next"))
        return {"next": following} if entries and following is not None else None

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return Standard Webhooks, where the account has a secret."""
        secrets = account.webhook_secrets
        return StandardWebhooks.make_scheme(secrets) if secrets else None

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the bare prediction that a callback is."""
        return self.observe(_NO_ACCOUNT, None, parsed)


def _list_urls(value: Any, depth: int = 0) -> Sequence[str]:
    if isinstance(value, str):
        url = value if value.startswith("data:") else read_web_url(value)
        return [] if url is None else [url]
    if depth > _DEEPEST:
        return []
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list):
        return []
    return [url for one in inner for url in _list_urls(one, depth + 1)]


def _read_text(output: Any) -> str | None:
    """Return an output of text, whole or in pieces; None for another one."""
    if isinstance(output, str):
        return output
    if isinstance(output, list) and output and all(isinstance(one, str) for one in output):
        return "".join(output)
    return None


def _find_kind(url: str) -> str:
    if url.startswith("data:"):
        kind = url.removeprefix("data:").split("/")[0]
        return kind if kind in ("video", "image", "audio") else "file"
    return guess_kind(url) or "file"


_ABORTED = "deadline reached"
_PURGED = "the provider has deleted the result"
_NO_ACCOUNT = Account("", "", ReplicateOptions())
_ADAPTER = ReplicateAdapter()
REVISION = 4
PROVIDER = Provider(
    name="replicate",
    revision=REVISION,
    regions={"global": "https://api.replicate.com/v1"},
    options=ReplicateOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    looks=_ADAPTER,
    lists=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=ReplicateFront(),
    callback_bytes=_CALLBACK_BYTES,
    passes_on=ReplicateCalls(),
    tells_costs=True,
    call_limits=lambda _account: LIMITS,
    examples={
        "a greeting of the first model": {
            "operation": "predictions",
            "input": {
                "version": "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa",
                "input": {"text": "Alice"},
            },
        }
    },
)
