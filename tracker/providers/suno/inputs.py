"""Inputs that several of Suno's protocols share."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.suno.naming import SOURCE_FIELDS

Name = Annotated[str, Field(min_length=1)]


class SunoInput(BaseModel):
    """Fields that are not named here are passed on."""

    model_config = ConfigDict(extra="allow", strict=True)


class SongInput(SunoInput):
    """A song by its lyrics (`prompt`) or by an idea (`gpt_description_prompt`)."""

    prompt: str | None = None
    gpt_description_prompt: str | None = None
    title: str | None = None
    tags: str | None = None
    mv: Name | None = None
    make_instrumental: bool | None = None


class LyricsIdea(SunoInput):
    """Lyrics by an idea."""

    prompt: Name


class OneClip(SunoInput):
    """A song by its id."""

    clip_id: Name


_ONE_OF = (
    *("prompt", "gpt_description_prompt", "tags", "title", "continue_clip_id"),
    *SOURCE_FIELDS,
)
"""A cover needs no words of its own: clients send empty ones beside the song that it is of."""


def check_song(body: Mapping[str, Any]) -> None:
    """Raise InvalidRequest for a song of which nothing is told."""
    if not any(body.get(name) for name in _ONE_OF):
        reason = "is needed, or gpt_description_prompt (an idea), or tags and title"
        raise InvalidRequest(FieldError("prompt", reason))
