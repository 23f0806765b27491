"""Answers that are HTTP 200 and say in `code` what they are, as sunoapi.org's and kie.ai's do.

Sources: https://docs.sunoapi.org, https://docs.kie.ai/suno-api and
https://docs.kie.ai/runway-api, read 2026-11.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absent, Deferred, Refused, SubmitOutcome, Unanswered, Unknown
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Probed, Request, Sending

NO_CREDITS = "402"
GOOD = "200"
COMMON_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "400": Meaning.REFUSED,
        "401": Meaning.BLAMES_ACCOUNT,
        "403": Meaning.BLAMES_ACCOUNT,
        "404": Meaning.REFUSED,
        "409": Meaning.REFUSED,
        "413": Meaning.REFUSED,
        "422": Meaning.REFUSED,
        "451": Meaning.REFUSED,
        "455": Meaning.WAIT,
    }
)
"""Codes that both hosts share. Of all other codes nobody knows whether a task was made."""
KIE_CODES: Mapping[str, Meaning] = MappingProxyType(
    {NO_CREDITS: Meaning.BLAMES_ACCOUNT, "429": Meaning.WAIT}
)
_NOBODY = re.compile(
    r"https?://(www\.)?example\.(com|org|net)([:/]|$)|https://proxy\.kie\.ai/|playground$",
    re.IGNORECASE,
)
"""Callback URLs of nobody, given because one is required (PyPI suno-music-cli 0.1.2, npm
@felores/kie-ai-mcp-server 5.0.0, read 2026-11), and the word of kie.ai's own page in their place,
which programs repeat (seen 2026-11-30)."""
_ABSENT = frozenset({"404", "422"})
"""Of a query: there is no such task, or its id has another form."""


def find_code(parsed: Any) -> str | None:
    """Return the code of an answer; None where it has none."""
    return find_first_text(parsed, ("code",), limit=40)


class CodedAdapter(TableAdapter):
    """A table whose answers are read by their code.

    too_fast: codes of a query that came too soon.
    """

    messages = ("msg", "message", "error.message", "error")
    forgets = True
    too_fast: ClassVar[Collection[str]] = ("429",)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and call nobody back where the URL is nobody's."""
        request = super().check(operation, input_)
        if request.callback_url is not None and _NOBODY.match(request.callback_url):
            return replace(request, callback_url=None)
        return request

    def find_meaning(self, account: Account, code: str) -> Meaning:
        """Return what a code of a create's answer means."""
        del account
        return KIE_CODES.get(code) or COMMON_CODES.get(code) or Meaning.UNKNOWN

    def choose_refusal_code(self, account: Account, code: str) -> str:
        """Return the code under which a refusal that blames the account is known."""
        del account
        return code

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up as the account's host means it; without a code, the HTTP status."""
        code, words = find_code(parsed), self.describe_answer(answer, parsed)
        if answer.status >= 500 and code != "455":
            return Unknown(words, code)
        if code in (None, GOOD):
            return super().classify_refusal(sending, answer, parsed)
        match self.find_meaning(sending.account, code):
            case Meaning.REFUSED:
                return Refused(code, words)
            case Meaning.BLAMES_ACCOUNT:
                return Refused(
                    self.choose_refusal_code(sending.account, code), words, blames_account=True
                )
            case Meaning.WAIT:
                return Deferred(code, words, self.pause_s(answer, parsed))
            case _ if answer.status == 429 and not code.startswith("5"):
                return super().classify_refusal(
                    sending, answer, parsed
                )  # of a rate limiter in front of it
            case _:
                return Unknown(words, code)

    def record_in(self, answer: HttpResult, parsed: Any) -> Mapping[str, Any] | None:
        """Return the record of a query's answer; None under a code that is no good one."""
        data = parsed.get("data") if isinstance(parsed, dict) else None
        is_good = answer.status < 300 and find_code(parsed) in (None, GOOD)
        return data if is_good and isinstance(data, dict) else None

    def judge_missing_record(self, answer: HttpResult, parsed: Any) -> Absent | Unanswered:
        """Say what a query's answer without a record tells: of the task, or of the question."""
        words, code = self.describe_answer(answer, parsed), find_code(parsed)
        is_object = isinstance(parsed, dict)
        is_empty = is_object and parsed.get("data") is None and code == GOOD
        if is_object and (code in _ABSENT or is_empty or answer.status == 404):
            return Absent(words, weak=True)
        is_fast = answer.status == 429 or code in self.too_fast
        return Unanswered(words, self.pause_s(answer, parsed), slow_down=is_fast)

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Look at the code too: a wrong key is told under HTTP 200."""
        parsed = parse_answer(answer) if isinstance(answer, HttpResult) else None
        if isinstance(answer, HttpResult) and find_code(parsed) in ("401", "403"):
            return Probed("error", f"refuses this account: {self.describe_answer(answer, parsed)}")
        return super().parse_probe(account, answer)

    def read_balance(self, parsed: Any) -> str | None:
        """Read the credits that are left."""
        left = find_first_text(parsed, ("data",), limit=40)
        return None if left is None else f"{left} credits"
