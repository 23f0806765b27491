"""Inputs of Vidu's creates.

Source: https://platform.vidu.com/docs (text, image, reference and start-end to video, extend,
multi-frame, templates; reference to image, text and timing to audio), read 2026-11;
https://platform.vidu.com/docs/text-to-speech, …/voice-clone, …/lip-sync and …/upscale-pro, read
2026-11-30; text2image and digital-human as public clients call them
(https://github.com/YspCoder/omnigo, read 2026-11-30).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.result_ids import build_id_lister
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, ObjectIds

MOST_PAYLOAD = 1_048_576
"""Characters of `payload`."""
_MOST_BODY = 20 * 1024 * 1024
_LONGEST = (("viduq3", 16), ("viduq2", 10))
"""Seconds, by the beginning of the model's name; the first that fits counts."""
_SHORTEST = 1
_CHOOSES = "viduq2-pro"
"""The model that finds a length of its own for 0 seconds."""

_RESOLUTION = r"^(\d{3,4}p|[24][kK])$"

Name = Annotated[str, Field(min_length=1)]
Image = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:")]
"""A URL, or base64 behind its `data:` prefix, without which Vidu refuses it."""
Prompt = Annotated[str, Field(max_length=5000)]


class _ViduVideo(OpenInputs):
    prompt: Prompt | None = None
    duration: int | None = Field(None, ge=0, le=16)
    seed: int | None = None
    resolution: str | None = Field(None, pattern=_RESOLUTION)
    aspect_ratio: str | None = Field(None, pattern=r"^(\d{1,2}:\d{1,2}|auto)$")
    movement_amplitude: Literal["auto", "small", "medium", "large"] | None = None
    style: str | None = None
    bgm: bool | None = None
    audio: bool | None = None
    audio_type: str | None = None
    voice_id: str | None = None
    watermark: bool | None = None
    wm_url: str | None = None
    wm_position: int | None = None
    is_rec: bool | None = None
    off_peak: bool | None = None
    priority: str | int | None = None
    meta_data: str | None = None
    payload: str | None = None


class _TextVideo(_ViduVideo):
    model: Name
    prompt: Annotated[str, Field(min_length=1, max_length=5000)]


class _OneImage(_ViduVideo):
    model: Name
    images: list[Image] = Field(min_length=1, max_length=1)


class _TwoImages(_ViduVideo):
    model: Name
    images: list[Image] = Field(min_length=2, max_length=2)


class _References(_ViduVideo):
    """`images`, or `subjects` with images of their own; `videos` alone or besides."""

    model: Name
    images: list[Image] | None = Field(None, min_length=1, max_length=7)
    videos: list[Image] | None = Field(None, min_length=1, max_length=2)
    subjects: list[OpenInputs] | None = Field(None, min_length=1, max_length=7)


class _Extend(_ViduVideo):
    model: Name
    video_url: Name | None = None
    video_creation_id: Name | None = None


class _KeyImage(OpenInputs):
    key_image: Image


class _Frames(_ViduVideo):
    model: Name
    start_image: Image
    image_settings: list[_KeyImage] = Field(min_length=2, max_length=9)


class _Template(_ViduVideo):
    template: Name
    images: list[Image] | None = Field(None, min_length=1)


class _LipSync(OpenInputs):
    """`audio_url`, or `text` that is spoken."""

    video_url: Name
    audio_url: Name | None = None
    text: str | None = None
    voice_id: str | None = None
    payload: str | None = None


class _ViduPicture(_ViduVideo):
    model: Name
    prompt: Annotated[str, Field(min_length=1, max_length=5000)]
    images: list[Image] | None = Field(None, max_length=7)


class _ViduTimedSounds(OpenInputs):
    model: Name
    timing_prompts: list[OpenInputs] = Field(min_length=1)
    duration: float | None = Field(None, ge=2, le=10)
    seed: int | None = None
    payload: str | None = None


class _ViduSound(OpenInputs):
    model: Name
    prompt: Annotated[str, Field(min_length=1, max_length=1500)]
    duration: float | None = Field(None, ge=2, le=10)
    seed: int | None = None
    payload: str | None = None


class _ViduUpscale(OpenInputs):
    video_url: Name | None = None
    video_creation_id: Name | None = None
    upscale_resolution: Literal["1080p", "2K", "4K", "8K"] | None = None
    payload: str | None = None


class _DigitalHuman(OpenInputs):
    """`audio_url`, or `text` that is spoken with `voice_id`; where both are given, the first."""

    model: Name
    image: Image
    audio_url: Name | None = None
    text: str | None = None
    voice_id: str | None = None
    prompt: Prompt | None = None
    resolution: str | None = Field(None, pattern=_RESOLUTION)
    payload: str | None = None


