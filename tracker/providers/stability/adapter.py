"""Stability: forms, files for answers, the HTTP status of the result as the state.

Source: https://platform.stability.ai/docs/api-reference (v2beta), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.inline_files import is_name
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.kit.forms import FormFile, build_multipart, read_file
from tracker.providers.kit.pieces import MOST_HELD, build_file_url
from tracker.providers.kit.reading import find_first_number, find_first_text
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import OneKindOptions
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.ports.provider import Provider, ResultHosting
from tracker.providers.stability.front import StabilityFront
from tracker.providers.stability.operations import (
    CREATES,
    MEDIA_TYPES,
    OBJECTS,
    OPERATIONS,
    drop_empty,
    list_flaws,
)
from tracker.providers.stability.passing import BALANCE, StabilityCalls
from tracker.providers.stability.words import FIELDS, FILTERED, MODERATED, STATUSES, SUCCESS

LIVES = timedelta(hours=24)
"""Of results."""
YOUNG = timedelta(minutes=1)
"""A result of this age may not be visible yet."""
_LONGEST_S = 600.0
_BAN_S = 60.0
"""How long a key is refused that made too many calls."""
LIMITS = CallLimits(CallRate(150, 10))
"""Of all calls, beyond which the key is banned for a minute.

Source: https://stabilityplatform.freshdesk.com/support/solutions/articles/150000186026, the
vendor's help desk, read 2026-11-29.
"""
_POLL_S = 120.0
"""Seconds that the download of a result may take."""
_FAILED_WORDS = frozenset({FILTERED, "ERROR"})
_GOES_ON = "in-progress"


class StabilityOptions(OneKindOptions):
    """A key."""


class StabilityAdapter(TableAdapter):
    """Submits, asks for results, probes. Nobody is called back, and nothing finds a lost create."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    probe_path = BALANCE
    poll_path = "v2beta/results/{id}"
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType({})
    messages: ClassVar[Sequence[str]] = ("message", "name")
    least_spacing_s = 10.0

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and that all of it can stand in a form."""
        request = super().check(operation, drop_empty(input_))
        if flaws := list_flaws(request.body):
            raise InvalidRequest(*flaws)
        return request

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Look the status up; 403 is about the content too."""
        return code != MODERATED and super().is_account_fault(code, http_status)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the form; the answer of most operations is the file."""
        name, account = sending.task.operation, sending.account
        kind = "application/json" if OPERATIONS[name].has_id else _choose_media_type(name)
        headers = {**self.build_headers(account), "accept": kind}
        fields = [(field, _make_part(value)) for field, value in sending.body.items()]
        call = build_multipart(f"{account.base_url}/{self.creates[name].path}", fields, headers)
        return call if OPERATIONS[name].has_id else replace(call, lasts_s=_LONGEST_S)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a file for the result, and an id for acceptance where a result has to be asked for.

        Errors have an `id` too, of the error. An operation that is answered with the result may be
        answered with an id as well, by its newer versions.
        """
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        said = _read_result(sending.task, answer, parsed)
        if said is not None:
            return Accepted(None, said.word, said=said)
        if (status := STATUSES.get(_find_name(parsed) or "")) is not None:
            return self.classify_refusal(sending, replace(answer, status=status), parsed)
        task_id = find_first_text(parsed, ("id",), limit=500)
        may_have_id = OPERATIONS[sending.task.operation].has_id or answer.status == 202
        if task_id is None or not may_have_id or _is_error(parsed):
            return Unknown(f"{self.describe_answer(answer, parsed)}, without a result")
        return Accepted(task_id)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the name of the error up: moderation comes with 403, as missing rights do."""
        found = super().classify_refusal(sending, answer, parsed)
        name = _find_name(parsed)
        match found:
            case Refused():
                return replace(
                    found, code=name, blames_account=self.is_account_fault(name, answer.status)
                )
            case Deferred():
                pause_s = max(found.retry_after_s or 0.0, _BAN_S)
                scope = DeferralScope.ACCOUNT
                return replace(found, code=name, retry_after_s=pause_s, scope=scope)
            case Unknown():
                return replace(found, code=name)
            case _:
                return found

    def read_reason(self, parsed: Any) -> str | None:
        """Join the errors."""
        errors = parsed.get("errors") if isinstance(parsed, dict) else None
        texts = [one for one in errors if isinstance(one, str)] if isinstance(errors, list) else []
        return "; ".join(texts)[:4000] or super().read_reason(parsed)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask for the result, which is a download once it is there; None without an id."""
        task = asking.task
        if task.provider_task_id is None:
            return None
        name = quote(task.provider_task_id, safe="")
        path = self.poll_path.format(id=name)
        if task.operation == "image-to-video":
            path = f"v2beta/image-to-video/result/{name}"
        headers = {
            **self.build_headers(asking.account),
            "accept": _choose_media_type(task.operation),
        }
        return HttpCall("GET", f"{asking.account.base_url}/{path}", headers, lasts_s=_POLL_S)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the state off the HTTP status."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        task, parsed = asking.task, parse_answer(answer)
        words = self.describe_answer(answer, parsed)
        name = _find_name(parsed)
        match answer.status:
            case 202 if not answer.body or isinstance(parsed, dict):
                word = find_first_text(parsed, ("status",), limit=100) or _GOES_ON
                return [Observed(Observation(TaskState.RUNNING, word))]
            case 200 if (said := _read_result(task, answer, parsed)) is not None:
                return [Observed(said)]
            case 200 | 403 if name == MODERATED:
                return [Observed(_observe_failure(name, words))]
            case 200 if normalise_word(
                find_first_text(parsed, ("status",), limit=100) or ""
            ) == normalise_word(_GOES_ON):
                return [Observed(Observation(TaskState.RUNNING, _GOES_ON))]
            case 400 | 422 if task.state is TaskState.RUNNING and name is not None:
                return [Observed(_observe_failure(name, words))]
            case 404 if isinstance(parsed, dict):
                return [_judge_absence(asking, words)]
            case status:
                is_busy = status == 429
                pause_s = self.pause_s(answer, parsed) or (_BAN_S if is_busy else None)
                return [Unanswered(words, pause_s, slow_down=is_busy)]

    def read_balance(self, parsed: Any) -> str | None:
        """Read the credits that are left."""
        left = find_first_number(parsed, ("credits",))
        return None if left is None else f"{left} credits"


