"""Statements of sunoapi.org and kie.ai: records that are asked for, and staged callbacks.

Sources: https://docs.sunoapi.org (generate-music, callbacks), https://docs.kie.ai/suno-api and PyPI
suno-easy 0.2.0, read 2026-11.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from tracker.domain.errors import CallbackRejected
from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_text, unpack_json
from tracker.providers.kit.repeated import remove_repeated
from tracker.providers.kit.tracks import SongReport
from tracker.providers.suno.clips import find_creation_time, list_texts, observe, record_of
from tracker.providers.suno.lyrics import build_text_piece

RESULTS_LIVE = timedelta(days=13)
"""kie.ai keeps files for 14 days, sunoapi.org for 15; a time without a zone is off by a day."""
_STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "PENDING": TaskState.SUBMITTED,
        "GENERATING": TaskState.SUBMITTED,
        "TEXT_SUCCESS": TaskState.RUNNING,
        "FIRST_SUCCESS": TaskState.RUNNING,
        "SUCCESS": TaskState.SUCCEEDED,
        "CREATE_TASK_FAILED": TaskState.FAILED,
        "GENERATE_AUDIO_FAILED": TaskState.FAILED,
        "GENERATE_LYRICS_FAILED": TaskState.FAILED,
        "GENERATE_WAV_FAILED": TaskState.FAILED,
        "GENERATE_MP4_FAILED": TaskState.FAILED,
        "GENERATE_MIDI_FAILED": TaskState.FAILED,
        "SENSITIVE_WORD_ERROR": TaskState.FAILED,
        "CALLBACK_EXCEPTION": TaskState.RUNNING,
        "WAIT_VALIDATING": TaskState.SUCCEEDED,
        "FAIL": TaskState.FAILED,
        "PROCESSING_VALIDATE_FAIL": TaskState.FAILED,
        "0": TaskState.SUBMITTED,
        "1": TaskState.SUCCEEDED,
        "2": TaskState.FAILED,
        "3": TaskState.FAILED,
    }
)
"""Every word that the pages of the two hosts list; any other tells of no end, however it reads."""
_STAGES = MappingProxyType({"TEXT_SUCCESS": "text", "FIRST_SUCCESS": "first"})
_CALLED: Mapping[str, TaskState] = MappingProxyType(
    {
        "text": TaskState.RUNNING,
        "first": TaskState.RUNNING,
        "complete": TaskState.SUCCEEDED,
        "error": TaskState.FAILED,
    }
)
_NO_CALLBACK = "CALLBACK_EXCEPTION"
"""Its callback to us failed, not the song."""
_LATE = frozenset({"408"})
"""Codes of failures after which a song has been seen all the same."""
_NOT_RESULTS = frozenset({"callbackurl", "callback_url", "param", "uploadurl", "upload_url"})
_DEEPEST = 6
_IDS = ("taskId", "task_id")
_OF_VOICE = ("voiceId", "validateInfo")


def read_record(data: Any) -> Observation | None:
    """Read `data` of a record's answer; None when it is no record."""
    word = find_first_text(data, ("status",), limit=100) or find_first_text(
        data, ("successFlag",), limit=100
    )
    if word is None:
        return None
    response, known = unpack_json(data.get("response")), word.strip().upper()
    state = _STATES.get(known)
    songs = response.get("sunoData") if isinstance(response, dict) else None
    code = find_first_text(data, ("errorCode",), limit=100)
    reason = find_first_text(data, ("errorMessage",))
    more = {"stage": _STAGES.get(known), "provider_task_id": find_first_text(data, _IDS, limit=500)}
    if state is None:
        return Observation(None, word)
    if isinstance(songs, list):
        return _read_song_record(songs, state, word, code, reason, **more)
    if known == _NO_CALLBACK and response:
        state = TaskState.SUCCEEDED
    return _read_file_record(
        response, state, word, code, reason, **more, **_read_voice(data, state)
    )


