"""Answers that gateways of new-api's kind give by themselves: errors, denials, own verdicts.

Sources: https://github.com/QuantumNous/new-api (relay, controller/task.go) and
https://github.com/MartialBE/one-hub, read 2026-11.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import DeferralScope, Deferred, Refused, SubmitOutcome, Unknown
from tracker.domain.task import TaskError
from tracker.providers.kit.reading import first_text
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.adapter import Sending

_CODES = ("code", "error.code", "error.type", "type")
_NO_QUOTA = ("insufficient_user_quota", "quota_not_enough", "pre_consume_token_quota_failed")
_NO_CHANNEL = ("无可用渠道", "no available channel", "model_not_found")
_WITHOUT_CHANNEL = (403, 404, 503)
_NO_TASK = ("task_not_exist", "task_no_found", "task_not_found")
_OWN_FAILURES = (
    *("任务超时", "上游任务超时", "task timeout", "upstream returned error"),
    *("upstream returned unrecognized message", "获取渠道信息失败", "failed to get channel"),
)
"""Texts of failures that a gateway decides by itself: the upstream may have delivered."""


class GatewayAdapter(TableAdapter):
    """A table whose upstream stands behind a gateway."""

    messages: ClassVar[Sequence[str]] = (
        "error.message",
        "error",
        "message",
        "description",
        "fail_reason",
        "detail",
    )
    forgets: ClassVar[bool] = True

    def refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Tell the gateway's own reasons apart: no channel and no quota share a status."""
        found = super().refusal(sending, answer, parsed)
        code = first_text(parsed, _CODES, limit=100)
        words = f"{code} {self.in_words(answer, parsed)}".lower()
        if answer.status < 400 or isinstance(found, Deferred) or parsed is None:
            return found
        if answer.status in _WITHOUT_CHANNEL and any(word in words for word in _NO_CHANNEL):
            return Deferred(code, self.in_words(answer, parsed), scope=DeferralScope.MODEL)
        if any(word in words for word in _NO_QUOTA):
            return Refused(code, self.in_words(answer, parsed), blames_account=True)
        if isinstance(found, Refused | Unknown):
            return replace(found, code=found.code or code)
        return found

    def blames_account(self, code: str | None, http_status: int | None) -> bool:
        """Take a refusal about quota for the account's fault, whatever its status."""
        return code in _NO_QUOTA or super().blames_account(code, http_status)

    def denies(self, answer: HttpResult, parsed: Any) -> bool:
        """Take new-api's HTTP 400 with a word about the task for a denial too."""
        code = first_text(parsed, _CODES, limit=100)
        return super().denies(answer, parsed) or (answer.status == 400 and code in _NO_TASK)

    def failure(self, parsed: Any, message: str | None) -> TaskError:
        """Doubt a failure that the gateway decided by itself."""
        error = super().failure(parsed, message)
        text = error.message.lower()
        return replace(error, doubtful=any(word in text for word in _OWN_FAILURES))
