"""Suno at sunoapi.org and kie.ai: records, staged callbacks, codes in answers of HTTP 200.

Sources: https://docs.sunoapi.org, https://docs.kie.ai/suno-api and PyPI suno-easy 0.2.0, read
2026-11.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel

from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, TaskState
from tracker.providers.kit.pieces import text_url, web_url
from tracker.providers.kit.reading import finite, first_text
from tracker.providers.kit.table import CreatePath, Meaning, TableAdapter, parsed_of
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Probed, Request, Sending
from tracker.providers.suno import reseller_inputs as inputs
from tracker.providers.suno.options import KIE, headers_of, profile_of
from tracker.providers.suno.records import read_record

NO_MONEY = "insufficient_credits"
"""Our code for a lack of credits: the same number means the opposite at the two hosts."""
UNREACHABLE = "https://callback.invalid/none"
"""For the callback URL that is required, where nobody can reach us: a host that cannot exist."""
_RECORDS: Mapping[str, str] = MappingProxyType(
    {
        "generate": "generate/record-info",
        "lyrics": "lyrics/record-info",
        "wav": "wav/record-info",
        "mp4": "mp4/record-info",
        "vocal-removal": "vocal-removal/record-info",
        "midi": "midi/record-info",
        "suno": "suno/cover/record-info",
        "voice": "voice/record-info",
        "voice/validate": "voice/validate-info",
        "voice/regenerate": "voice/validate-info",
    }
)
"""Where the tasks of creates are asked for, by their path or its first part."""
AT_ONCE = frozenset(
    {"generate/get-timestamped-lyrics", "generate/generate-persona", "style/generate"}
)
"""Creates whose answer is the result."""
_ABSENT = frozenset({"404", "422"})
_CODES: Mapping[str, Mapping[str, Meaning]] = MappingProxyType(
    {
        "sunoapi": {
            "429": Meaning.BLAMES_ACCOUNT,
            "405": Meaning.WAIT,
            "430": Meaning.WAIT,
        },
        KIE: {"402": Meaning.BLAMES_ACCOUNT, "429": Meaning.WAIT},
    }
)
_COMMON: Mapping[str, Meaning] = MappingProxyType(
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
_MONEY_CODES = MappingProxyType({"sunoapi": "429", KIE: "402"})


def _creates(models: Mapping[str, type[BaseModel]]) -> Mapping[str, CreatePath]:
    return MappingProxyType({path: CreatePath(path, model) for path, model in models.items()})


class ResellerDialect(TableAdapter):
    """Tasks with a record each. The `code` of an answer decides, not its HTTP status."""

    creates: ClassVar[Mapping[str, CreatePath]] = _creates(
        {
            "generate": inputs.GenerateInput,
            "generate/extend": inputs.ExtendInput,
            "generate/upload-cover": inputs.CoverInput,
            "generate/upload-extend": inputs.UploadExtendInput,
            "generate/mashup": inputs.MashupInput,
            "generate/replace-section": inputs.SectionInput,
            "generate/sounds": inputs.SoundsInput,
            "generate/add-vocals": inputs.VocalsInput,
            "generate/add-instrumental": inputs.InstrumentalInput,
            "generate/get-timestamped-lyrics": inputs.SongOfTask,
            "generate/generate-persona": inputs.PersonaInput,
            "style/generate": inputs.StyleInput,
            "lyrics": inputs.LyricsInput,
            "wav/generate": inputs.SongOfTask,
            "mp4/generate": inputs.VideoInput,
            "vocal-removal/generate": inputs.RemovalInput,
            "midi/generate": inputs.MidiInput,
            "suno/cover/generate": inputs.TaskInput,
            "voice/validate": inputs.VoiceInput,
            "voice/regenerate": inputs.VoiceInput,
            "voice/generate": inputs.VoiceInput,
            "voice/check-voice": inputs.VoiceInput,
        }
    )
    poll_path = "generate/record-info?taskId={id}"
    url_field = "callBackUrl"
    ids = ("data.taskId", "data.task_id")
    messages = ("msg", "message", "error.message", "error")
    forgets = True

    def headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return headers_of(account)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate, also what one field demands of another."""
        request = super().check(operation, input_)
        inputs.check_texts(request.body)
        return request

    def blames_account(self, code: str | None, http_status: int | None) -> bool:
        """Know our own code for a lack of credits, and the codes that both hosts share."""
        return code in (NO_MONEY, "401", "403") or super().blames_account(None, http_status)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; a callback URL is required also where none of ours can be reached."""
        if sending.callback_url is None and sending.task.operation not in AT_ONCE:
            body = {**sending.body, "callBackUrl": UNREACHABLE}
            return super().build_submit(_with_body(sending, body))
        return super().build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a task id, or the result itself, under code 200; else look the code up."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parsed_of(answer)
        if _code(parsed) not in (None, "200"):
            return self.refusal(sending, answer, parsed)
        if sending.task.operation in AT_ONCE:
            data = parsed.get("data") if isinstance(parsed, dict) else None
            if data in (None, "", [], {}):
                return self.refusal(sending, answer, parsed)
            return Accepted(None, "200", said=_result_at_once(data))
        task_id = first_text(parsed, self.ids, limit=500)
        if task_id is None:
            return self.refusal(sending, answer, parsed)
        return Accepted(task_id, "PENDING")

    def refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up as the account's host means it; without a code, the HTTP status."""
        code, words = _code(parsed), self.in_words(answer, parsed)
        if answer.status >= 500 and code != "455":
            return Unknown(words, code)
        if code in (None, "200"):
            return super().refusal(sending, answer, parsed)
        profile = profile_of(sending.account)
        match self._code_meaning(profile, code):
            case Meaning.REFUSED:
                return Refused(code, words)
            case Meaning.BLAMES_ACCOUNT:
                is_money = code == _MONEY_CODES.get(profile)
                return Refused(NO_MONEY if is_money else code, words, blames_account=True)
            case Meaning.WAIT | Meaning.WAIT_FOR_SLOT:
                return Deferred(code, words, self.pause_s(answer, parsed))
            case _:
                return Unknown(words, code)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query of the record that the operation has."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        operation = asking.task.operation
        first = operation.partition("/")[0]
        path = _RECORDS.get(operation, _RECORDS.get(first, _RECORDS["generate"]))
        url = f"{asking.account.base_url}/{path}?taskId={quote(task_id, safe='')}"
        return HttpCall("GET", url, self.headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the record; a code besides 200 tells of the question, not of the task."""
        del asking
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parsed_of(answer)
        code = _code(parsed)
        data = parsed.get("data") if isinstance(parsed, dict) else None
        said = read_record(data) if answer.status < 300 and isinstance(data, dict) else None
        if said is not None:
            return [Observed(said)]
        words = self.in_words(answer, parsed)
        is_empty = isinstance(parsed, dict) and data is None and code == "200"
        if isinstance(parsed, dict) and (code in _ABSENT or is_empty or answer.status == 404):
            return [Absent(words, weak=True)]
        is_fast = answer.status == 429 or code in ("405", "429", "430")
        return [Unanswered(words, self.pause_s(answer, parsed), slow_down=is_fast)]

    def build_probe(self, account: Account, *, now: Any) -> HttpCall:
        """Ask what is left on the account."""
        del now
        path = "chat/credit" if profile_of(account) == KIE else "generate/credit"
        return HttpCall("GET", f"{account.base_url}/{path}", self.headers(account))

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Look at the code too: a wrong key is told under HTTP 200."""
        parsed = parsed_of(answer) if isinstance(answer, HttpResult) else None
        if isinstance(answer, HttpResult) and _code(parsed) in ("401", "403"):
            return Probed("error", f"refuses this account: {self.in_words(answer, parsed)}")
        return super().parse_probe(account, answer)

    def balance(self, parsed: Any) -> str | None:
        """Read the credits that are left."""
        left = first_text(parsed, ("data",), limit=40)
        return None if left is None else f"{left} credits"

    def _code_meaning(self, profile: str, code: str) -> Meaning:
        known = _CODES.get(profile, {}).get(code) or _COMMON.get(code)
        return known or Meaning.UNKNOWN


def _code(parsed: Any) -> str | None:
    return first_text(parsed, ("code",), limit=40)


def _with_body(sending: Sending, body: Mapping[str, Any]) -> Sending:
    return Sending(
        sending.account, sending.task, body, sending.parent, sending.callback_url, sending.now
    )


def _result_at_once(data: Any) -> Observation:
    """Return the result of a call that makes no task: its data, and texts and files in it."""
    fields = data if isinstance(data, dict) else {"result": data}
    pieces: list[Artifact] = []
    for name, value in fields.items():
        if (url := web_url(value)) is not None:
            pieces.append(Artifact("file", url, key=name))
        elif isinstance(value, str) and value:
            pieces.append(Artifact("text", text_url(value[:20_000]), key=name))
    if not pieces:
        pieces.append(Artifact("json", None, key="data", extra={"fields": sorted(fields)}))
    detail = {"data": finite(data)}
    return Observation(TaskState.SUCCEEDED, "200", artifacts=tuple(pieces), detail=detail)
