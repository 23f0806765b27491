"""Answers about long-running operations and interactions: states, videos, refusals for content.

Sources: https://ai.google.dev/gemini-api/docs/video,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation and
https://cloud.google.com/apis/design/errors, read 2026-11. An operation that is done without a video
is reported in https://github.com/googleapis/python-genai/issues/1559 and 1560 (2026-11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from tracker.domain.inline_files import is_name, read_lost_reason
from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.kit.empty_results import doubt_empty
from tracker.providers.kit.pieces import make_lost_piece, read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text

FILTERED = "rai_media_filtered"
"""The code of a task all of whose videos were held back for their content."""
EMPTY = "done, and neither a video nor a reason is there"
_UNKEPT = "the video came within the answer, and was not kept"
_CANCELLED = "1"
_OPERATIONS = "operations/"
_CODES: Mapping[str, str] = MappingProxyType(
    {
        "1": "CANCELLED",
        "2": "UNKNOWN",
        "3": "INVALID_ARGUMENT",
        "4": "DEADLINE_EXCEEDED",
        "5": "NOT_FOUND",
        "6": "ALREADY_EXISTS",
        "7": "PERMISSION_DENIED",
        "8": "RESOURCE_EXHAUSTED",
        "9": "FAILED_PRECONDITION",
        "10": "ABORTED",
        "11": "OUT_OF_RANGE",
        "12": "UNIMPLEMENTED",
        "13": "INTERNAL",
        "14": "UNAVAILABLE",
        "15": "DATA_LOSS",
        "16": "UNAUTHENTICATED",
    }
)
"""Names of the codes of gRPC (https://grpc.io/docs/guides/status-codes/, read 2026-11)."""


def read_operation(parsed: Any, task: Task | None, storage_url: str) -> Observation | None:
    """Say what an operation tells; None when the answer is none.

    storage_url: where files of `gs://` addresses are had.
    """
    name = _find_name(parsed, None if task is None else task.provider_task_id)
    if name is None:
        return None
    if not _is_done(parsed):
        return Observation(TaskState.RUNNING, "running", name)
    response = parsed.get("response")
    inner = response.get("generateVideoResponse") if isinstance(response, dict) else None
    holder = next((one for one in (inner, response) if isinstance(one, dict)), {})
    said = Observation(
        TaskState.SUCCEEDED, "done", name, artifacts=tuple(_read_videos(holder, storage_url))
    )
    if (error := _read_error(parsed)) is not None:
        failed = _observe_failure(error, name)
        # Only one of both is documented. What can be had counts; the words of the other are kept.
        return replace(said, message=failed.message) if said.artifacts else failed
    reasons = holder.get("raiMediaFilteredReasons")
    listed = [one for one in reasons if isinstance(one, str)] if isinstance(reasons, list) else []
    told_count = find_first_number(holder, ("raiMediaFilteredCount",)) or "0"
    if told_count == "0" and (said.artifacts or not listed):
        return doubt_empty(said, task, EMPTY)
    return _observe_filtered(said, told_count, listed)


def _find_name(parsed: Any, known: str | None) -> str | None:
    """Return the name of an operation; None where an answer is about none.

    known: the name that was asked for. An answer may leave it out, or what stands before its id.
    """
    name = find_first_text(parsed, ("name",), limit=500)
    if name is None:
        is_meant = isinstance(parsed, dict) and "done" in parsed
        return known if is_meant else None
    before, there, id_ = name.rpartition(_OPERATIONS)
    if not there or not id_:
        return None
    is_same = known is not None and known.rpartition(_OPERATIONS)[2] == id_
    return known if is_same else name if before else None


def _is_done(parsed: Mapping[str, Any]) -> bool:
    """Tell whether it has ended; without a word about it, by what only an end has."""
    word = parsed.get("done")
    if word is None:
        return bool(parsed.get("response") or parsed.get("error"))
    return word is True or str(word).lower() in {"true", "1"}


def _read_error(parsed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the error of an operation; None without one, and for the code of success."""
    error = parsed.get("error")
    if isinstance(error, str) and error:
        return {"message": error}
    if not isinstance(error, dict) or not error or find_first_number(error, ("code",)) == "0":
        return None
    return error


def _observe_filtered(said: Observation, told_count: str, listed: Sequence[str]) -> Observation:
    """Return an end of which videos were held back for their content; a failure if all were."""
    words = "; ".join(listed)
    is_number = told_count.isdecimal() and told_count != "0"
    count = int(told_count) if is_number else max(len(listed), 1)
    told = {"raiMediaFilteredCount": count, "raiMediaFilteredReasons": list(listed)}
    said = replace(said, detail={"filtered": told})
    message = f"{count} filtered{': ' if words else ''}{words}"[:4000]
    if said.artifacts:
        return replace(said, message=message)
    error = TaskError("provider", FILTERED, words[:4000] or message)
    return replace(said, state=TaskState.FAILED, message=message, error=error)


def _observe_failure(error: Mapping[str, Any], name: str) -> Observation:
    number = find_first_number(error, ("code",))
    code = _CODES.get(number or "") or find_first_text(error, ("status",), limit=100) or number
    message = find_first_text(error, ("message",)) or "the provider gave no reason"
    state = TaskState.CANCELLED if code == _CODES[_CANCELLED] else TaskState.FAILED
    said = Observation(state, "error", name, message=message)
    if state is TaskState.CANCELLED:
        return said
    return replace(said, error=TaskError("provider", code, message))


def _read_videos(holder: Any, storage_url: str) -> Sequence[Artifact]:
    """Read the videos: of the Gemini API below `video`, of Vertex AI flat."""
    listed = holder.get("generatedSamples") or holder.get("videos") or holder.get("generatedVideos")
    found = []
    for place, one in enumerate(listed if isinstance(listed, list) else ()):
        video = one.get("video", one) if isinstance(one, dict) else None
        piece = (
            None
            if not isinstance(video, dict)
            else build_video_piece(video, str(place), storage_url)
        )
        if piece is not None:
            found.append(piece)
    return found


def build_video_piece(video: Mapping[str, Any], key: str, storage_url: str) -> Artifact | None:
    """Return a video: behind a key, in a bucket, or as it came within the answer.

    None where it names nothing that could be fetched.
    """
    for given in (video.get("gcsUri"), video.get("uri")):
        gcs = given.strip() if isinstance(given, str) else ""
        if gcs.startswith("gs://"):
            url = f"{storage_url}/{quote(gcs.removeprefix('gs://'), safe='/')}"
            return Artifact("video", url, key=key, needs_auth=True, extra={"gcsUri": gcs})
    plain = read_web_url(video.get("uri"))
    if plain is not None:
        return Artifact("video", plain, key=key, needs_auth=True)
    inline = next(
        (video[name] for name in ("bytesBase64Encoded", "encodedVideo", "data") if video.get(name)),
        None,
    )
    if (reason := read_lost_reason(inline)) is not None:
        return make_lost_piece("video", key, reason)
    if inline is None:
        return None
    if not isinstance(inline, str) or not is_name(inline):
        return make_lost_piece("video", key, _UNKEPT)
    return Artifact("video", inline, key=key)


def find_interaction_videos(parsed: Mapping[str, Any], storage_url: str) -> Sequence[Artifact]:
    """Read the videos of an interaction: in its steps, or beside them.

    Earlier ones have `outputs` in their place.
    """
    outputs = parsed.get("outputs")
    listed = outputs if isinstance(outputs, list) else []
    found = [one for one in listed if isinstance(one, dict) and one.get("type") == "video"]
    steps = parsed.get("steps")
    for step in steps if isinstance(steps, list) else ():
        content = step.get("content") if isinstance(step, dict) else None
        found += [
            one
            for one in (content if isinstance(content, list) else ())
            if isinstance(one, dict) and one.get("type") == "video"
        ]
    if not found and isinstance(parsed.get("output_video"), dict):
        found = [parsed["output_video"]]
    pieces = (build_video_piece(one, str(place), storage_url) for place, one in enumerate(found))
    return [piece for piece in pieces if piece is not None]
