"""Jimeng: signed POSTs to one path, polls that name the model, verdicts by the outer code.

Sources: https://www.volcengine.com/docs/85621 (models, error codes), the signature of
https://www.volcengine.com/docs/6369/67269 and PyPI volcengine 1.0.229, read 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    CancelAsked,
    CancelOutcome,
    CancelUnknown,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.jimeng.codes import (
    GOOD,
    INTERNAL,
    NO_RIGHT,
    TOO_FAST,
    TOO_MANY,
    find_code,
    find_gateway_code,
    is_final,
)
from tracker.providers.jimeng.front import JimengFront
from tracker.providers.jimeng.inputs import (
    CREATES,
    OBJECTS,
    ROLE_ID,
    compute_seconds,
    is_model,
    list_flaws,
)
from tracker.providers.kit.cancels import OpenCancel
from tracker.providers.kit.empty_results import doubt_empty
from tracker.providers.kit.nested_answers import find_relayed_id, link_below, link_in
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.pieces import (
    build_file_url,
    build_text_url,
    guess_kind,
    make_lost_piece,
    read_web_url,
)
from tracker.providers.kit.reading import find_first_text, unpack_json
from tracker.providers.kit.reasons import find_reason
from tracker.providers.kit.set_fields import set_fields
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.kit.useless_options import UnprofiledOptions
from tracker.providers.kit.volc_signature import VolcOptions, build_signed_post
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import (
    NO_SUCH_OPERATION,
    Answer,
    Asking,
    Probed,
    Request,
    Sending,
)
from tracker.providers.ports.provider import Provider, ResultHosting

PICTURES_LIVE, VIDEOS_LIVE = timedelta(hours=24), timedelta(hours=1)
"""How long URLs of results answer."""
_SUBMIT, _RESULT, _CANCEL = "CVSync2AsyncSubmitTask", "CVSync2AsyncGetResult", "CVCancelTask"
_VERSIONS = {_SUBMIT: "2022-08-31", _RESULT: "2022-08-31", _CANCEL: "2024-06-06"}
_AS_URLS = json.dumps({"return_url": True}, separators=(",", ":"))
"""Asked for with each poll: pictures come as megabytes of base64 else."""
_VISIBLE_AFTER = timedelta(seconds=60)
_PAUSE_S = 2.0
"""After a refusal for too many calls in a second."""
LIMITS = CallLimits(CallRate(10, 1))
"""10 to 20 calls a second are an account's quota, by its service.

Source: https://www.volcengine.com/docs/85621, 2026-11; its numbers were looked for again on
2026-11-29 and not found.
"""
_EMPTY = "done without a file"
_RELAYED_WORDS = ("status", "data.status")
"""Fields of the word of a task in a relay's form."""
_AS_BASE64 = "the picture came as base64, although its address was asked for"
_VIDEOS = ("video_url", "preview_url")
"""In the text `resp_data`, which holds what a digital human's task brings."""
_MOST_HELD = 16 * 1024
"""Characters of a picture that a task's row holds."""


class JimengOptions(UnprofiledOptions, VolcOptions):
    """A pair of keys that signs; at a relay an `api_key` in its place."""

    sign_region: str = "cn-north-1"
    sign_service: str = "cv"


