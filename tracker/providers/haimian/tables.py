"""Inputs of Haimian's songs, and the parts of adapters that all its upstreams share."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import SubmitOutcome, Unanswered
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.table import TableAdapter
from tracker.providers.ports.adapter import Request, Sending
from tracker.providers.ports.objects import NamedObject, ObjectIds


class HaimianInput(BaseModel):
    """Fields that are not named here are passed on."""

    model_config = ConfigDict(extra="allow", strict=True)


class WebSongInput(HaimianInput):
    """A song of the web page."""

    prompt: str | None = None
    lyrics: str | None = None
    batch_size: int | None = Field(None, ge=1, le=10)
    generate_cover: bool | None = None
    generate_title: bool | None = None
    is_original_prompt: bool | None = None
    is_original_tag: bool | None = None
    title: str | None = None
    genre: str | None = None
    mood: str | None = None
    gender: Literal["Male", "Female"] | None = None
    source_lyric_id: str | None = None


class OfficialSongInput(HaimianInput):
    """A song of the API."""

    Prompt: str | None = None
    Lyrics: str | None = None
    Genre: str | None = None
    Mood: str | None = None
    Gender: Literal["Male", "Female"] | None = None
    Duration: int | None = Field(None, ge=1)


class OfficialMusicInput(HaimianInput):
    """Music without a voice, by the API: its text is called otherwise, and its kinds are lists.

    https://www.volcengine.com/docs/84992/2100970, as six of its callers send it on 2026-11-30.
    """

    Text: Annotated[str, Field(min_length=1)]
    Genre: list[str] | str | None = None
    Mood: list[str] | str | None = None
    Instrument: list[str] | str | None = None
    Scene: list[str] | str | None = None
    Duration: int | None = Field(None, ge=1)


class AnySongInput(HaimianInput):
    """A song of a gateway whose fields are not known."""

    prompt: str | None = None
    lyrics: str | None = None


OBJECTS = ObjectIds(
    # Lyrics are made by a call that this service does not make: nobody here has any.
    fields={"source_lyric_id": NamedObject("lyric")},
)


class SongTable(TableAdapter):
    """Songs by `prompt` or `lyrics`, under the names of the protocol."""

    needed: ClassVar[tuple[str, str]] = ("prompt", "lyrics")
    forgets = True
    least_spacing_s = 5.0

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate; of a song something must be told."""
        request = super().check(operation, input_)
        if not any(request.body.get(name) for name in self.needed):
            raise InvalidRequest(FieldError(self.needed[0], f"is needed, or {self.needed[1]}"))
        return request

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Know a gateway that has no channel: nothing left it."""
        deferral = defer_without_channel(answer, parsed, self.describe_answer(answer, parsed))
        return deferral or super().classify_refusal(sending, answer, parsed)

    def describe_unanswered(self, answer: HttpResult, parsed: Any) -> Unanswered:
        """Say that an answer tells nothing of a task."""
        pause_s = self.pause_s(answer, parsed)
        return Unanswered(
            self.describe_answer(answer, parsed), pause_s, slow_down=answer.status == 429
        )
