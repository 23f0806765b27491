"""Volcengine's music API: one address, the action in the query, signed calls.

Source: https://www.volcengine.com/docs/84992 (GenSongForTime, QuerySong), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed, PollOutcome, Refused, SubmitOutcome, Unanswered
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.haimian.options import HaimianOptions
from tracker.providers.haimian.tables import OfficialMusicInput, OfficialSongInput, SongTable
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.volc_signature import build_signed_post
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending

SONGS, MUSIC = ("GenSongForTime", "GenSongV4"), ("GenBGMForTime", "GenBGM")
_VERSION = "2024-08-12"
_ACCOUNT_WORDS = frozenset(
    {"SignatureDoesNotMatch", "InvalidAccessKey", "InvalidCredential", "AccessDenied"}
)
_NUMBERS: Mapping[str, TaskState] = MappingProxyType(
    {
        "0": TaskState.SUBMITTED,
        "1": TaskState.RUNNING,
        "2": TaskState.SUCCEEDED,
        "3": TaskState.FAILED,
    }
)


class VolcDialect(SongTable):
    """Volcengine's API: one address, the action in the query, signed calls."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            # Paid by the second, and out of a package: the same fields and answers.
            **{name: CreatePath(name, OfficialSongInput) for name in SONGS},
            **{name: CreatePath(name, OfficialMusicInput) for name in MUSIC},
        }
    )
    poll_path = "QuerySong"
    url_field = "CallbackURL"
    needed = ("Prompt", "Lyrics")
    ids = ("Result.TaskID", "Data.TaskID", "TaskID")
    messages = ("Message", "ResponseMetadata.Error.Message", "message")
    account_codes = (*_ACCOUNT_WORDS, "100011")

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; music without a voice has neither prompt nor lyrics."""
        if operation in MUSIC:
            return super(SongTable, self).check(operation, input_)
        return super().check(operation, input_)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the signed create."""
        body = dict(sending.body)
        if sending.callback_url is not None:
            body["CallbackURL"] = sending.callback_url
        return self._call(sending.account, sending.task.operation, body, sending.now)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take no task id beside an error code for an acceptance."""
        if isinstance(answer, HttpResult) and answer.status < 300:
            parsed = parse_answer(answer)
            if _read_volc_code(parsed) not in (None, "0"):
                return self.classify_refusal(sending, answer, parsed)
        return super().parse_submit(sending, answer)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Know what the gateway in front of the API says, and that foreigners are not served."""
        code, words = _read_volc_code(parsed), self.describe_answer(answer, parsed)
        if answer.status < 500 and code in self.account_codes:
            return Refused(code, words, blames_account=True)
        return super().classify_refusal(sending, answer, parsed)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the signed query; None while the id is not known."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        return self._call(asking.account, "QuerySong", {"TaskID": task_id}, asking.now)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the song by its number of a status."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        result = parsed.get("Result", parsed.get("Data")) if isinstance(parsed, dict) else None
        word = find_first_text(result, ("Status",), limit=40)
        if answer.status < 300 and word is not None and isinstance(result, dict):
            return [Observed(_read_official(asking.task, result, word))]
        return [self.describe_unanswered(answer, parsed)]

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for a task that nobody has."""
        return self._call(account, "QuerySong", {"TaskID": "0"}, now)

    def _call(
        self, account: Account, action: str, body: Mapping[str, Any], now: datetime
    ) -> HttpCall:
        url = f"{account.base_url}/?Action={quote(action, safe='')}&Version={_VERSION}"
        key, bearer = account.get_options(HaimianOptions).get_signing_key(), account.api_key
        return build_signed_post(key, url, body, now, bearer=bearer)


def _read_official(task: Task, result: Mapping[str, Any], word: str) -> Observation:
    detail = result.get("SongDetail")
    song = detail if isinstance(detail, dict) else {}
    state, pieces = _NUMBERS.get(word), []
    length = find_first_number(song, ("Duration",))
    if (url := read_web_url(song.get("AudioUrl"))) is not None:
        pieces.append(Artifact("audio", url, task.provider_task_id, length, key="audio"))
    lyrics = find_first_text(song, ("Lyrics",), limit=20_000)
    if lyrics:
        pieces.append(Artifact("text", build_text_url(lyrics), key="lyrics"))
    if state is TaskState.SUCCEEDED and not url:
        state = TaskState.RUNNING  # a result that is not there yet is no success
    reason = find_first_text(result, ("FailureReason.Msg", "FailureReason", "Message"))
    code = find_first_text(result, ("FailureReason.Code",), limit=100)
    error = TaskError("provider", code, reason or "the provider gave no reason")
    percent = read_amount(result.get("Progress"))
    return Observation(
        state,
        word,
        provider_task_id=task.provider_task_id,
        message=reason,
        progress=None if percent is None else min(max(float(percent), 0.0), 100.0),
        artifacts=tuple(pieces),
        error=error if state is TaskState.FAILED else None,
    )


def _read_volc_code(parsed: Any) -> str | None:
    return find_first_text(parsed, ("ResponseMetadata.Error.Code", "Code"), limit=100)