class JimengAdapter(OpenCancel, TableAdapter):
    """Submits, polls, cancels, probes. Nobody is called back."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    """Those that are checked; each `req_key` is an operation."""
    ids: ClassVar[Sequence[str]] = ("data.task_id",)
    words_in: ClassVar[Sequence[str]] = ("data.status",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "in_queue": TaskState.SUBMITTED,
            "generating": TaskState.RUNNING,
            "processing": TaskState.RUNNING,
            "done": TaskState.SUCCEEDED,
            "canceled": TaskState.CANCELLED,
            "cancelled": TaskState.CANCELLED,
        }
    )
    messages: ClassVar[Sequence[str]] = ("message", "ResponseMetadata.Error.Message")

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Take every name that a `req_key` can be."""
        del account
        return None if is_model(operation) else NO_SUCH_OPERATION

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the model's fields; those of other models are passed on."""
        if operation in self.creates:
            request = super().check(operation, input_)
        else:
            given = set_fields(None, input_)
            OpenInputs.model_validate(given)
            request = Request(given)
        if wrong := list_flaws(operation, request.body):
            raise InvalidRequest(*wrong)
        body = {name: value for name, value in request.body.items() if name != "req_key"}
        return replace(request, body=body)

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Look the code up, then the status."""
        is_code = code is not None and code.isdigit()
        return code in NO_RIGHT or (not is_code and super().is_account_fault(code, http_status))

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the signed create."""
        body = {"req_key": sending.task.operation, **sending.body}
        return _call(sending.account, _SUBMIT, body, sending.now)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Accept a task id beside the good code alone."""
        if isinstance(answer, HttpResult):
            parsed = parse_answer(answer)
            if find_code(parsed) != GOOD:
                is_relay = sending.account.options.base_url is not None and answer.status < 300
                if is_relay and (theirs := find_relayed_id(parsed)) is not None:
                    return Accepted(theirs, find_first_text(parsed, _RELAYED_WORDS, limit=200))
                return self.classify_refusal(sending, answer, parsed)
            task_id = find_first_text(parsed, self.ids, limit=500)
            if task_id is not None:
                request_id = find_first_text(parsed, ("request_id",), limit=200)
                return Accepted(task_id, request_id=request_id)
            return Unknown("accepted without a task_id")
        return super().parse_submit(sending, answer)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up; the status counts where there is none."""
        code, words = find_code(parsed), self.describe_answer(answer, parsed)
        pause_s = self.pause_s(answer, parsed)
        if (deferral := defer_without_channel(answer, parsed, words)) is not None:
            return deferral
        if code is None:
            found = super().classify_refusal(sending, answer, parsed)
            gateway = find_gateway_code(parsed)
            if isinstance(found, Refused) and gateway is not None:
                return replace(found, code=gateway, blames_account=True)
            return found
        if code in NO_RIGHT:
            return Refused(code, words, blames_account=True)
        if code == TOO_FAST:
            return Deferred(code, words, pause_s or _PAUSE_S, scope=DeferralScope.ACCOUNT)
        if code == TOO_MANY:
            return Deferred(code, words, pause_s, scope=DeferralScope.MODEL)
        if is_final(code) and answer.status < 500:
            return Refused(code, words)
        if code in INTERNAL or is_final(code) or answer.status < 300:
            return Unknown(words, code)
        return super().classify_refusal(sending, answer, parsed)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask by the id and the model; None while the id is not known."""
        task = asking.task
        if task.provider_task_id is None:
            return None
        return _look(asking.account, task.operation, task.provider_task_id, asking.now)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands: a code that is not the good one may be the verdict."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        code, words = find_code(parsed), self.describe_answer(answer, parsed)
        if code == GOOD:
            return [self._read(asking, parsed, words)]
        if code is not None and is_final(code):
            return [Observed(self._observe_failure(asking, parsed, code))]
        is_relay = asking.account.options.base_url is not None and answer.status < 300
        if is_relay and (row := _find_row(parsed)) is not None:
            return [self._read_relayed(asking, row)]
        is_busy = code in (TOO_FAST, TOO_MANY) or answer.status == 429
        pause_s = self.pause_s(answer, parsed) or (_PAUSE_S if is_busy else None)
        return [Unanswered(words, pause_s, slow_down=is_busy)]

    def _read(self, asking: Asking, parsed: Any, words: str) -> PollOutcome:
        task, word = asking.task, find_first_text(parsed, self.words_in, limit=200)
        if word is None:
            return Unanswered(words)
        if normalise_word(word) == "not_found":
            made_at = task.submitted_at or task.created_at
            is_young = asking.now - made_at < _VISIBLE_AFTER
            return Absent(word, Absence.NOT_YET if is_young else Absence.DENIED, weak=True)
        if normalise_word(word) == "expired":
            return Absent(word, Absence.PURGED)
        said = Observation(
            self.find_state(word),
            word,
            provider_task_id=task.provider_task_id,
            artifacts=tuple(_read_pieces(parsed, asking.now)),
        )
        return Observed(doubt_empty(said, task, _EMPTY))

    def _read_relayed(self, asking: Asking, row: Mapping[str, Any]) -> PollOutcome:
        """Read a task in a relay's form; Jimeng's own answer within it counts."""
        word, inner = row["status"][:200], unpack_json(row.get("data"))
        if find_code(inner) == GOOD:
            return self._read(asking, inner, word)
        state, task = GATEWAY_WORDS.get(normalise_word(word)), asking.task
        reason = find_first_text(row, ("fail_reason", "error.message", "error", "message"))
        link = link_in(row) or link_below(row) if state is TaskState.SUCCEEDED else None
        failed = TaskError("provider", None, reason or "the provider gave no reason")
        said = Observation(
            state,
            word,
            provider_task_id=task.provider_task_id,
            message=reason if state is TaskState.FAILED else None,
            error=failed if state is TaskState.FAILED else None,
            artifacts=()
            if link is None
            else (Artifact(guess_kind(link) or "video", link, key="0"),),
        )
        return Observed(doubt_empty(said, task, _EMPTY))

    def _observe_failure(self, asking: Asking, parsed: Any, code: str) -> Observation:
        reason = self.read_reason(parsed) or find_reason(parsed) or "the provider gave no reason"
        return Observation(
            TaskState.FAILED,
            find_first_text(parsed, self.words_in, limit=200) or code,
            provider_task_id=asking.task.provider_task_id,
            message=reason,
            error=TaskError("provider", code, reason),
        )

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the cancel, which names the model too; None while the id is not known."""
        task = asking.task
        if task.provider_task_id is None:
            return None
        body = {"req_key": task.operation, "task_id": task.provider_task_id}
        return _call(asking.account, _CANCEL, body, asking.now)

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """Believe no more than that it was heard: how the task ends, a poll tells."""
        del asking
        if isinstance(answer, HttpFailure):
            return CancelUnknown(answer.reason)
        parsed = parse_answer(answer)
        code, words = find_code(parsed), self.describe_answer(answer, parsed)
        if code == GOOD:
            return CancelAsked()
        if code is not None and is_final(code) and answer.status < 500:
            return TooLate(words)
        return CancelUnknown(words, self.pause_s(answer, parsed))

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for a task that nobody has."""
        return _look(account, "jimeng_t2i_v40", "0", now)

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Take a code about rights for a refusal of the account, whatever the HTTP status."""
        if isinstance(answer, HttpResult):
            parsed = parse_answer(answer)
            if find_code(parsed) in NO_RIGHT or find_gateway_code(parsed) is not None:
                words = self.describe_answer(answer, parsed)
                return Probed("error", f"refuses this account: {words}")
        return super().parse_probe(account, answer)


