"""Suno behind gateways of new-api's kind: `/suno/submit/…`, `/suno/fetch`.

Sources: https://github.com/SunoAI-API/Suno-API, https://github.com/QuantumNous/new-api
(relay/channel/task/suno) and https://github.com/MartialBE/one-hub, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Follow,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import VERDICTS, Task
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.gateway_quota import build_quota_costs
from tracker.providers.kit.gateway_tasks import (
    UNKNOWN_TO_GATEWAY,
    GatewayTask,
    TaskTable,
    add_song,
    open_envelope,
    read_task,
)
from tracker.providers.kit.piece_names import read_piece_name
from tracker.providers.kit.repeated import remove_repeated, select_fullest
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.tracks import SongReport
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.suno.clips import observe, read_clip
from tracker.providers.suno.inputs import (
    LyricsIdea,
    Name,
    OneClip,
    SongInput,
    SunoInput,
    check_song,
)
from tracker.providers.suno.lyrics import LYRICS_LAST_S, observe_lyrics, read_lyrics
from tracker.providers.suno.options import build_headers

_LYRICS, _MUSIC = "LYRICS", "MUSIC"
_EMPTY = "SUCCESS without a song"
_ONE_SONG = frozenset({"submit/concat", "uploads/audio-url"})


class _SunoMusic(SongInput):
    continue_clip_id: Name | None = None
    continue_at: float | None = Field(None, ge=0)
    task_id: Name | None = None


class _SunoAudioUrl(SunoInput):
    url: Name


class GatewayDialect(TaskTable):
    """Tasks whose data are songs; one call asks for many."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "submit/music": CreatePath("submit/music", _SunoMusic),
            "submit/lyrics": CreatePath("submit/lyrics", LyricsIdea),
            "submit/concat": CreatePath("submit/concat", OneClip),
            "uploads/audio-url": CreatePath("uploads/audio-url", _SunoAudioUrl),
        }
    )
    poll_path = "fetch/{id}"
    url_field = "notify_hook"
    together = 20
    least_spacing_s = 5.0

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return build_headers(account)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; a song is continued with the name of its task, at the same account."""
        request = super().check(operation, input_)
        body = request.body
        if operation == "submit/music":
            check_song(body)
            clip = body.get("continue_clip_id")
            if clip and not body.get("task_id") and read_piece_name(clip) is None:
                reason = "is needed beside continue_clip_id: the task that the song is of"
                raise InvalidRequest(FieldError("task_id", reason))
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; one gateway answers that of lyrics when they are done."""
        call = super().build_submit(sending)
        return replace(call, lasts_s=LYRICS_LAST_S) if _is_lyrics(sending.task) else call

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Ask for lyrics at once: where the create was held for them, they are done."""
        outcome = super().parse_submit(sending, answer)
        if isinstance(outcome, Accepted) and _is_lyrics(sending.task):
            return replace(outcome, look_now=True)
        return outcome

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask in one call for all that have an id, music and lyrics apart."""
        del account
        return _find_action(task) if task.provider_task_id else None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query for one, or for several at once."""
        if len(asking.tasks) == 1:
            return super().build_poll(asking)
        return _build_batch(asking, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read a row, songs without one, or a list of rows."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        if len(asking.tasks) > 1:
            return self._read_several(asking, answer, parsed)
        return [self._read_single(asking, answer, parsed)]

    def _read_several(self, asking: Asking, answer: HttpResult, parsed: Any) -> list[PollOutcome]:
        """Find each task's row. One that is left out is asked for by itself: lists leave out.

        Without any row a list is null (https://github.com/QuantumNous/new-api, 2026-11).
        """
        rows = parsed if isinstance(parsed, list) else open_envelope(parsed)
        rows = rows if answer.status < 300 else None
        if not isinstance(rows, list):
            return [self._describe_unanswered(answer, parsed, alone=answer.status != 429)] * len(
                asking.tasks
            )
        known = select_fullest(
            (row.id, row) for one in rows if (row := read_task(one)) is not None and row.id
        )
        return [
            _read_outcome(task, row)
            if (row := known.get(task.provider_task_id)) is not None
            else Unanswered("the list leaves it out", alone=True)
            for task in asking.tasks
        ]

    def _read_single(self, asking: Asking, answer: HttpResult, parsed: Any) -> PollOutcome:
        data = open_envelope(parsed) if answer.status < 300 else None
        is_list_asked = asking.page is not None
        if is_list_asked:
            return self._read_listed(asking, answer, parsed, data)
        # Two relatives differ: Suno-API shows the songs alone, or the lyrics, and no task.
        row = read_task(data)
        if row is not None and (row.id is not None or isinstance(row.data, dict | list)):
            return _read_outcome(asking.task, row)
        bare = _read_bare_result(asking.task, data)
        if bare is not None and bare.state in VERDICTS:
            return Observed(bare)
        if bare is not None or isinstance(data, list):
            return Follow(_build_batch(asking, self.build_headers(asking.account)), {"songs": bare})
        if self.is_denial(answer, parsed):
            return Absent(self.describe_answer(answer, parsed), weak=True)
        return self._describe_unanswered(answer, parsed)

    def _read_listed(
        self, asking: Asking, answer: HttpResult, parsed: Any, data: Any
    ) -> PollOutcome:
        """Read the row of a task whose songs alone were shown before.

        Where no list tells of the task, the songs are all that is known.
        """
        rows = [row for one in data if (row := read_task(one))] if isinstance(data, list) else []
        row = next((one for one in rows if one.id == asking.task.provider_task_id), None)
        if row is not None:
            return _read_outcome(asking.task, row)
        bare = (asking.page or {}).get("songs")
        return Observed(bare) if bare is not None else self._describe_unanswered(answer, parsed)

    def _describe_unanswered(
        self, answer: HttpResult, parsed: Any, *, alone: bool = False
    ) -> Unanswered:
        return Unanswered(
            self.describe_answer(answer, parsed),
            self.pause_s(answer, parsed),
            slow_down=answer.status == 429,
            alone=alone,
        )


def _find_action(task: Task) -> str:
    return _LYRICS if _is_lyrics(task) else _MUSIC


def _is_lyrics(task: Task) -> bool:
    return task.operation == "submit/lyrics"


def _build_batch(asking: Asking, headers: Mapping[str, str]) -> HttpCall:
    body = {
        "ids": [task.provider_task_id for task in asking.tasks],
        "action": _find_action(asking.task),
    }
    return build_post(f"{asking.account.base_url}/fetch", body, headers)


def _read_outcome(task: Task, row: GatewayTask) -> PollOutcome:
    if row.word.upper() == UNKNOWN_TO_GATEWAY:
        return Unanswered("the gateway does not know how it stands")
    more: dict[str, Any] = {
        "provider_task_id": task.provider_task_id,
        "progress": row.progress,
        "at": row.at,
        "costs": tuple(build_quota_costs(task, row.quota, row.state)),
    }
    if _find_action(task) == _LYRICS:
        if row.state is None:
            return Observed(Observation(None, row.word))
        lyrics = observe_lyrics(row.data, row.state, row.word, row.reason, **more)
        return Observed(await_result(lyrics, task, _EMPTY))
    clips = remove_repeated(
        clip for one in _read_songs(row.data) if (clip := read_clip(one)) is not None
    )
    wanted = 1 if task.operation in _ONE_SONG else 2
    told = SongReport(clips, row.state, row.word, row.reason, row.is_doubtful, wanted)
    if row.state is None:
        return Observed(Observation(None, row.word))
    return Observed(await_result(add_song(observe(told, **more), row), task, _EMPTY))


def _read_bare_result(task: Task, data: Any) -> Observation | None:
    """Read songs or lyrics that stand alone; None when there are none."""
    if _find_action(task) == _LYRICS:
        return read_lyrics(data)
    clips = remove_repeated(
        clip for one in _read_songs(data) if (clip := read_clip(one)) is not None
    )
    wanted = 1 if task.operation in _ONE_SONG else 2
    return observe(SongReport(clips, wanted=wanted)) if clips else None


def _read_songs(data: Any) -> Sequence[Any]:
    if isinstance(data, dict):
        data = data.get("clips", data.get("data"))
    return data if isinstance(data, list) else ()