def _read_song_record(
    songs: list[Any],
    state: TaskState,
    word: str,
    code: str | None,
    reason: str | None,
    **more: Any,
) -> Observation:
    clips = remove_repeated(clip for one in songs if (clip := record_of(one)) is not None)
    is_unheard = word.strip().upper() == _NO_CALLBACK
    told = SongReport(
        clips, TaskState.RUNNING if is_unheard else state, word, reason, code in _LATE, wanted=1
    )
    if not is_unheard and state is TaskState.RUNNING:
        told = SongReport(clips, state, word, reason, wanted=len(clips) + 1)  # more are to come
    texts = list_texts(clips) if more.get("stage") else ()
    return observe(told, expires_at=_find_expiry(clips), texts=texts, **more)


def _find_expiry(clips: list[Any]) -> datetime | None:
    made = find_creation_time(clips)
    return None if made is None else made + RESULTS_LIVE


def _read_file_record(
    response: Any,
    state: TaskState,
    word: str,
    code: str | None,
    reason: str | None,
    **more: Any,
) -> Observation:
    """Read a record of files or texts: each URL in it is a piece, named by its field.

    more: of the observation, but for `texts`, which are pieces too.
    """
    pieces = (*_iterate_files(response), *more.pop("texts", ()))
    error = TaskError("provider", code, reason or "the provider gave no reason", code in _LATE)
    return Observation(
        state,
        word,
        message=reason,
        artifacts=pieces,
        error=error if state is TaskState.FAILED else None,
        **more,
    )


def _read_voice(data: Any, state: TaskState) -> dict[str, Any]:
    """Return what a voice's record says besides files: the phrase to sing, or the voice's id.

    Sources: https://docs.sunoapi.org/suno-api/suno-voice-record-info and
    https://docs.sunoapi.org/suno-api/suno-voice-validate-info, read 2026-11-30.
    """
    told = {name: find_first_text(data, (name,)) for name in _OF_VOICE}
    known = {name: text for name, text in told.items() if text}
    if not known or state is not TaskState.SUCCEEDED:
        return {}
    texts = [Artifact("text", build_text_url(text), key=name) for name, text in known.items()]
    return {"texts": texts, "detail": {"data": known}}


def _iterate_files(value: Any, name: str = "", depth: int = 0) -> Iterator[Artifact]:
    if depth > _DEEPEST or name.lower() in _NOT_RESULTS:
        return
    if isinstance(value, dict):
        text = build_text_piece(value, name or "text")
        if text is not None:
            yield text
        for field, inner in value.items():
            yield from _iterate_files(inner, f"{name}.{field}" if name else field, depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _iterate_files(inner, f"{name}.{place}", depth + 1)
    elif (url := read_web_url(value)) is not None:
        yield Artifact(_find_kind(name), url, key=name)


def _find_kind(field: str) -> str:
    name = field.lower()
    if "image" in name or "cover" in name:
        return "image"
    if "video" in name or "mp4" in name:
        return "video"
    return "file" if "midi" in name else "audio"


def read_callback(parsed: Any) -> Observation:
    """Read a callback of any stage. Raises CallbackRejected for what is none."""
    data = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(data, dict):
        raise CallbackRejected("no data: this is no callback of a task")
    task_id = find_first_text(data, _IDS, limit=500)
    code = find_first_text(parsed, ("code",), limit=40)
    kind = (find_first_text(data, ("callbackType", "callback_type"), limit=40) or "").lower()
    if not kind and (task_id is None or code is None):  # older ones name the stage, and no task
        raise CallbackRejected("no task id and stage: this is no callback of a task")
    is_good = code in (None, "200", "0")
    state = _CALLED.get(kind or "complete") if is_good else TaskState.FAILED
    reason = find_first_text(parsed, ("msg", "message"))
    inner = unpack_json(data.get("data"))
    more: dict[str, Any] = {"provider_task_id": task_id}
    if kind in ("text", "first"):
        more["stage"] = kind
    word = kind or ("complete" if is_good else "error")
    if state is None:
        return Observation(None, word, provider_task_id=task_id)
    failed_code = None if is_good else code
    why = reason if state is TaskState.FAILED else None
    songs = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
    if any(record_of(one) for one in songs):
        return _read_song_record(songs, state, word, failed_code, why, **more)
    rest = inner if inner is not None else {k: v for k, v in data.items() if k not in _IDS}
    voice = _read_voice(rest, state)
    return _read_file_record(rest, state, word, failed_code, why, **more, **voice)
