"""Inputs of sunoapi.org and kie.ai, with their limits.

Sources: https://docs.sunoapi.org/suno-api and https://docs.kie.ai/suno-api, read 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.suno.inputs import Name, SunoInput

Share = Annotated[float, Field(ge=0, le=1)]
_IDEA = 500
"""Characters of a prompt that is an idea, outside of the custom mode."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Characters that a model takes."""

    prompt: int
    style: int
    title: int


_OLD, _NEW = _Limits(3000, 200, 80), _Limits(5000, 1000, 100)
_OLD_MODELS = frozenset({"V3_5", "V4"})


class _Weights(SunoInput):
    negativeTags: str | None = None  # noqa: N815 - the protocol's own name
    vocalGender: Literal["m", "f"] | None = None  # noqa: N815
    styleWeight: Share | None = None  # noqa: N815
    weirdnessConstraint: Share | None = None  # noqa: N815
    audioWeight: Share | None = None  # noqa: N815
    personaId: str | None = None  # noqa: N815
    personaModel: Literal["style_persona", "voice_persona"] | None = None  # noqa: N815


class GenerateInput(_Weights):
    """A song: custom (style, title, lyrics) or by an idea."""

    customMode: bool  # noqa: N815
    instrumental: bool
    model: Name
    prompt: str | None = None
    style: str | None = None
    title: str | None = None


class CoverInput(GenerateInput):
    """A song after an uploaded one."""

    uploadUrl: Name  # noqa: N815


class MashupInput(GenerateInput):
    """A song out of two uploaded ones."""

    uploadUrlList: list[Name] = Field(min_length=2, max_length=2)  # noqa: N815


class ExtendInput(_Weights):
    """A song that goes on."""

    audioId: Name  # noqa: N815
    defaultParamFlag: bool  # noqa: N815
    model: Name
    prompt: str | None = None
    style: str | None = None
    title: str | None = None
    continueAt: float | None = Field(None, gt=0)  # noqa: N815


class UploadExtendInput(_Weights):
    """An uploaded song that goes on."""

    uploadUrl: Name  # noqa: N815
    defaultParamFlag: bool  # noqa: N815
    model: Name
    prompt: str | None = None
    style: str | None = None
    title: str | None = None
    continueAt: float | None = Field(None, gt=0)  # noqa: N815


class SectionInput(SunoInput):
    """A part of a song made anew."""

    taskId: Name  # noqa: N815
    audioId: Name  # noqa: N815
    prompt: Name
    tags: str | None = None
    title: str | None = None
    infillStartS: float = Field(ge=0)  # noqa: N815
    infillEndS: float = Field(gt=0)  # noqa: N815


class SoundsInput(SunoInput):
    """Sounds by their description."""

    prompt: str = Field(min_length=1, max_length=_IDEA)


class VocalsInput(_Weights):
    """Vocals for an uploaded instrumental."""

    uploadUrl: Name  # noqa: N815
    prompt: Name
    title: Name
    style: Name


class InstrumentalInput(_Weights):
    """Instruments for uploaded vocals."""

    uploadUrl: Name  # noqa: N815
    title: Name
    tags: Name


class LyricsInput(SunoInput):
    """Lyrics after an idea."""

    prompt: str = Field(min_length=1, max_length=2000)


class SongOfTask(SunoInput):
    """A song by its task and its own id."""

    taskId: Name  # noqa: N815
    audioId: Name  # noqa: N815


class VideoInput(SongOfTask):
    """A video of a song."""

    author: str | None = Field(None, max_length=50)
    domainName: str | None = Field(None, max_length=50)  # noqa: N815


class RemovalInput(SongOfTask):
    """Vocals and instruments apart."""

    type: Literal["separate_vocal", "split_stem"] | None = None


class MidiInput(SunoInput):
    """Notes of a song whose vocals were taken apart."""

    taskId: Name  # noqa: N815
    audioId: Name | None = None  # noqa: N815


class TaskInput(SunoInput):
    """A task of songs."""

    taskId: Name  # noqa: N815


class PersonaInput(SongOfTask):
    """A persona after a song."""

    name: Name
    description: Name


class StyleInput(SunoInput):
    """A style in more words."""

    content: Name


class VoiceInput(SunoInput):
    """A voice; its fields are passed on, as the pages of both hosts differ."""


def check_texts(body: Mapping[str, Any]) -> None:
    """Raise InvalidRequest for texts that the mode needs or the model is too short for.

    Also for weights that are too fine.
    """
    flaws = [*_iterate_missing(body), *_iterate_too_long(body), *_iterate_too_fine(body)]
    if flaws:
        raise InvalidRequest(*flaws)


def _iterate_missing(body: Mapping[str, Any]) -> Iterator[FieldError]:
    if "customMode" in body:
        is_custom = body["customMode"] is True
        needed = ["style", "title"] if is_custom else ["prompt"]
        if is_custom and body.get("instrumental") is not True:
            needed.append("prompt")
        mode = "customMode is true" if is_custom else "customMode is false"
        for name in needed:
            if not body.get(name):
                yield FieldError(name, f"is needed where {mode}")
    if body.get("defaultParamFlag") is True:
        for name in ("style", "title", "continueAt"):
            if not body.get(name):
                yield FieldError(name, "is needed where defaultParamFlag is true")


def _iterate_too_fine(body: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in ("styleWeight", "weirdnessConstraint", "audioWeight"):
        value = body.get(name)
        if isinstance(value, int | float) and round(value, 2) != value:
            yield FieldError(name, "at most 2 decimal places")


def _iterate_too_long(body: Mapping[str, Any]) -> Iterator[FieldError]:
    limits = _OLD if body.get("model") in _OLD_MODELS else _NEW
    is_idea = body.get("customMode") is False
    most = {
        "prompt": _IDEA if is_idea else limits.prompt,
        "style": limits.style,
        "title": limits.title,
    }
    for name, length in most.items():
        text = body.get(name)
        if isinstance(text, str) and len(text) > length:
            yield FieldError(name, f"has more than {length} characters, the most of this model")
