"""Task routes of gateways of new-api's kind: their envelope, words, codes and quota.

Sources: https://github.com/QuantumNous/new-api (relay/relay_task.go, model/task.go),
https://github.com/MartialBE/one-hub and https://github.com/SunoAI-API/Suno-API, read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Refused, SubmitOutcome
from tracker.domain.task import Artifact, TaskState
from tracker.providers.kit.gateway_quota import find_quota
from tracker.providers.kit.gateways import GatewayAdapter, is_own_failure
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.nested_answers import GOOD_CODES, is_name, link_in
from tracker.providers.kit.reading import find_first_instant, find_first_text, unpack_json
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word
from tracker.providers.kit.table import parse_answer
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Sending

UNKNOWN_TO_GATEWAY = "UNKNOWN"
"""The word of a task whose state the gateway itself does not know: nothing is told."""
_OF_INPUT = frozenset(
    {
        *("invalid_request", "invalid_action", "prompt_empty", "task_id_empty"),
        *("sensitive_words", "sensitive_words_detected"),
    }
)


@dataclass(frozen=True, slots=True)
class GatewayTask:
    """One row of a gateway's table of tasks.

    state:    None for a word that is not known.
    reason:   why it failed, in the gateway's or the upstream's words.
    progress: percent; None where the row does not say.
    ended_at: None while it is open, or where the row does not say.
    quota:    charged so far, in units of the gateway; None where the row does not say.
    link:     of the result, where newer or older rows name it besides; None for none.
    data:     the upstream's answer.
    """

    id: str | None
    word: str
    state: TaskState | None
    reason: str | None
    progress: float | None
    at: datetime | None
    ended_at: datetime | None
    quota: str | None
    link: str | None
    data: Any

    @property
    def is_doubtful(self) -> bool:
        """Tell whether a failure is the gateway's own: the upstream may have delivered."""
        return self.state is TaskState.FAILED and is_own_failure(self.reason)


def read_task(row: Any) -> GatewayTask | None:
    """Read a row, in snake or in camel case; None when it has no status."""
    if not isinstance(row, dict) or not isinstance(row.get("status"), str):
        return None
    word = row["status"][:200]
    return GatewayTask(
        id=find_first_text(row, ("task_id", "taskId"), limit=500),
        word=word or "NOT_START",
        state=GATEWAY_WORDS.get(normalise_word(word)) if word else TaskState.SUBMITTED,
        reason=find_first_text(row, ("fail_reason", "failReason")),
        progress=parse_percent(row.get("progress")),
        at=find_first_instant(
            row, ("finish_time", "finishTime", "start_time", "startTime", "submit_time")
        ),
        ended_at=find_first_instant(row, ("finish_time", "finishTime")),
        quota=find_quota(row),
        link=link_in(row),
        data=unpack_json(row.get("data")),
    )


def add_song(said: Observation, row: GatewayTask) -> Observation:
    """Return a success without a song with the one file that its row names, if it does."""
    if row.link is None or said.artifacts or row.state is not TaskState.SUCCEEDED:
        return said
    return replace(said, artifacts=(Artifact("audio", row.link, key="0"),))


def open_envelope(parsed: Any) -> Any:
    """Return what stands in the envelope of an answer; some show a row without one."""
    if not isinstance(parsed, dict):
        return None
    row = None if "code" in parsed else read_task(parsed)
    # The word of an error is none of a task.
    is_row = row is not None and (row.id is not None or isinstance(row.data, list))
    return parsed if is_row else parsed.get("data")


def parse_percent(value: Any) -> float | None:
    """Return the percent of `NN%`; None for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    found = re.fullmatch(r"(\d{1,3})(?:\.\d+)?%", text, re.ASCII)
    return min(float(found[1]), 100.0) if found else None


def find_code(parsed: Any) -> str | None:
    """Return the code of an answer, of the task routes or of the relay."""
    return find_first_text(parsed, ("code", "error.code"), limit=100)


class TaskTable(GatewayAdapter):
    """Submits by the envelope `{code, message, data}`, whose data is the id of the task."""

    ids: ClassVar[Sequence[str]] = ("data", "data.task_id", "data.taskId", "data.id")
    messages = ("message", "error.message", "error", "fail_reason", "failReason")
    meanings: ClassVar[Mapping[int, Meaning]] = MappingProxyType({501: Meaning.REFUSED})

    def open_envelope(self, parsed: Any) -> Any:
        """Leave the envelope: `ids` and `messages` name what stands in it."""
        return parsed

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take no answer for acceptance whose code says something else than success."""
        if isinstance(answer, HttpResult) and answer.status < 300:
            parsed = parse_answer(answer)
            code = find_code(parsed)
            if code is not None and code.lower() not in GOOD_CODES:
                return self.classify_refusal(sending, answer, parsed)
        return super().parse_submit(sending, answer)

    def _find_id(self, account: Account, parsed: Any) -> str | None:
        found = super()._find_id(account, parsed)
        return found if found is not None and is_name(found) else None

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Believe a code about the input also under HTTP 200; under 5xx nothing is proved."""
        code, words = find_code(parsed), self.describe_answer(answer, parsed)
        if answer.status < 500 and code is not None:
            if self.is_account_fault(code, None):
                return Refused(code, words, blames_account=True)
            if code in _OF_INPUT:
                return Refused(code, words)
        return super().classify_refusal(sending, answer, parsed)

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Take no 404 about a path for a denial: it says nothing of a task."""
        text = f"{find_code(parsed)} {self.read_reason(parsed)}".lower()
        return super().is_denial(answer, parsed) and "invalid url" not in text
