"""Conclusions from an HTTP answer about a create or a query, for Kling and its gateways."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
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
from tracker.domain.retry import retry_after_s
from tracker.domain.task import VERDICTS, Task
from tracker.providers.kit.blocked import add_block, block_in
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.reading import find_first_text, read_json
from tracker.providers.kling.codes import CODES, Then
from tracker.providers.kling.parsing import find_id, find_named_id, observe
from tracker.providers.ports.adapter import Probed

_EXISTS = re.compile(r"exist|duplicat|已存在|重复", re.IGNORECASE)
_NOT_FOUND = re.compile(r"not[ _]?(found|exist)|不存在", re.IGNORECASE)
_TELLS_NOTHING = frozenset({401, 403, 429})
_MEANS_ABSENT = frozenset({"1201", "1203", "task_not_exist", "task_not_found"})
_SLOW_DOWN = frozenset({"1302", "1303"})


def read_submit(answer: HttpResult | HttpFailure) -> SubmitOutcome:
    """Return the outcome of a create.

    An answer that names a task was accepted, whatever its `code` says: gateways answer with codes
    of their own (`"success"`, 200, 1000; their pages, 2026-11).
    """
    if isinstance(answer, HttpFailure):
        if answer.certainty is Certainty.NOT_SENT:
            return NotSent(answer.reason)
        return Unknown(answer.reason)
    said = Envelope(answer)
    task_id = find_id(said.data) or find_named_id(said.parsed)
    if answer.status < 300 and task_id:
        found = observe(said.parsed)
        word = None if found is None else found.word
        ended = found if found is not None and found.state in VERDICTS else None
        return Accepted(task_id, word, said.message, said.request_id, said=ended)
    if (block := block_in(said.parsed)) is not None:
        return Refused(block.code, block.message, said.request_id)
    return _refuse_create(answer, said)


def read_poll(answer: HttpResult | HttpFailure) -> PollOutcome:
    """Return the outcome of a query for one task."""
    if isinstance(answer, HttpFailure):
        return Unanswered(answer.reason)
    said = Envelope(answer)
    found = add_block(observe(said.parsed), said.parsed) if answer.status < 300 else None
    if found is not None:
        return Observed(found)
    if said.is_denial():
        return Absent(said.message or "not found")
    if answer.status < 300 and said.data == []:
        return Absent("an empty list")
    return said.is_silent(answer)


def parse_polled_together(
    answer: HttpResult | HttpFailure, tasks: Sequence[Task]
) -> Sequence[PollOutcome]:
    """Return the outcomes of a query for several tasks, in their order.

    Of a task that the list does not hold, nothing is concluded: it is asked for alone.
    """
    if isinstance(answer, HttpFailure):
        return [Unanswered(answer.reason)] * len(tasks)
    said = Envelope(answer)
    entries = said.data.get("result") if isinstance(said.data, Mapping) else said.data
    if answer.status >= 300 or not isinstance(entries, list):
        return [said.is_silent(answer, alone=_is_not_served(answer))] * len(tasks)
    observed = [found for entry in entries if (found := observe(entry)) is not None]
    by_id = {found.provider_task_id: found for found in observed if found.provider_task_id}
    by_name = {found.external_task_id: found for found in observed if found.external_task_id}
    outcomes: list[PollOutcome] = []
    for task in tasks:
        found = by_id.get(task.provider_task_id) if task.provider_task_id else None
        found = found or by_name.get(task.external_task_id)
        outcomes.append(
            Observed(found) if found else Unanswered("the list does not hold it", alone=True)
        )
    return outcomes


def read_probe(answer: HttpResult | HttpFailure) -> Probed:
    """Judge an account by the answer to a query for a task that does not exist."""
    if isinstance(answer, HttpFailure):
        return Probed("error", f"could not be reached: {answer.reason}")
    said = Envelope(answer)
    if said.parsed is None or said.code in ("1202", "1203"):
        level: Literal["note", "error"] = "error" if answer.status < 500 else "note"
        return Probed(
            level, f"{said.describe_answer()}: no such API here; check base URL and profile"
        )
    if is_account_blamed(said.code, answer.status):
        return Probed("error", f"refuses this account: {said.describe_answer()}")
    if answer.status >= 500 or answer.status == 429:
        return Probed("note", f"answers, but cannot tell now: {said.describe_answer()}")
    return Probed("ok", "answers in its own words, and takes the credentials")


def is_account_blamed(code: str | None, http_status: int | None) -> bool:
    """Return true if a refusal is about the key, the money or the address of an account."""
    if code is not None and code.isdecimal() and len(code) < 6 and int(code) in CODES:
        return 1000 <= int(code) <= 1103 or int(code) == 1304
    return http_status in (401, 402, 403)


def _is_not_served(answer: HttpResult) -> bool:
    """Return true if the host or the kind of key does not serve queries for several tasks."""
    return 400 <= answer.status < 500 and answer.status != 429


class Envelope:
    """An answer's envelope, as far as there is one."""

    def __init__(self, answer: HttpResult) -> None:
        """Reads what is there; never raises."""
        try:
            self.parsed: Any = read_json(answer.body)
        except ValueError:
            self.parsed = None
        outer = self.parsed if isinstance(self.parsed, Mapping) else {}
        self.status = answer.status
        self.code = find_first_text(outer, ("code", "error.code"), limit=100)
        self.message = find_first_text(
            outer, ("message", "msg", "error.message", "error", "detail"), limit=2000
        )
        self.request_id = find_first_text(outer, ("request_id", "error.request_id"), limit=200)
        # A bare answer is its own data; an error's envelope has none.
        is_envelope = "data" in outer or "code" in outer
        self.data = outer.get("data") if is_envelope else self.parsed

    def is_denial(self) -> bool:
        """Return true if it denies the task.

        A missing page says nothing of tasks, nor does an answer that refuses the key, asks for
        fewer calls or tells of trouble of its own, whatever code it carries.
        """
        if self.status in _TELLS_NOTHING or self.status >= 500:
            return False
        words = f"{self.code} {self.message}"
        about_task = self.code in _MEANS_ABSENT or (
            self.status == 404 and self.parsed is not None and "task" in words.lower()
        )
        return about_task and _NOT_FOUND.search(words) is not None

    def is_silent(self, answer: HttpResult, *, alone: bool = False) -> Unanswered:
        """Return that the answer told nothing of the task."""
        return Unanswered(
            self.describe_answer(),
            retry_after_s=retry_after_s(answer.headers),
            slow_down=answer.status == 429 or self.code in _SLOW_DOWN,
            alone=alone,
        )

    def describe_answer(self) -> str:
        """Return the answer for people."""
        parts = [f"HTTP {self.status}"]
        if self.code is not None:
            parts.append(f"code {self.code}")
        if self.message:
            parts.append(self.message)
        elif self.parsed is None:
            parts.append("the answer is not JSON")
        return ", ".join(parts)


