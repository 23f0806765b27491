"""Udio's two shapes in front of our tasks.

The client of the second (github.com/Dooy/chatgpt-web-midjourney-proxy 2.26.4, read 2026-11) stops
at `SUCCESS` alone, wants `data.data.songs` to be a list, and reads `error.message`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import TERMINAL, Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import (
    STATUSES,
    find_gateway_code,
    find_reason,
    format_time,
)
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.gateway_rows import build_gateway_row
from tracker.providers.kit.piece_names import build_piece_name, read_piece_name
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Command, Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

COUNT = 2
"""Songs of one create."""
_SONGS, _TASK = "generate-proxy", "submit/music"
_MOST = 200


class UdioFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/udio",)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        first, _, rest = call.path.partition("/")
        if call.path in (_SONGS, _TASK):
            if call.method != "POST":
                return refuse_method(call)
            return WantsBody() if call.body is None else Create(call.path, call.body)
        if call.path == "songs":
            return _read_songs_call(call) if call.is_read else refuse_method(call)
        if first == "fetch" and rest and (name := find_name(rest)):
            return Get([name]) if call.is_read else refuse_method(call)
        return refuse_path(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show songs, or a task with its songs."""
        del request_id
        if isinstance(command, Create):
            return FrontAnswer(_show_created(call, shown.tasks[0]))
        if call.path == "songs":
            return FrontAnswer({"songs": _show_listed(call, shown)})
        task = shown.tasks[0]
        songs = [_show_song(task, n, shown.get_input(task)) for n in range(len(_list_sounds(task)))]
        data = build_gateway_row(task, platform="udio", action="MUSIC", data={"songs": songs})
        return FrontAnswer({"code": "success", "message": "", "data": data})

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer in the words of both shapes at once."""
        is_asked = refusal.fault in (Fault.INVALID, Fault.NOT_FOUND)
        status, message = 400 if is_asked else STATUSES[refusal.fault], refusal.message
        code = find_gateway_code(refusal.fault)
        error = {"message": message, "type": "udio_error", "code": code}
        if call is not None and call.path in (_SONGS, "songs"):
            body = {"code": status, "msg": message, "sn": request_id, "error": error}
            return FrontAnswer(body, status)
        return FrontAnswer({"code": code, "message": message, "data": None, "error": error}, status)


def _split_ids(call: FrontCall) -> list[str]:
    """Return the ids of songs, of every `songIds`; also `songIds[]`, as axios writes a list."""
    given = (value for name, value in call.query if name.removesuffix("[]") == "songIds")
    return [one for value in given for one in value.split(",") if one]


def _read_songs_call(call: FrontCall) -> Get:
    ids = _split_ids(call)
    if not 0 < len(ids) <= _MOST:
        raise InvalidRequest(
            FieldError("songIds", f"must be 1 to {_MOST} ids, separated by commas")
        )
    tasks = [song[0] if (song := read_piece_name(one)) else one for one in ids]
    return Get(list(dict.fromkeys(tasks)), by="id", must_exist=False)


def _show_created(call: FrontCall, task: Task) -> dict[str, Any]:
    if call.path == _TASK:
        return {"code": "success", "message": "", "data": str(task.id)}
    ids = [build_piece_name(task, n) for n in range(COUNT)]
    return {"track_ids": ids, "generation_id": str(task.id)}


def _show_listed(call: FrontCall, shown: Shown) -> list[dict[str, Any]]:
    wanted = _split_ids(call)
    by_id = {str(task.id): task for task in shown.tasks}
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys(wanted):
        song = read_piece_name(name)
        task = by_id.get(song[0] if song else name)
        if task is None:
            continue
        input_ = shown.get_input(task)
        places = [song[1]] if song else range(COUNT)
        found += [
            _show_song(task, n, input_) for n in places if n < max(COUNT, len(_list_sounds(task)))
        ]
    return found


def _list_sounds(task: Task) -> Sequence[Artifact]:
    return [piece for piece in task.artifacts if piece.kind == "audio"]


def _show_song(task: Task, place: int, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a song. Its `finished` and paths tell a client that it is done; an error, the rest."""
    sounds = _list_sounds(task)
    sound = sounds[place] if place < len(sounds) else None
    beside = {
        piece.kind: piece.url
        for piece in task.artifacts
        if sound is not None and piece is not sound and piece.id == sound.id
    }
    params = input_.get("gen_params")
    given = params if isinstance(params, dict) else input_
    is_done = sound is not None and sound.state is ArtifactState.READY
    reason = _show_reason(task, sound)
    said = {} if sound is None else sound.extra
    return {
        "id": build_piece_name(task, place),
        "user_id": "",
        "artist": str(said.get("artist", "")),
        "title": str(said.get("title", "")),
        "created_at": format_time(task.created_at, "microseconds").replace("Z", "+00:00"),
        "error_id": None,
        "error_type": "GENERATION_FAILED" if reason else None,
        "error_code": None,
        "error_detail": reason,
        "generation_id": str(task.id),
        "image_path": beside.get("image"),
        "lyrics": read_text_url(beside.get("text")),
        "prompt": str(said.get("prompt") or given.get("prompt") or ""),
        "likes": 0,
        "plays": 0,
        "published_at": None,
        "replaces": None,
        "finished": is_done,
        "song_path": sound.url if sound is not None else None,
        "video_path": beside.get("video"),
        "duration": _find_seconds(sound),
        "tags": [],
    }


def _show_reason(task: Task, sound: Artifact | None) -> str | None:
    if sound is not None and sound.state is ArtifactState.FAILED:
        return str(sound.extra.get("error_detail") or "the song could not be made")
    if task.state in TERMINAL and task.state is not TaskState.SUCCEEDED:
        return find_reason(task)
    return None


def _find_seconds(sound: Artifact | None) -> float | None:
    try:
        return None if sound is None or sound.duration_s is None else float(sound.duration_s)
    except ValueError:
        return None
