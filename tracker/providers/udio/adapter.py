"""Udio, which has no public API: two shapes that gateways publish, each a profile.

`songs`: https://draw.openai-next.com (its page of Udio, marked as in development, read 2026-11).
`task`:  https://github.com/Dooy/chatgpt-web-midjourney-proxy (2.26.4, src/api/udio.ts), which is
new-api's kind of task with songs as its data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from tracker.domain.errors import FieldError, InvalidRequest
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
from tracker.domain.task import Task
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.gateway_quota import build_quota_costs
from tracker.providers.kit.gateway_tasks import (
    UNKNOWN_TO_GATEWAY,
    TaskTable,
    add_song,
    open_envelope,
    read_task,
)
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.piece_names import read_piece_name
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.result_ids import build_id_lister
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.together import is_refused_together
from tracker.providers.kit.tracks import (
    ENDS,
    SongReport,
    await_missing,
    build_observation,
    find_verdict,
)
from tracker.providers.kit.useless_options import SecretlessOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.providers.ports.provider import Provider
from tracker.providers.udio.front import UdioFront
from tracker.providers.udio.songs import find_songs, list_pieces, read_songs

SONGS, TASK = "songs", "task"
_HOST = "draw.openai-next.com"
Share = Annotated[float, Field(ge=0, le=1)]
_CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        **dict.fromkeys(("400", "404", "413", "422"), Meaning.REFUSED),
        **dict.fromkeys(("401", "402", "403"), Meaning.BLAMES_ACCOUNT),
        "429": Meaning.WAIT,
    }
)
"""Codes that name the input, the account or the pace, as far as a number can tell."""


class _UdioInput(BaseModel):
    """Fields that are not named here are passed on."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Source(_UdioInput):
    source_type: Literal["song"] | None = None
    song_id: str | None = Field(None, min_length=1)


class _Config(_UdioInput):
    mode: Literal["regular", "continuation", "precede"] | None = None
    context_length: int | None = Field(None, ge=0)
    source: _Source | None = None


class _Generation(_UdioInput):
    prompt: str | None = None
    lyrics: str | None = None
    lyrics_type: Literal["generate", "user", "instrumental"] | None = None
    bypass_prompt_optimization: bool | None = None
    seed: int | None = None
    song_section_start: Share | None = None
    prompt_strength: Share | None = None
    clarity_strength: Share | None = None
    lyrics_strength: Share | None = None
    generation_quality: Share | None = None
    negative_prompt: str | None = None
    model_type: str | None = Field(None, min_length=1)
    config: _Config | None = None


class _Submit(_UdioInput):
    gen_params: _Generation
    config: _Config | None = None


