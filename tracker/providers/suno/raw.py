"""Suno's songs without tasks: `/suno/generate`, `/suno/feed/{ids}`, and gcui-art's server.

Sources: https://github.com/Dooy/chatgpt-web-midjourney-proxy (2.26.4) and
https://github.com/gcui-art/suno-api, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import VERDICTS, ArtifactState, Task, TaskState
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.gateway_tasks import TaskTable
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.repeated import select_fullest
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.together import is_refused_together
from tracker.providers.kit.tracks import SongReport, SongTrack, await_missing
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.suno.clips import find_id, is_over, observe, read_clip
from tracker.providers.suno.inputs import (
    LyricsIdea,
    Name,
    OneClip,
    SongInput,
    SunoInput,
    check_song,
)
from tracker.providers.suno.lyrics import LYRICS_LAST_S, read_lyrics
from tracker.providers.suno.options import build_headers

_EMPTY = "complete without a song"


class _SongGenerate(SongInput):
    continue_clip_id: Name | None = None
    continue_at: float | None = Field(None, ge=0)
    task: Literal["extend", "upload_extend", "cover"] | None = None


class _SongDescribed(SunoInput):
    gpt_description_prompt: Name
    mv: Name | None = None
    make_instrumental: bool | None = None


class _ClipTable(TaskTable):
    """Creates that are answered with songs; the ids of all of them are the id of the task."""

    together = 20
    least_spacing_s = 5.0

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return build_headers(account)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take the ids of the songs together for the id of the task."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        if self.is_text(sending.task):
            return self.parse_text(sending, answer, parsed)
        ids = [id_ for one in find_songs(parsed) if (id_ := find_id(one)) is not None]
        if not ids:
            return self.classify_refusal(sending, answer, parsed)
        clips = [clip for one in find_songs(parsed) if (clip := read_clip(one)) is not None]
        said = observe(SongReport(clips, wanted=len(ids)))
        ended = said if said.state in VERDICTS else None
        return Accepted(",".join(dict.fromkeys(ids)), "submitted", said=ended)

    def is_text(self, task: Task) -> bool:
        """Tell whether a task makes lyrics alone."""
        return task.operation.endswith("lyrics")

    def parse_text(self, sending: Sending, answer: Any, parsed: Any) -> SubmitOutcome:
        """Read the answer to a create of lyrics."""
        raise NotImplementedError

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask for songs of several tasks in one call."""
        del account
        return None if task.provider_task_id is None or self.is_text(task) else "songs"

    def build_feed_url(self, account: Account, ids: str) -> str:
        """Return the address of songs. ids: separated by commas, escaped."""
        raise NotImplementedError

    def build_text_path(self, task_id: str) -> str:
        """Return the path of lyrics below the base URL. task_id: escaped."""
        raise NotImplementedError

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query for the songs of one task or of several."""
        account, ids = asking.account, asking.task.provider_task_id
        if ids is None:
            return None
        if self.is_text(asking.task):
            url = f"{account.base_url}/{self.build_text_path(quote(ids, safe=''))}"
        else:
            every = ",".join(quote(task.provider_task_id or "", safe=",") for task in asking.tasks)
            url = self.build_feed_url(account, every)
        return HttpCall("GET", url, self.build_headers(account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Give each task its songs out of the list; songs that nobody knows are left out."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        if answer.status < 300 and self.is_text(asking.task):
            said = read_lyrics(parsed)
            return [self._describe_unanswered(answer, parsed) if said is None else Observed(said)]
        songs = find_songs(parsed) if answer.status < 300 else None
        if songs is None or not is_feed(parsed):
            is_denied = len(asking.tasks) == 1 and self.is_denial(answer, parsed)
            alone = is_refused_together(asking, answer, parsed)
            outcome: PollOutcome = replace(self._describe_unanswered(answer, parsed), alone=alone)
            if is_denied:
                outcome = Absent(self.describe_answer(answer, parsed), weak=True)
            return [outcome] * len(asking.tasks)
        known = select_fullest(
            (clip.id, clip) for one in songs if (clip := read_clip(one)) is not None
        )
        outcomes: list[PollOutcome] = []
        for task in asking.tasks:
            ids = (task.provider_task_id or "").split(",")
            clips = [known[one] for one in ids if one in known]
            if clips:
                said = _end_silent(observe(SongReport(clips, wanted=len(ids))), clips, task)
                listed = observe(SongReport(clips, wanted=len(clips)))
                said = await_missing(said, listed, task, len(ids) - len(clips))
                outcomes.append(Observed(said))
            else:
                outcomes.append(Absent("none of its songs is in the list", weak=True))
        return outcomes

    def _describe_unanswered(self, answer: Any, parsed: Any) -> Unanswered:
        return Unanswered(
            self.describe_answer(answer, parsed),
            self.pause_s(answer, parsed),
            slow_down=answer.status == 429,
        )


class RawDialect(_ClipTable):
    """Songs behind a gateway's `/suno`."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "raw/generate": CreatePath("generate", _SongGenerate),
            "raw/description-mode": CreatePath("generate/description-mode", _SongDescribed),
            "raw/lyrics": CreatePath("generate/lyrics/", LyricsIdea),
        }
    )
    poll_path = "feed/{id}"

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; of a song something must be told."""
        request = super().check(operation, input_)
        if operation == "raw/generate":
            check_song(request.body)
        return request

    def build_feed_url(self, account: Account, ids: str) -> str:
        """Return the address of songs."""
        return f"{account.base_url}/feed/{ids}"

    def build_text_path(self, task_id: str) -> str:
        """Return the path of lyrics."""
        return f"lyrics/{task_id}"

    def parse_text(self, sending: Sending, answer: Any, parsed: Any) -> SubmitOutcome:
        """Take the id of lyrics."""
        task_id = find_first_text(parsed, ("id",), limit=500)
        return (
            self.classify_refusal(sending, answer, parsed) if task_id is None else Accepted(task_id)
        )


class _SongMade(SunoInput):
    prompt: Name
    make_instrumental: bool | None = None
    model: Name | None = None
    wait_audio: bool | None = None


class _SongCustom(_SongMade):
    tags: str | None = None
    title: str | None = None
    negative_tags: str | None = None


class _SongExtend(SunoInput):
    audio_id: Name
    prompt: str | None = None
    continue_at: float | str | None = None
    wait_audio: bool | None = None


class _SongStems(SunoInput):
    audio_id: Name


class SelfHostedDialect(_ClipTable):
    """A server of gcui-art/suno-api, at `http://HOST:3000/api`.

    Its library is a list without a mark of ours: it proves of no song whose it is.
    """

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            "gcui/generate": CreatePath("generate", _SongMade),
            "gcui/custom_generate": CreatePath("custom_generate", _SongCustom),
            "gcui/extend_audio": CreatePath("extend_audio", _SongExtend),
            "gcui/concat": CreatePath("concat", OneClip),
            "gcui/generate_stems": CreatePath("generate_stems", _SongStems),
            "gcui/generate_lyrics": CreatePath("generate_lyrics", LyricsIdea),
        }
    )
    poll_path = "get?ids={id}"
    probe_path = "get_limit"
    meanings: ClassVar[Mapping[int, Meaning]] = MappingProxyType({503: Meaning.UNKNOWN})

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate. An empty list of ids would ask for the whole library."""
        request = super().check(operation, input_)
        if request.body.get("audio_id", "").strip(",") == "" and "audio_id" in request.body:
            raise InvalidRequest(FieldError("audio_id", "is empty"))
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build a create that does not wait for the sound: that may end unfinished (100 s)."""
        body = {**sending.body, "wait_audio": False}
        call = super().build_submit(replace(sending, body=body))
        return replace(call, lasts_s=LYRICS_LAST_S) if self.is_text(sending.task) else call

    def build_feed_url(self, account: Account, ids: str) -> str:
        """Return the address of songs."""
        return f"{account.base_url}/get?ids={quote(ids, safe='%')}"

    def build_text_path(self, task_id: str) -> str:
        """Return the path of the songs: lyrics have none, the create is answered with them."""
        return f"get?ids={task_id}"

    def parse_text(self, sending: Sending, answer: Any, parsed: Any) -> SubmitOutcome:
        """Take the lyrics, which the create was held for."""
        said = read_lyrics(parsed)
        if said is None:
            return self.classify_refusal(sending, answer, parsed)
        return Accepted(find_first_text(parsed, ("id",), limit=500), said.word, said=said)

    def read_balance(self, parsed: Any) -> str | None:
        """Read what is left of the month."""
        left = find_first_text(parsed, ("credits_left",), limit=40)
        return None if left is None else f"{left} credits"


def _end_silent(said: Observation, clips: Sequence[SongTrack], task: Task) -> Observation:
    """Return songs that are all over, and of which none can be heard, as a success without one."""
    are_over = all(is_over(one) and one.state is not ArtifactState.FAILED for one in clips)
    if said.state is not TaskState.RUNNING or not are_over or any(one.audio for one in clips):
        return said
    empty = replace(said, state=TaskState.SUCCEEDED, artifacts=())
    return await_result(empty, task, _EMPTY)


def find_songs(parsed: Any) -> Sequence[Any]:
    """Return the songs of an answer: a list, one alone, or below `clips` or `data`.

    A relay's envelope may hold the whole answer in its `data`.
    """
    if isinstance(parsed, list):
        return parsed
    if not isinstance(parsed, dict):
        return ()
    for name in ("clips", "data"):
        held = parsed.get(name)
        songs = held.get("clips") if name == "data" and isinstance(held, dict) else held
        if isinstance(songs, list):
            return songs
    return [parsed] if read_clip(parsed) else ()


def is_feed(parsed: Any) -> bool:
    """Tell whether an answer is a list of songs, be it an empty one."""
    return isinstance(parsed, list) or bool(find_songs(parsed))