class _Speech(OpenInputs):
    text: Annotated[str, Field(min_length=1, max_length=9_999)]
    voice_setting_voice_id: Name
    voice_setting_speed: float | None = Field(None, ge=0.5, le=2)
    voice_setting_volume: int | None = Field(None, ge=0, le=10)
    voice_setting_pitch: int | None = Field(None, ge=-12, le=12)
    voice_setting_emotion: (
        Literal["happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm"] | None
    ) = None
    payload: str | None = None


class _ClonedVoice(OpenInputs):
    """`voice_id` is the name that the new voice is given."""

    audio_url: Name
    voice_id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]$")
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    prompt_audio_url: Name | None = None
    prompt_text: str | None = None
    payload: str | None = None


SPEECH, VOICE = "audio-tts", "audio-clone"
AT_ONCE = frozenset({SPEECH, VOICE})
"""Operations whose answer is the result. They call nobody back."""
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "text2image": "image",
        "reference2image": "image",
        "text2audio": "audio",
        "timing2audio": "audio",
        SPEECH: "audio",
        VOICE: "audio",
    }
)
"""Kinds of results by operation; all others make videos."""
_MODELS: Mapping[str, type[BaseModel]] = {
    "text2video": _TextVideo,
    "img2video": _OneImage,
    "reference2video": _References,
    "start-end2video": _TwoImages,
    "extend": _Extend,
    "multiframe": _Frames,
    "template": _Template,
    "lip-sync": _LipSync,
    "text2image": _ViduPicture,
    "reference2image": _ViduPicture,
    "text2audio": _ViduSound,
    "timing2audio": _ViduTimedSounds,
    "upscale-new": _ViduUpscale,
    "digital-human": _DigitalHuman,
    SPEECH: _Speech,
    VOICE: _ClonedVoice,
}
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {name: CreatePath(f"ent/v2/{name}", model) for name, model in _MODELS.items()}
)
"""By operation."""


SUBJECT = "subject"
_CREATION, _VOICE = "creation", NamedObject("voice", may_be_public=True)
OBJECTS = ObjectIds(
    fields={
        "video_creation_id": NamedObject(_CREATION),
        "server_id": NamedObject(SUBJECT, may_be_public=True),  # Vidu has subjects of its own
        "voice_id": _VOICE,  # most are Vidu's own
        "voice_setting_voice_id": _VOICE,
    },
    made_by={VOICE: _VOICE.kind},
    results={_CREATION: build_id_lister()},
    continued=(_CREATION,),
)


def list_flaws(
    operation: str, body: Mapping[str, Any], *, most_payload: int
) -> Sequence[FieldError]:
    """Return the fields of an input that its model allows and Vidu refuses.

    most_payload: characters of the caller's `payload`.
    """
    flaws = []
    model, seconds = str(body.get("model") or ""), body.get("duration")
    most = next((limit for start, limit in _LONGEST if model.startswith(start)), None)
    if most is not None and seconds is not None and seconds > most:
        flaws.append(FieldError("duration", f"at most {most} seconds with this model"))
    if seconds == 0 and not model.startswith(_CHOOSES):
        flaws.append(FieldError("duration", f"must be at least {_SHORTEST}"))
    one, other = _NEEDS.get(operation, ("", ""))
    given = [name for name in (one, other) if body.get(name) is not None]
    is_short = not given and "videos" not in body
    if one and (is_short or (len(given) > 1 and operation in _ONE_ALONE)):
        flaws.append(FieldError(one, f"give either {one} or {other}"))
    if len(body.get("payload") or "") > most_payload:
        flaws.append(FieldError("payload", f"at most {most_payload} characters"))
    if sum(map(len, _list_pictures(body))) > _MOST_BODY:
        flaws.append(FieldError("images", "the request is larger than 20 MB"))
    return flaws


_NEEDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "reference2video": ("images", "subjects"),
        "extend": ("video_url", "video_creation_id"),
        "upscale-new": ("video_url", "video_creation_id"),
        "lip-sync": ("audio_url", "text"),
        "digital-human": ("audio_url", "text"),
    }
)
"""Fields of which an operation needs one."""
_ONE_ALONE = frozenset({"reference2video", "extend"})
"""Of those, the operations for which both are too many; the others have one that goes before."""


def _list_pictures(body: Mapping[str, Any]) -> Sequence[str]:
    frames = [one["key_image"] for one in body.get("image_settings") or ()]
    return [*(body.get("images") or ()), *frames, body.get("start_image") or ""]