class SongsDialect(TableAdapter):
    """Songs without a task: done by `finished`, failed by an error of theirs."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {"generate-proxy": CreatePath("generate-proxy", _Generation)}
    )
    poll_path = "songs?songIds={id}"
    messages = ("msg", "message", "error.message", "error")
    together = 20
    least_spacing_s = 5.0
    forgets = True
    account_codes = ("401", "402", "403")

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; of a song something must be told."""
        request = super().check(operation, input_)
        _check_told(request.body, "")
        return request

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take the first of the places that may hold ids; no page shows the answer."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        ids = _read_ids(parsed)
        if not ids:
            return self.classify_refusal(sending, answer, parsed)
        generation = find_first_text(parsed, ("generation_id",), limit=200)
        return Accepted(",".join(ids), "submitted", message=generation)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the number of the error up; `sn` is the id of the request."""
        code = find_first_text(parsed, ("code",), limit=40)
        words, request_id = (
            self.describe_answer(answer, parsed),
            find_first_text(parsed, ("sn",), limit=200),
        )
        if (deferral := defer_without_channel(answer, parsed, words)) is not None:
            return deferral
        if answer.status >= 500:
            return Unknown(words, code)
        match _CODES.get(code or ""):
            case Meaning.REFUSED:
                return Refused(code, words, request_id)
            case Meaning.BLAMES_ACCOUNT:
                return Refused(code, words, request_id, blames_account=True)
            case Meaning.WAIT:
                return Deferred(code, words, self.pause_s(answer, parsed), request_id=request_id)
            case _:
                return super().classify_refusal(sending, answer, parsed)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask for the songs of several tasks in one call."""
        del account
        return "songs" if task.provider_task_id else None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query for the songs of all tasks."""
        if asking.task.provider_task_id is None:
            return None
        ids = ",".join(quote(task.provider_task_id or "", safe=",") for task in asking.tasks)
        url = f"{asking.account.base_url}/songs?songIds={ids}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Give each task its songs out of the list."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        listed = find_songs(parsed)
        if answer.status >= 300 or listed is None:
            words, pause_s = self.describe_answer(answer, parsed), self.pause_s(answer, parsed)
            code = find_first_text(parsed, ("code",), limit=40)
            is_fast = answer.status == 429 or code == "429"
            alone = is_refused_together(asking, answer, parsed) and not is_fast
            told: PollOutcome = Unanswered(words, pause_s, slow_down=is_fast, alone=alone)
            if len(asking.tasks) == 1 and (self.is_denial(answer, parsed) or code == "404"):
                told = Absent(words, weak=True)
            return [told] * len(asking.tasks)
        known = {song.id: song for song in read_songs(listed)}
        return [_choose_outcome(task, known) for task in asking.tasks]


class TaskDialect(TaskTable):
    """Tasks of new-api's kind, whose data hold songs."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {"submit/music": CreatePath("submit/music", _Submit)}
    )
    poll_path = "fetch/{id}"
    least_spacing_s = 5.0

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; of a song something must be told."""
        request = super().check(operation, input_)
        _check_told(request.body["gen_params"], "gen_params.")
        return request

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the row. Songs count more than its word, as with every task of this kind."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        row = read_task(open_envelope(parsed)) if answer.status < 300 else None
        if row is None:
            words = self.describe_answer(answer, parsed)
            if self.is_denial(answer, parsed):
                return [Absent(words, weak=True)]
            is_fast = answer.status == 429
            return [Unanswered(words, self.pause_s(answer, parsed), slow_down=is_fast)]
        if row.word.upper() == UNKNOWN_TO_GATEWAY:
            return [Unanswered("the gateway does not know how it stands")]
        if row.state is None:
            return [Observed(Observation(None, row.word))]
        songs = read_songs(find_songs(row.data) or ())
        told = SongReport(songs, row.state, row.word, row.reason, row.is_doubtful)
        verdict = find_verdict(told)
        pieces = list_pieces(songs, has_ended=verdict[0] in ENDS)
        costs = tuple(build_quota_costs(asking.task, row.quota, row.state))
        more: dict[str, Any] = {"progress": row.progress, "at": row.at, "costs": costs}
        said = add_song(build_observation(told, verdict, pieces, **more), row)
        return [Observed(await_result(said, asking.task, "SUCCESS without a song"))]


def _choose_outcome(task: Task, known: Mapping[str | None, Any]) -> PollOutcome:
    ids = (task.provider_task_id or "").split(",")
    songs = [known[one] for one in ids if one in known]
    if not songs:
        return Absent("none of its songs is in the list", weak=True)
    is_moderated = all("MODERATION" in (song.code or "").upper() for song in songs)
    # An error was seen to go away again.
    told = SongReport(songs, wanted=len(ids), doubtful=not is_moderated)
    said, listed = _judge_songs(told), _judge_songs(replace(told, wanted=len(songs)))
    return Observed(await_missing(said, listed, task, len(ids) - len(songs)))


def _judge_songs(told: SongReport) -> Observation:
    verdict = find_verdict(told)
    pieces = list_pieces(told.tracks, has_ended=verdict[0] in ENDS)
    return build_observation(told, verdict, pieces)


def _read_ids(parsed: Any) -> Sequence[str]:
    """Return the ids of an answer to a create: of songs, else of what made them."""
    if not isinstance(parsed, dict):
        return ()
    lists = [parsed.get("track_ids"), parsed.get("songs"), parsed.get("data")]
    data = parsed.get("data")
    if isinstance(data, dict):
        lists += [data.get("track_ids"), data.get("songs")]
    for found in lists:
        if isinstance(found, list):
            texts = [
                find_first_text({"id": one.get("id") if isinstance(one, dict) else one}, ("id",))
                for one in found
            ]
            if ids := [text for text in texts if text and "," not in text]:
                return list(dict.fromkeys(ids))
    one = find_first_text(parsed, ("data", "data.generation_id", "generation_id"), limit=500)
    return [one] if one else ()


def _check_told(body: Mapping[str, Any], prefix: str) -> None:
    if not body.get("prompt") and not body.get("lyrics"):
        raise InvalidRequest(FieldError(f"{prefix}prompt", "is needed, or lyrics"))


def _find_source(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Return the field and the object that may name the song that is continued; None for none."""
    inner = body.get("gen_params")
    for prefix, holder in (("", body), ("gen_params.", inner)):
        config = holder.get("config") if isinstance(holder, dict) else None
        source = config.get("source") if isinstance(config, dict) else None
        if isinstance(source, dict) and source.get("song_id"):
            return f"{prefix}config.source.song_id", source
    return None


