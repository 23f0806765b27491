"""Suno at sunoapi.org and kie.ai: records, staged callbacks, codes in answers of HTTP 200.

Sources: https://docs.sunoapi.org, https://docs.kie.ai/suno-api and PyPI suno-easy 0.2.0, read
2026-11.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Accepted,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import Artifact, TaskState
from tracker.providers.kit.coded_answers import (
    COMMON_CODES,
    KIE_CODES,
    NO_CREDITS,
    CodedAdapter,
    find_code,
)
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_text, replace_infinite
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.suno import reseller_inputs as inputs
from tracker.providers.suno.options import KIE, build_headers, find_profile
from tracker.providers.suno.records import read_record

NO_MONEY = "insufficient_credits"
"""Our code for a lack of credits: the same number means the opposite at the two hosts."""
UNREACHABLE = "https://callback.invalid/none"
"""For the callback URL that is required, where nobody can reach us: a host that cannot exist."""
_EMPTY = "SUCCESS without a result"
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
_CODES: Mapping[str, Mapping[str, Meaning]] = MappingProxyType(
    {
        "sunoapi": {
            "429": Meaning.BLAMES_ACCOUNT,
            "405": Meaning.WAIT,
            "430": Meaning.WAIT,
        },
        KIE: KIE_CODES,
    }
)
_MONEY_CODES = MappingProxyType({"sunoapi": "429", KIE: NO_CREDITS})


def _list_creates(models: Mapping[str, type[BaseModel]]) -> Mapping[str, CreatePath]:
    return MappingProxyType({path: CreatePath(path, model) for path, model in models.items()})


class ResellerDialect(CodedAdapter):
    """Tasks with a record each. The `code` of an answer decides, not its HTTP status."""

    creates: ClassVar[Mapping[str, CreatePath]] = _list_creates(
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
    too_fast = ("405", "429", "430")
    account_codes = (NO_MONEY, "401", "403")

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return build_headers(account)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate, also what one field demands of another."""
        request = super().check(operation, input_)
        inputs.check_texts(request.body)
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; a callback URL is required also where none of ours can be reached."""
        if sending.callback_url is None and sending.task.operation not in AT_ONCE:
            body = {**sending.body, "callBackUrl": UNREACHABLE}
            return super().build_submit(_replace_body(sending, body))
        return super().build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a task id, or the result itself, under code 200; else look the code up."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        if find_code(parsed) not in (None, "200"):
            return self.classify_refusal(sending, answer, parsed)
        if sending.task.operation in AT_ONCE:
            data = parsed.get("data") if isinstance(parsed, dict) else None
            if data in (None, "", [], {}):
                return self.classify_refusal(sending, answer, parsed)
            return Accepted(None, "200", said=_read_result_at_once(data))
        task_id = find_first_text(parsed, self.ids, limit=500)
        if task_id is None:
            return self.classify_refusal(sending, answer, parsed)
        return Accepted(task_id, "PENDING")

    def find_meaning(self, account: Account, code: str) -> Meaning:
        """Look the code up as the account's host means it: the hosts contradict each other."""
        known = _CODES.get(find_profile(account), {}).get(code) or COMMON_CODES.get(code)
        return known or Meaning.UNKNOWN

    def choose_refusal_code(self, account: Account, code: str) -> str:
        """Return our own code for a lack of credits."""
        return NO_MONEY if code == _MONEY_CODES.get(find_profile(account)) else code

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query of the record that the operation has."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        operation = asking.task.operation
        first = operation.partition("/")[0]
        path = _RECORDS.get(operation, _RECORDS.get(first, _RECORDS["generate"]))
        url = f"{asking.account.base_url}/{path}?taskId={quote(task_id, safe='')}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the record; a code besides 200 tells of the question, not of the task."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        data = parsed.get("data") if isinstance(parsed, dict) else None
        said = read_record(data) if answer.status < 300 and isinstance(data, dict) else None
        if _is_of_another_task(asking, said):
            return [Unanswered("the answer is about another task")]
        if said is None:
            return [self.judge_missing_record(answer, parsed)]
        return [Observed(await_result(said, asking.task, _EMPTY))]

    def build_probe(self, account: Account, *, now: Any) -> HttpCall:
        """Ask what is left on the account."""
        del now
        path = "chat/credit" if find_profile(account) == KIE else "generate/credit"
        return HttpCall("GET", f"{account.base_url}/{path}", self.build_headers(account))


def _is_of_another_task(asking: Asking, said: Observation | None) -> bool:
    """Tell whether a record names another task than it was asked for.

    A relay may give ids of its own, and show those of the host behind it.
    """
    shown = None if said is None else said.provider_task_id
    is_relay = asking.account.options.base_url is not None
    return not is_relay and shown not in (None, asking.task.provider_task_id)


def _replace_body(sending: Sending, body: Mapping[str, Any]) -> Sending:
    return Sending(
        sending.account, sending.task, body, sending.parent, sending.callback_url, sending.now
    )


def _read_result_at_once(data: Any) -> Observation:
    """Return the result of a call that makes no task: its data, and texts and files in it."""
    fields = data if isinstance(data, dict) else {"result": data}
    pieces: list[Artifact] = []
    for name, value in fields.items():
        if (url := read_web_url(value)) is not None:
            pieces.append(Artifact("file", url, key=name))
        elif isinstance(value, str) and value:
            pieces.append(Artifact("text", build_text_url(value[:20_000]), key=name))
    if not pieces:
        pieces.append(Artifact("json", None, key="data", extra={"fields": sorted(fields)}))
    detail = {"data": replace_infinite(data)}
    return Observation(TaskState.SUCCEEDED, "200", artifacts=tuple(pieces), detail=detail)
