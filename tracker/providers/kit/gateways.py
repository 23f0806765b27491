"""Answers that gateways of new-api's kind give by themselves: errors, denials, own verdicts.

Sources: https://github.com/QuantumNous/new-api (relay, controller/task.go) and
https://github.com/MartialBE/one-hub, read 2026-11.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tracker.domain.cost import Cost
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Deferred, Observed, PollOutcome, Refused, SubmitOutcome, Unknown
from tracker.domain.task import Task, TaskError, TaskState
from tracker.providers.kit.gateway_quota import build_quota_costs, build_reserved_quota, find_quota
from tracker.providers.kit.nested_answers import (
    GOOD_CODES,
    answer_in,
    is_name,
    is_row,
    link_below,
    unwrap_only_entry,
)
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.reading import find_first_text, read_text
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Sending

_CODES = ("code", "error.code", "error.type", "type")
_NO_QUOTA = ("insufficient_user_quota", "quota_not_enough", "pre_consume_token_quota_failed")
_PASSED_ON = frozenset(
    {
        *("do_request_failed", "read_response_body_failed", "unmarshal_response_body_failed"),
        *("copy_response_body_failed", "insert_task_failed"),
    }
)
"""Codes of a gateway that had passed the create on, whatever the status of its answer."""
_NOT_THERE = frozenset({"not_implemented", "api_not_implemented"})
"""Codes beside 501 of a gateway that has no such call: it passed nothing on."""
_TOLD_STATUSES = ("400", "401", "402", "403", "413", "422", "429")
"""Statuses of HTTP that relays tell as a code in an answer of 200: nothing was made."""
_DENIAL = re.compile(r"task[ _]not?[ _](exist|found)", re.IGNORECASE)
_OWN_FAILURES = re.compile(
    "time[ -]?d?[ -]?out|超时|upstream returned|获取渠道信息失败|failed to get channel"
    "|task[ _](is |does )?not?[ _](exist|found)|任务不存在",
    re.IGNORECASE,
)


def is_own_failure(reason: str | None) -> bool:
    """Tell whether a gateway decided by itself that a task failed: it may have been delivered."""
    return bool(_OWN_FAILURES.search(reason or ""))


def add_quota(outcome: PollOutcome, task: Task, quota: str) -> PollOutcome:
    """Return what a poll tells with the quota of the row as its bill, where it has no other."""
    if not isinstance(outcome, Observed) or outcome.observation.costs:
        return outcome
    said = outcome.observation
    return replace(
        outcome, observation=replace(said, costs=tuple(build_quota_costs(task, quota, said.state)))
    )


class GatewayAdapter(TableAdapter):
    """A table whose upstream stands behind a gateway."""

    messages: ClassVar[Sequence[str]] = (
        "error.message",
        "error",
        "message",
        "msg",
        "description",
        "fail_reason",
        "detail",
    )
    forgets: ClassVar[bool] = True
    account_codes: ClassVar[Collection[str]] = _NO_QUOTA

    def open_envelope(self, parsed: Any) -> Any:
        """Return what stands in the envelope `{code, message, data}`: a task, or the id of one.

        Of a row of the gateway's own table, what it holds in the upstream's form.
        """
        held = self._open_any_envelope(unwrap_only_entry(parsed))
        if not is_row(held):
            return held
        return answer_in(held, self.ids, self.read_answer_state, self.build_answer_with_link)

    def read_answer_state(self, answer: Mapping[str, Any]) -> TaskState | None:
        """Return the state that an answer of the upstream stands for; None where it is none."""
        return self.read_state(answer)

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build the upstream's answer to a success with one file."""
        return {"status": "SUCCESS", "url": url}

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task; of a success that names its file otherwise than the upstream, the link."""
        said = super().observe(account, task, parsed)
        if said is None or said.state is not TaskState.SUCCEEDED or said.artifacts:
            return said
        link = link_below(parsed)
        if link is None:
            return said
        return replace(
            said,
            artifacts=tuple(self.read_artifacts(account, task, self.build_answer_with_link(link))),
        )

    def _open_any_envelope(self, parsed: Any) -> Any:
        if not isinstance(parsed, dict) or is_row(parsed):
            return parsed
        if find_first_text(parsed, (*self.ids, *self.words_in)):
            return parsed
        code = find_first_text(parsed, ("code",), limit=100)
        if code is not None and code.lower() not in GOOD_CODES:
            return parsed
        held = unwrap_only_entry(parsed.get("data"))
        if isinstance(held, dict):
            return held
        named = read_text(held, limit=500) if code is not None else None  # it may be a complaint
        return {"id": named} if named and is_name(named) else parsed

    def find_state(self, word: str) -> TaskState | None:
        """Look the upstream's words up, then the gateway's own."""
        return super().find_state(word) or GATEWAY_WORDS.get(normalise_word(word))

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Tell the gateway's own reasons apart: no channel and no quota share a status."""
        told = find_first_text(parsed, ("code",), limit=100)
        if answer.status < 300 and told in _TOLD_STATUSES:
            said = super().classify_refusal(sending, replace(answer, status=int(told)), parsed)
            words = self.describe_answer(answer, parsed)
            if isinstance(said, Refused | Deferred) and not any(
                map(words.__contains__, _PASSED_ON)
            ):
                return replace(said, code=told, message=words)
            return Unknown(words, told)
        found = super().classify_refusal(sending, answer, parsed)
        code = find_first_text(parsed, _CODES, limit=100)
        words = f"{code} {self.describe_answer(answer, parsed)}".lower()
        if answer.status < 400 or isinstance(found, Deferred) or parsed is None:
            return found
        described = self.describe_answer(answer, parsed)
        if (deferral := defer_without_channel(answer, parsed, described)) is not None:
            return deferral
        if any(word in words for word in _NO_QUOTA):
            return Refused(code, described, blames_account=True)
        if code in _PASSED_ON:
            return Unknown(described, code)
        if answer.status == 501 and code in _NOT_THERE:
            return Refused(code, described)
        if isinstance(found, Refused | Unknown):
            return replace(found, code=found.code or code)
        return found

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Read the quota that a row says is taken."""
        return build_reserved_quota(find_quota(parsed))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands, and book the quota of a gateway's row."""
        outcomes = super().parse_poll(asking, answer)
        row = (
            self._open_any_envelope(parse_answer(answer))
            if isinstance(answer, HttpResult)
            else None
        )
        quota = find_quota(row) if is_row(row) else None
        if quota is None:
            return outcomes
        return [add_quota(one, asking.task, quota) for one in outcomes]

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Know the denial of each relative: `task_not_exist` with 400 or 200, in words, or 404."""
        if super().is_denial(answer, parsed):
            return True
        code = find_first_text(parsed, _CODES, limit=100)
        # With 200 the words alone might tell of another thing than the task.
        text = f"{code} {self.read_reason(parsed)}" if answer.status == 400 else str(code)
        return answer.status in (200, 400) and bool(_DENIAL.search(text))

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Doubt a failure that the gateway decided by itself."""
        error = super().describe_failure(parsed, message)
        return replace(error, doubtful=is_own_failure(error.message))