def _put_their_song(value: Any, song_id: str) -> Any:
    """Return a body with the provider's id of the song that is continued."""
    if not isinstance(value, dict):
        return value
    return {
        name: song_id if name == "song_id" else _put_their_song(inner, song_id)
        for name, inner in value.items()
    }


NOT_SERVED: Mapping[str, str] = MappingProxyType(
    {
        "generate_music": "PiAPI's tasks (model music-u) are not served",
        "api/v2/generate": "udioapi.pro resells Suno; its protocol is not served",
    }
)
"""Calls of aggregators under Udio's name, each with the reason why it is not served."""


_SONG = "song"
OBJECTS = ObjectIds(
    # Songs of the site are everybody's.
    fields={"song_id": NamedObject(_SONG, may_be_public=True)},
    results={_SONG: build_id_lister("audio")},
    continued=(_SONG,),
)


class UdioOptions(SecretlessOptions):
    """A key, and nothing besides."""


class UdioAdapter(AdapterByProfile):
    """Submits, polls, probes. Nothing finds a lost submit, and nobody calls back."""

    not_served = NOT_SERVED

    def find_kind(self, account: Account) -> UpstreamKind:
        """Return the kind of the profile, which the host may tell."""
        if account.profile is None and urlsplit(account.base_url).hostname == _HOST:
            return KINDS[SONGS]
        return super().find_kind(account)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate, and find the task whose song the input continues."""
        request = super().check(operation, input_)
        source = _find_source(request.body)
        song = None if source is None else read_piece_name(source[1]["song_id"])
        if source is None or song is None:
            return request
        return replace(request, parent=song[0], parent_field=source[0])

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with the provider's name of the song that it continues."""
        source = _find_source(sending.body)
        song = None if source is None else read_piece_name(source[1]["song_id"])
        if song is not None and sending.parent is not None:
            theirs = [one.id for one in sending.parent.artifacts if one.kind == "audio" and one.id]
            if song[1] < len(theirs):
                body = _put_their_song(sending.body, theirs[song[1]] or "")
                sending = replace(sending, body=body)
        return super().build_submit(sending)


KINDS: Mapping[str, UpstreamKind] = MappingProxyType(
    {
        TASK: UpstreamKind(adapter=TaskDialect()),
        SONGS: UpstreamKind(adapter=SongsDialect(), needs_address=False),
    }
)
_ADAPTER = UdioAdapter(KINDS)
REVISION = 10
PROVIDER = Provider(
    name="udio",
    revision=REVISION,
    regions={"openai-next": f"https://{_HOST}/udio"},
    options=UdioOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    probes=_ADAPTER,
    front=UdioFront(),
    tells_costs=True,
    examples={
        "a song": {
            "operation": "submit/music",
            "input": {"gen_params": {"prompt": "rain on a roof", "lyrics_type": "generate"}},
        }
    },
)