def _refuse_create(answer: HttpResult, said: Envelope) -> SubmitOutcome:
    """Return the outcome of a create whose answer holds no task."""
    code = int(said.code) if said.code and said.code.isdecimal() and len(said.code) < 6 else 0
    words, asked_s = said.describe_answer(), retry_after_s(answer.headers)
    row = CODES.get(code)
    if row is None:
        return _read_by_status(answer, said, words, asked_s)
    match row.then:
        case Then.REFUSE if code == 1201 and _EXISTS.search(said.message or ""):
            return Unknown(words, said.code, exists=True)
        case Then.REFUSE:
            return _build_refused(answer, said, words)
        case Then.WAIT:
            return Deferred(said.code, words, asked_s, request_id=said.request_id)
        case Then.ONCE_MORE:
            return Deferred(said.code, words, asked_s, once=True, request_id=said.request_id)
        case Then.LOOK:
            return Unknown(words, said.code)


def _read_by_status(
    answer: HttpResult, said: Envelope, words: str, asked_s: float | None
) -> SubmitOutcome:
    """Return the outcome of a create from the HTTP status, or from a gateway's own words."""
    if (deferral := defer_without_channel(answer, said.parsed, words)) is not None:
        return deferral
    match answer.status:
        case 429:
            return Deferred(said.code, words, asked_s, request_id=said.request_id)
        case 408 | 409 | 425:
            return Unknown(words, said.code)
        case status if 300 <= status < 400:
            return Unknown(f"{words}: redirects are not followed; check the base URL", said.code)
        case status if 400 <= status < 500:
            hint = "" if said.parsed is not None else ": no answer of its API; check the base URL"
            return _build_refused(answer, said, f"{words}{hint}")
        case _:
            return Unknown(words, said.code)


def _build_refused(answer: HttpResult, said: Envelope, message: str) -> Refused:
    blames = is_account_blamed(said.code, answer.status)
    return Refused(said.code, message, said.request_id, blames_account=blames)
