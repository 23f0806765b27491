"""Suno's four protocols under one prefix: gateways, raw songs, sunoapi.org, gcui-art's server.

Sources: github.com/QuantumNous/new-api, github.com/Dooy/chatgpt-web-midjourney-proxy (2.26.4),
docs.sunoapi.org, github.com/gcui-art/suno-api, read 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import GATEWAY_CODES, STATUSES, find_reason
from tracker.providers.kit.front_calls import (
    MOST_WAIT_S,
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.piece_names import read_piece_name
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Command, Create, Get, PassOn, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.suno.front.records import build_callback_view, record_view
from tracker.providers.suno.front.rows import build_row_view, is_lyrics
from tracker.providers.suno.front.songs import (
    build_clip_view,
    build_info_view,
    build_lyrics_view,
    list_songs,
)
from tracker.providers.suno.gateway import GatewayDialect
from tracker.providers.suno.passing import BALANCES
from tracker.providers.suno.raw import RawDialect, SelfHostedDialect
from tracker.providers.suno.reseller import AT_ONCE, ResellerDialect

_RESELLER, _SERVER = "api/v1/", "api/"
_MOST_IDS = 200
_LIBRARY = 20
"""Tasks on a page of a server's library."""


class Protocol(StrEnum):
    """The protocol of a call."""

    GATEWAY = "gateway"
    RAW = "raw"
    RESELLER = "reseller"
    SERVER = "server"


_CREATES: Mapping[str, tuple[Protocol, str]] = MappingProxyType(
    {create.path: (Protocol.GATEWAY, name) for name, create in GatewayDialect.creates.items()}
    | {create.path.rstrip("/"): (Protocol.RAW, name) for name, create in RawDialect.creates.items()}
    | {
        _RESELLER + create.path: (Protocol.RESELLER, name)
        for name, create in ResellerDialect.creates.items()
    }
    | {
        _SERVER + create.path: (Protocol.SERVER, name)
        for name, create in SelfHostedDialect.creates.items()
    }
)
_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        **GATEWAY_CODES,
        Fault.NOT_SERVED: "provider_not_found",
    }
)
"""Codes of new-api; the other faults keep our own words."""


class SunoFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/suno", "/task/suno/v1")

    def get_scope(self, call: FrontCall) -> Scope:
        """Take a query for a list of tasks for reading, although it is a POST."""
        is_read = call.is_read or call.path == "fetch"
        return Scope.TASKS_READ if is_read else Scope.TASKS_WRITE

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if call.path in _CREATES and call.method == "POST":
            return _create(call, *_CREATES[call.path])
        if call.path == "fetch":
            return _fetch_many(call) if call.method == "POST" else refuse_method(call)
        if call.path in _CREATES or call.method not in ("GET", "HEAD"):
            return refuse_method(call) if _is_known(call.path) else refuse_path(call)
        return _read(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks in the protocol that they were asked for in."""
        del request_id
        if isinstance(command, Create):
            return FrontAnswer(_show_created(call, command, shown))
        match _find_protocol(call.path):
            case Protocol.GATEWAY:
                rows = [build_row_view(task, shown.get_input(task)) for task in shown.tasks]
                return FrontAnswer(_show_good(rows if call.path == "fetch" else rows[0]))
            case Protocol.RESELLER:
                task = shown.tasks[0]
                return FrontAnswer(_record(record_view(task, shown.get_input(task))))
            case Protocol.SERVER:
                return FrontAnswer(_show_infos(call, shown))
            case Protocol.RAW:
                if call.path.startswith("lyrics/"):
                    return FrontAnswer(build_lyrics_view(shown.tasks[0]))
                return FrontAnswer(_show_feed(call, shown))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer in the error envelope of the call's protocol."""
        del request_id
        status, message = STATUSES[refusal.fault], refusal.message
        match Protocol.GATEWAY if call is None else _find_protocol(call.path):
            case Protocol.RESELLER:
                return FrontAnswer({"code": status, "msg": message, "data": None}, status)
            case Protocol.SERVER:
                status = 400 if refusal.fault is Fault.INVALID else status
                return FrontAnswer({"error": message}, status)
            case _:
                is_asked = refusal.fault in (Fault.INVALID, Fault.NOT_FOUND)
                status = 400 if is_asked else status
                code = _CODES.get(refusal.fault, refusal.fault.value)
                error = {"message": message, "type": "suno_error", "code": code}
                body = {"code": code, "message": message, "data": None, "error": error}
                return FrontAnswer(body, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Tell each stage of a reseller's task; of a gateway's, the end."""
        del step, base
        if task.operation in ResellerDialect.creates:
            body = build_callback_view(task, input_)
            return None if body is None else json.dumps(body).encode()
        if task.operation in GatewayDialect.creates and task.state in TERMINAL:
            return json.dumps(build_row_view(task, input_)).encode()
        return None


def _is_known(path: str) -> bool:
    return path in _CREATES or path.split("/", maxsplit=1)[0] in ("fetch", "feed", "lyrics", "api")


def _find_protocol(path: str) -> Protocol:
    if path.startswith(_RESELLER):
        return Protocol.RESELLER
    if path.startswith(_SERVER):
        return Protocol.SERVER
    is_raw = path.split("/", maxsplit=1)[0] in ("generate", "feed", "lyrics")
    return Protocol.RAW if is_raw else Protocol.GATEWAY


def _create(call: FrontCall, protocol: Protocol, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    waits = operation in AT_ONCE or operation == "gcui/generate_lyrics"
    if protocol is Protocol.SERVER and call.body.get("wait_audio") is True:
        waits = True
    return Create(operation, call.body, wait_s=MOST_WAIT_S if waits else 0)


def _fetch_many(call: FrontCall) -> Get | WantsBody:
    if call.body is None:
        return WantsBody()
    ids = call.body.get("ids")
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise InvalidRequest(FieldError("ids", f"must be a list of at most {_MOST_IDS} ids"))
    return Get([str(one) for one in ids], by="id", must_exist=False)


def _read(call: FrontCall) -> Command | FrontRefusal:
    first, _, rest = call.path.partition("/")
    if call.path in BALANCES:
        return PassOn(call.path)
    if first in ("fetch", "lyrics") and rest and (named := find_name(rest)):
        return Get([named])
    if first == "feed" and rest:
        return Get(_list_tasks(rest.split(",")), by="id", must_exist=False)
    if call.path == "api/get":
        ids = [one for one in (call.get_parameter("ids") or "").split(",") if one]
        if ids:
            return Get(_list_tasks(ids), by="id", must_exist=False)
        page = read_whole_number(call, "page", default=0, low=0, high=10_000)
        return Skip(limit=_LIBRARY, offset=page * _LIBRARY)
    if call.path == "api/clip":
        return Get(_list_tasks([call.get_parameter("id") or ""]), by="id", must_exist=True)
    if call.path.startswith(_RESELLER) and call.path.endswith(("/record-info", "/validate-info")):
        name = find_name(call.get_parameter("taskId") or "")
        if not name:
            raise InvalidRequest(FieldError("taskId", "is needed"))
        return Get([name])
    return refuse_path(call)


def _list_tasks(names: Sequence[str]) -> Sequence[str]:
    """Return the tasks of named songs; a task may be named itself."""
    found = [song[0] if (song := read_piece_name(name)) else name for name in names[:_MOST_IDS]]
    return list(dict.fromkeys(found))


def _show_good(data: Any) -> dict[str, Any]:
    return {"code": "success", "message": "", "data": data}


def _record(data: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": data}


def _show_created(call: FrontCall, command: Create, shown: Shown) -> Any:
    task = shown.tasks[0]
    input_ = shown.get_input(task) or command.input
    match _CREATES[call.path][0]:
        case Protocol.GATEWAY:
            return _show_good(str(task.id))
        case Protocol.RESELLER:
            return (
                _show_at_once(task)
                if command.operation in AT_ONCE
                else _record(_list_song_names(task))
            )
        case Protocol.SERVER:
            if is_lyrics(task):
                return build_lyrics_view(task)
            return [build_info_view(task, song, input_) for song in list_songs(task)]
        case Protocol.RAW:
            if is_lyrics(task):
                return {"id": str(task.id)}
            clips = [build_clip_view(task, song, input_) for song in list_songs(task)]
            return {"id": str(task.id), "clips": clips, "status": "complete", "metadata": {}}


def _list_song_names(task: Task) -> dict[str, str]:
    return {"taskId": str(task.id)}


def _show_at_once(task: Task) -> dict[str, Any]:
    """Answer a call that makes no task at the provider with its result, or with its failure."""
    if task.state is TaskState.SUCCEEDED and task.detail is not None:
        return _record(task.detail.get("data"))
    if task.state in TERMINAL:
        return {"code": 500, "msg": find_reason(task) or "failed", "data": None}
    return _record(_list_song_names(task))


def _show_feed(call: FrontCall, shown: Shown) -> list[dict[str, Any]]:
    wanted = call.path.removeprefix("feed/").split(",")
    clips = {
        song.name: build_clip_view(task, song, shown.get_input(task))
        for task in shown.tasks
        for song in list_songs(task)
    }
    names = [name for one in wanted for name in _find_songs(one, shown)]
    return [clips[name] for name in dict.fromkeys(names) if name in clips]


def _find_songs(name: str, shown: Shown) -> Sequence[str]:
    """Return the songs that a name stands for: itself, or those of the task that it is."""
    for task in shown.tasks:
        if name == str(task.id):
            return [song.name for song in list_songs(task)]
    return [name]


def _show_infos(call: FrontCall, shown: Shown) -> Any:
    infos = {
        song.name: build_info_view(task, song, shown.get_input(task))
        for task in shown.tasks
        for song in list_songs(task)
        if not is_lyrics(task)
    }
    if call.path == "api/clip":
        return infos.get(call.get_parameter("id") or "") or next(iter(infos.values()), {})
    ids = [one for one in (call.get_parameter("ids") or "").split(",") if one]
    if not ids:
        return list(infos.values())
    names = [name for one in ids for name in _find_songs(one, shown)]
    return [infos[name] for name in names if name in infos]