def _find_row(parsed: Any) -> Mapping[str, Any] | None:
    """Return the object of an answer that has a relay's word of a task; None for none."""
    inner = parsed.get("data") if isinstance(parsed, dict) else None
    for row in (parsed, inner):
        if isinstance(row, dict) and normalise_word(str(row.get("status") or "")) in GATEWAY_WORDS:
            return row
    return None


def _read_pieces(parsed: Any, now: datetime) -> Sequence[Artifact]:
    data = parsed.get("data")
    found = data if isinstance(data, dict) else {}
    urls = found.get("image_urls")
    pictures = [
        Artifact("image", url, key=str(place), expires_at=now + PICTURES_LIVE)
        for place, one in enumerate(urls if isinstance(urls, list) else ())
        if (url := read_web_url(one))
    ]
    pieces = pictures or _read_held_pieces(found)
    more = unpack_json(found.get("resp_data"))
    older = more.get("urls") if isinstance(more, dict) else None
    for place, one in enumerate(older if isinstance(older, list) else ()):
        if url := read_web_url(one):
            at = now + VIDEOS_LIVE
            pieces.append(
                Artifact(guess_kind(url) or "video", url, key=f"url/{place}", expires_at=at)
            )
    role = find_first_text(more, (ROLE_ID,), limit=256)
    if role is not None:
        pieces.append(Artifact("text", build_text_url(role), id=role, key=ROLE_ID))
    video = read_web_url(found.get("video_url")) or read_web_url(find_first_text(more, _VIDEOS))
    if video is not None:
        pieces.append(Artifact("video", video, key="video", expires_at=now + VIDEOS_LIVE))
    return pieces


def _read_held_pieces(found: Mapping[str, Any]) -> list[Artifact]:
    """Return what came as base64 although its address was asked for: a result, if not one of ours.

    Relays leave out what was asked for. Large ones are names of kept files; where none is kept,
    what has no place in a task's row is told as lost.
    """
    held = found.get("binary_data_base64")
    texts = [one for one in held if isinstance(one, str) and one] if isinstance(held, list) else []
    pieces = []
    for place, text in enumerate(texts):
        url = build_file_url(text) if len(text) <= _MOST_HELD else None
        lost = make_lost_piece("image", str(place), _AS_BASE64)
        pieces.append(lost if url is None else Artifact("image", url, key=str(place)))
    return pieces


def _look(account: Account, model: str, task_id: str, now: datetime) -> HttpCall:
    body = {"req_key": model, "task_id": task_id, "req_json": _AS_URLS}
    return _call(account, _RESULT, body, now)


def _call(account: Account, action: str, body: Mapping[str, Any], now: datetime) -> HttpCall:
    key = account.get_options(JimengOptions).get_signing_key()
    url = f"{account.base_url}/?Action={action}&Version={_VERSIONS[action]}"
    return build_signed_post(key, url, body, now, bearer=account.api_key)


_ADAPTER = JimengAdapter()
REVISION = 6
PROVIDER = Provider(
    name="jimeng",
    revision=REVISION,
    regions={"china": "https://visual.volcengineapi.com"},
    options=JimengOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=JimengFront(),
    call_limits=lambda _account: LIMITS,
    # Relays send pictures whose addresses were asked for; they are kept where anything is.
    results=ResultHosting(answers_with_files=lambda _operation: False),
    default_seconds=compute_seconds,
    examples={
        "a picture": {"operation": "jimeng_t2i_v40", "input": {"prompt": "a cat in the rain"}}
    },
)
