"""Calls of the provider that make no task: helpers, the library, the account. Canned answers.

Source: https://kling.ai/document-api (capability and account pages), 2026-09. Which fields an
answer holds is published for some only; the others are short and invented.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.media import SAMPLE
from tracker.emulator.providers.kling.refusals import KlingRefusal, parse_body, query_number
from tracker.emulator.providers.kling.validation import find_field

__all__ = ["HELPERS", "answer_helper", "is_account"]

Answer = dict[str, Any] | list[dict[str, Any]]
_GET, _POST = "GET", "POST"
_WRONG_METHOD = KlingRefusal(1202, "The requested method is invalid")
_ACCOUNT = {
    "account/costs": _GET,
    "account/billing/balance": _POST,
    "account/billing/package": _POST,
}

HELPERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "videos/multi-elements/init-selection": (_POST, ()),
    "videos/multi-elements/add-selection": (_POST, ("session_id",)),
    "videos/multi-elements/delete-selection": (_POST, ("session_id",)),
    "videos/multi-elements/clear-selection": (_POST, ("session_id",)),
    "videos/multi-elements/preview-selection": (_POST, ("session_id",)),
    "videos/identify-face": (_POST, ()),
    "videos/image-recognize": (_POST, ("image",)),
    "audio/tts": (_POST, ("text", "voice_id", "voice_language")),
    "general/presets-voices": (_GET, ()),
    "general/presets-elements": (_GET, ()),
    "general/advanced-presets-elements": (_GET, ()),
    "general/delete-voices": (_POST, ("voice_id",)),
    "general/delete-elements": (_POST, ("element_id",)),
    "general/delete-advanced-elements": (_POST, ("element_id",)),
}
"""Path after `/v1/` → method, and the fields that must be there."""


def is_account(path: str) -> bool:
    """Return whether a path asks about the account; it stands with and without `/v1`."""
    return path in _ACCOUNT


def answer_helper(path: str, call: ApiCall) -> Answer:
    """`data` of the answer; raises KlingRefusal."""
    method, required = HELPERS.get(path) or (_ACCOUNT[path], ())
    if call.method != method:
        raise KlingRefusal(_WRONG_METHOD.code, _WRONG_METHOD.message)
    body = parse_body(call.raw) if method == _POST else {}
    for name in required:
        if find_field(body, name) in (None, "", [], {}):
            raise KlingRefusal(1201, f"{name} can not be null")
    answer = _ANSWERS.get(path.rpartition("/")[2])
    return {"task_status": "succeed"} if answer is None else answer(call)


def _build_page(_call: ApiCall) -> Answer:
    return {"result": [], "count": 0, "next_cursor": "", "has_more": False}


def _begin_upload(call: ApiCall) -> Answer:
    return _build_session(call) | {"fps": 30, "width": 1280, "height": 720, "total_frame": 150}


def _build_preview(call: ApiCall) -> Answer:
    return _build_session(call) | {"res": {"video": _read_media(call, "0.mp4")}}


def _build_selection(call: ApiCall) -> Answer:
    return _build_session(call) | {"res": {"frame_index": 0}}


def _build_faces(call: ApiCall) -> Answer:
    face = {"face_id": "0", "face_image": _read_media(call, "0.png")}
    times = {"start_time": 0, "end_time": 5041}
    return {"session_id": _build_session(call)["session_id"], "face_data": [face | times]}


def _build_seen(call: ApiCall) -> Answer:
    kinds = ("object_seg", "head_seg", "face_seg", "cloth_seg")
    seen = [{"type": kind, "is_contain": True, "url": _read_media(call, "0.png")} for kind in kinds]
    return {"task_result": {"images": seen}}


def _build_speech(call: ApiCall) -> Answer:
    audio = {"id": "1", "url": _read_media(call, "0.mp3"), "duration": "3.056"}
    return {"task_result": {"audios": [audio]}}


def _build_voices(call: ApiCall) -> Answer:
    voice = {"voice_id": "829824295735410756", "voice_name": "Emulated"}
    return [{"voices": [voice | {"trial_url": _read_media(call, "0.wav"), "owned_by": "kling"}]}]


def _build_elements(_call: ApiCall) -> Answer:
    element = {"element_id": "829836802793406551", "element_name": "Emulated"}
    return [{"elements": [element | {"owned_by": "kling"}]}]


def _build_session(call: ApiCall) -> dict[str, Any]:
    """Return the session that the caller names, or one that goes with what it sent."""
    given = find_field(parse_body(call.raw), "session_id")
    number = 10**17 + zlib.crc32(call.raw)
    return {"status": 0, "session_id": given if isinstance(given, str) else str(number)}


def _read_media(call: ApiCall, name: str) -> str:
    return f"{call.base_url}/media/{SAMPLE}/{name}"


def _build_costs(call: ApiCall) -> dict[str, Any]:
    """Wrapped a second time, with `msg` instead of `message`. The pack is invented."""
    for name in ("start_time", "end_time"):
        query_number(call.params, name, least=0, most=10**15)
    pack = {
        "resource_pack_name": "Emulated pack",
        "resource_pack_id": "509f3fd3d4f4a3fe7c5b2d6a",
        "resource_pack_type": "decreasing_total",
        "total_quantity": 1000.0,
        "remaining_quantity": 900.0,
        "purchase_time": 1_795_500_000_000,
        "effective_time": 1_795_500_000_000,
        "invalid_time": 1_827_036_000_000,
        "status": "online",
    }
    return {"code": 0, "msg": "success", "resource_pack_subscribe_infos": [pack]}


_ANSWERS: Mapping[str, Callable[[ApiCall], Answer]] = {
    "costs": _build_costs,
    "balance": _build_page,
    "package": _build_page,
    "init-selection": _begin_upload,
    "preview-selection": _build_preview,
    "add-selection": _build_selection,
    "delete-selection": _build_selection,
    "clear-selection": _build_selection,
    "identify-face": _build_faces,
    "image-recognize": _build_seen,
    "tts": _build_speech,
    "presets-voices": _build_voices,
    "presets-elements": _build_elements,
    "advanced-presets-elements": _build_elements,
}
"""By the last part of the path."""