def _choose_media_type(operation: str) -> str:
    return MEDIA_TYPES[OPERATIONS[operation].kind]


def _make_part(value: Any) -> str | FormFile:
    """Return what stands in a part of the form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return read_file(value) or str(value)


def _read_result(task: Task, answer: HttpResult, parsed: Any) -> Observation | None:
    """Read a result: a file alone, told of by headers, or one within JSON. None for neither."""
    kind = OPERATIONS[task.operation].kind
    if isinstance(parsed, str):
        word, seed = answer.headers.get("finish-reason"), answer.headers.get("seed")
        url = parsed if is_name(parsed) else None
    else:
        word = find_first_text(parsed, ("finish_reason", "finishReason"), limit=100)
        seed, url = find_first_number(parsed, ("seed",)), _read_file(parsed, kind)
    word = normalise_word(word or SUCCESS).upper()[:100]
    pieces = () if url is None else (Artifact(kind, url, key="0"),)
    if word in _FAILED_WORDS:
        if word == FILTERED:
            return replace(
                _observe_failure(word, "the result was blurred by moderation"), artifacts=pieces
            )
        return _observe_failure(word, "it failed")
    if not pieces:
        return None
    detail = {"finish_reason": word} | ({"seed": seed[:20]} if seed else {})
    return Observation(TaskState.SUCCEEDED, word, artifacts=pieces, detail=detail)


def _read_file(parsed: Any, kind: str) -> str | None:
    """Return the file of an answer by its name; a small picture as a data URL."""
    held = find_first_text(parsed, FIELDS, limit=MOST_HELD)
    return build_file_url(held) if kind == "image" or is_name(held) else None


def _find_name(parsed: Any) -> str | None:
    """Return the name of an error, as Stability writes it."""
    name = find_first_text(parsed, ("name",), limit=100)
    known = normalise_word(name or "")
    return known if known in STATUSES else name


def _is_error(parsed: Any) -> bool:
    """Tell an error from an acceptance: both have an `id`."""
    return isinstance(parsed, dict) and bool(parsed.get("errors") or parsed.get("name"))


def _observe_failure(code: str, words: str) -> Observation:
    error = TaskError("provider", code, words)
    return Observation(TaskState.FAILED, code, message=words, error=error)


def _judge_absence(asking: Asking, words: str) -> Absent:
    """Conclude from a 404, which means three things: not yet, over for a day, another key's."""
    age = asking.now - (asking.task.submitted_at or asking.task.created_at)
    if age < YOUNG:
        return Absent(words, Absence.NOT_YET)
    return Absent(words, Absence.PURGED) if age >= LIVES else Absent(words, weak=True)


_ADAPTER = StabilityAdapter()
REVISION = 4
PROVIDER = Provider(
    name="stability",
    revision=REVISION,
    regions={"global": "https://api.stability.ai"},
    options=StabilityOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    probes=_ADAPTER,
    front=StabilityFront(),
    passes_on=StabilityCalls(),
    results=ResultHosting(answers_with_files=lambda operation: operation in OPERATIONS),
    call_limits=lambda _account: LIMITS,
    examples={
        "a picture": {
            "operation": "stable-image/generate/core",
            "input": {"prompt": "a cat in the rain", "aspect_ratio": "1:1", "output_format": "png"},
        }
    },
)
