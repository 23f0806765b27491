"""The adapter: builds Kling's calls, reads Kling's answers (legacy dialect)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import jwt

from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Deferred,
    NotSent,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.signature import Proof, key_of, verify
from tracker.domain.task import Task
from tracker.providers.base import Account, Request
from tracker.providers.kling import front, operations
from tracker.providers.kling.codes import CODES, Then
from tracker.providers.kling.parsing import find_id, find_task, observe, read_json, text_of

_TOKEN_LIFE_S = 1800
_TOKEN_EARLY_S = 5
"""`exp` and `nbf` as the vendor's sample has them (authentication page, 2026-06)."""
_EXISTS = re.compile(r"exist|duplicat|已存在|重复", re.IGNORECASE)
_NOT_FOUND = re.compile(r"not[ _]?(found|exist)|不存在", re.IGNORECASE)
_MEANS_ABSENT = frozenset({"1201", "1203", "task_not_exist", "task_not_found"})
_SLOW_DOWN = frozenset({"1302", "1303"})


class Kling:
    """Kling's adapter. Stateless and pure."""

    name = "kling"
    operations = frozenset(operations.OPERATIONS)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """See Provider.check."""
        return operations.check(operation, input_)

    def build_submit(
        self,
        account: Account,
        task: Task,
        body: Mapping[str, Any],
        *,
        callback_url: str | None,
        now: datetime,
    ) -> HttpCall:
        """`POST /v1/{operation}`; the callback URL stands at the top level in this dialect."""
        sent = dict(body) | {"external_task_id": task.external_task_id}
        if callback_url is not None:
            sent["callback_url"] = callback_url
        return HttpCall(
            "POST",
            f"{_root(account)}/{task.operation}",
            _headers(account, now) | {"content-type": "application/json"},
            json.dumps(sent, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        )

    def parse_submit(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        """An answer that names a task was accepted, whatever its `code` says (reference §0.7)."""
        if isinstance(answer, HttpFailure):
            if answer.certainty is Certainty.NOT_SENT:
                return NotSent(answer.reason)
            return Unknown(answer.reason)
        said = _Said(answer)
        if answer.status < 300 and (task_id := find_id(said.data)):
            found = find_task(said.parsed)
            word = observe(found).word if found else None
            return Accepted(task_id, word, said.message, said.request_id)
        return _refusal(answer, said)

    def build_poll(self, account: Account, task: Task, *, now: datetime) -> HttpCall:
        """`GET /v1/{operation}/{id}`, where either id will do."""
        name = quote(task.provider_task_id or task.external_task_id, safe="")
        url = f"{_root(account)}/{task.operation}/{name}"
        return HttpCall("GET", url, _headers(account, now))

    def parse_poll(self, answer: HttpResult | HttpFailure) -> PollOutcome:
        """What a query's answer says of the task."""
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        said = _Said(answer)
        found = find_task(said.data) if answer.status < 300 else None
        if found is not None:
            return Observed(observe(found))
        if said.code in _MEANS_ABSENT and _NOT_FOUND.search(f"{said.code} {said.message}"):
            return Absent(said.message or "not found")
        if answer.status < 300 and said.data == []:
            return Absent("an empty list")
        return Unanswered(
            _in_words(answer, said),
            retry_after_s=_retry_after_s(answer),
            slow_down=answer.status == 429 or said.code in _SLOW_DOWN,
        )

    def verify_callback(
        self, account: Account, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> Proof | None:
        """Standard Webhooks, which Kling's callbacks carry once the account has a secret."""
        if not account.webhook_secrets:
            return None
        return verify([key_of(one) for one in account.webhook_secrets], headers, body, now=now)

    def parse_callback(self, body: bytes, headers: Mapping[str, str]) -> Observation:
        """A bare task object, or one in the envelope of query answers. Headers say nothing yet."""
        del headers
        try:
            parsed = read_json(body)
        except ValueError as error:
            raise CallbackRejected(f"not JSON: {error}") from None
        found = find_task(parsed)
        if found is None:
            raise CallbackRejected("no task_status: this is not a task object")
        return observe(found)

    def render_callback(self, task: Task) -> bytes:
        """The bare task object that Kling itself would call back with."""
        return json.dumps(front.render_task(task), ensure_ascii=True).encode()


class _Said:
    """An answer's envelope, as far as there is one."""

    def __init__(self, answer: HttpResult) -> None:
        try:
            self.parsed: Any = read_json(answer.body)
        except ValueError:
            self.parsed = None
        outer = self.parsed if isinstance(self.parsed, Mapping) else {}
        inner = outer.get("error")
        self.code = text_of(outer.get("code"), limit=100)
        if self.code is None and isinstance(inner, Mapping):
            self.code = text_of(inner.get("code"), limit=100)
        words = outer.get("message", outer.get("msg"))
        if words is None and isinstance(inner, Mapping):
            words = inner.get("message")
        self.message = text_of(words, limit=2000)
        self.request_id = text_of(outer.get("request_id"), limit=200)
        # A bare answer is its own data; an error's envelope has none.
        is_envelope = "data" in outer or "code" in outer
        self.data = outer.get("data") if is_envelope else self.parsed


def _refusal(answer: HttpResult, said: _Said) -> SubmitOutcome:
    """What an answer without a task proves."""
    code = int(said.code) if said.code and said.code.isdigit() and len(said.code) < 6 else 0
    words, asked_s = _in_words(answer, said), _retry_after_s(answer)
    row = CODES.get(code)
    if row is None:
        return _by_status(answer, said, words, asked_s)
    match row.then:
        case Then.REFUSE if code == 1201 and _EXISTS.search(said.message or ""):
            return Unknown(words, said.code, exists=True)
        case Then.REFUSE:
            return Refused(said.code, words, said.request_id)
        case Then.WAIT:
            return Deferred(said.code, words, asked_s, request_id=said.request_id)
        case Then.WAIT_FOR_SLOT:
            return Deferred(
                said.code, words, asked_s, spends_attempt=False, request_id=said.request_id
            )
        case Then.ONCE_MORE:
            return Deferred(said.code, words, asked_s, once=True, request_id=said.request_id)
        case Then.LOOK:
            return Unknown(words, said.code)


def _by_status(answer: HttpResult, said: _Said, words: str, asked_s: float | None) -> SubmitOutcome:
    """The same from the HTTP status alone."""
    match answer.status:
        case 429:
            return Deferred(said.code, words, asked_s, request_id=said.request_id)
        case 408 | 409 | 425:
            return Unknown(words, said.code)
        case status if 300 <= status < 400:
            return Refused(said.code, f"{words}: redirects are not followed; check the base URL")
        case status if 400 <= status < 500:
            hint = "" if said.parsed is not None else ": no Kling answer; check the base URL"
            return Refused(said.code, f"{words}{hint}", said.request_id)
        case _:
            return Unknown(words, said.code)


def _in_words(answer: HttpResult, said: _Said) -> str:
    parts = [f"HTTP {answer.status}"]
    if said.code is not None:
        parts.append(f"code {said.code}")
    if said.message:
        parts.append(said.message)
    elif said.parsed is None:
        parts.append("the answer is not JSON")
    return ", ".join(parts)


def _retry_after_s(answer: HttpResult) -> float | None:
    """Seconds, or the distance of a date from the answer's own Date (RFC 9110 §10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        return max((then - parsedate_to_datetime(answer.headers["date"])).total_seconds(), 0.0)
    except (ValueError, TypeError, KeyError):
        return None


def _root(account: Account) -> str:
    return account.base_url if account.base_url.endswith("/v1") else f"{account.base_url}/v1"


def _headers(account: Account, now: datetime) -> dict[str, str]:
    """Exactly one space after Bearer (authentication page)."""
    key = account.api_key
    if key is None and account.access_key and account.secret_key:
        key = _signed(account.access_key, account.secret_key, now)
    return {"authorization": f"Bearer {key}"} if key else {}


def _signed(access_key: str, secret_key: str, now: datetime) -> str:
    at = int(now.timestamp())
    claims = {"iss": access_key, "exp": at + _TOKEN_LIFE_S, "nbf": at - _TOKEN_EARLY_S}
    # The vendor's keys are what they are; their length is not ours to warn of.
    signer = jwt.PyJWT({"enforce_minimum_key_length": False})
    return signer.encode(claims, secret_key, algorithm="HS256")
