"""Pictures of Seedream: the answer to the create is the result, and each picture may fail alone.

Sources: https://www.volcengine.com/docs/82379/1541523, as a copy has it (clawhub.ai,
seedream-volcengine, references/REFERENCE.md), the types of the official SDK
(https://pypi.org/project/volcengine-ark-runtime, 5.0.54), and for streams what public clients
recorded of them; read 2026-11-30.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.cost import Cost
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, ArtifactState, TaskError, TaskState
from tracker.providers.ark.words import TOKENS
from tracker.providers.kit.evented_answers import EventedAnswer
from tracker.providers.kit.pieces import (
    find_common_loss,
    find_picture_url,
    list_pictures,
    make_lost_pieces,
)
from tracker.providers.kit.reading import (
    find_first_number,
    find_first_text,
    read_amount,
    replace_infinite,
)
from tracker.providers.kit.table_inputs import OpenInputs

PICTURES = "images/generations"
SUCCEEDED, REFUSED, ENDED = (
    f"image_generation.{word}" for word in ("partial_succeeded", "partial_failed", "completed")
)
"""Types of the events of a stream: of a picture, of one that was refused, of the end."""
_FACTS = ("size", "output_format", "z_index", "bounding_box", "name", "description")
"""Fields of a picture besides its file."""
LAST_S = 600.0
"""How long a create of pictures may take."""
_MOST_PICTURES = 15
_OF_SERVER = ("Internal", "Service", "Server")
"""Parts of the codes of errors that are the server's own."""
_CUT = "the stream broke off: further pictures may have been made"
_Text = Annotated[str, Field(min_length=1)]


class _Together(OpenInputs):
    max_images: int | None = Field(None, ge=1, le=15)


class SeedreamInput(OpenInputs):
    """Inputs of a create of pictures. With `stream` each is told as soon as it is there."""

    model: _Text
    prompt: _Text
    image: _Text | Annotated[list[_Text], Field(min_length=1, max_length=14)] | None = None
    size: str | None = None
    seed: int | None = Field(None, ge=-1, le=2147483647)
    response_format: Literal["url", "b64_json"] | None = None
    sequential_image_generation: Literal["auto", "disabled"] | None = None
    sequential_image_generation_options: _Together | None = None
    stream: bool | None = None


def read_pictures(parsed: Any) -> SubmitOutcome | None:
    """Read the answer to a create; None for one that tells of no pictures."""
    found = list_pictures(parsed)
    if found is None:
        return None
    if (reason := find_common_loss(found)) is not None:
        return Unknown(reason)
    pieces = [
        Artifact("image", url, key=f"image-{place}", extra=list_facts(one))
        for place, one in enumerate(found)
        if (url := find_picture_url(one, "jpeg")) is not None
    ]
    errors = [one["error"] for one in found if isinstance(one.get("error"), dict)]
    refused = [_make_refused_piece(one, place) for place, one in enumerate(found)]
    tokens = read_amount(find_first_number(parsed, ("usage.output_tokens", "usage.total_tokens")))
    costs = () if tokens is None else (Cost("unit", tokens, unit=TOKENS),)
    why = find_first_text(errors[0], ("message",)) if errors else None
    if not pieces:
        reason = why or "the answer holds no picture"
        code = find_first_text(errors[0], ("code",), limit=100) if errors else "empty_result"
        return _build_failed(code, reason, costs)
    said = Observation(
        TaskState.SUCCEEDED,
        "succeeded",
        message=why,
        artifacts=(*pieces, *filter(None, refused), *make_lost_pieces(found)),
        costs=costs,
    )
    return Accepted(None, "succeeded", said=said)


def list_facts(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a picture that say what it is."""
    return {
        name: replace_infinite(picture[name]) for name in _FACTS if picture.get(name) is not None
    }


def _make_refused_piece(picture: Mapping[str, Any], place: int) -> Artifact | None:
    """Return a picture that was refused alone, with why; None for any other."""
    error = picture.get("error")
    if not isinstance(error, dict):
        return None
    said = {name: find_first_text(error, (name,), limit=2000) for name in ("message", "code")}
    reason = said["message"] or "the provider gave no reason"
    extra = {"error": reason, **({"code": said["code"]} if said["code"] else {})}
    return Artifact("image", None, key=f"image-{place}", state=ArtifactState.FAILED, extra=extra)


class SeedreamReader(EventedAnswer):
    """Reads one answer, an object or a stream of events. See ports/adapter.StreamReader.

    The text that it tells has a line of JSON for each picture: the event, by its place.
    """

    def __init__(self, judge: Callable[[Any], SubmitOutcome]) -> None:
        """judge: says what an answer proves that is one object."""
        super().__init__()
        self._judge = judge
        self._found: dict[int, Mapping[str, Any]] = {}
        self._error: Mapping[str, Any] | None = None
        self._usage: Any = None
        self._has_ended = False

    def read_event(self, event: Mapping[str, Any]) -> str:
        """Return the picture that an event brings; keep what the end needs."""
        kind = event.get("type")
        if kind == ENDED:
            self._has_ended, self._usage = True, event.get("usage")
        is_refused = kind == REFUSED
        if kind != SUCCEEDED and not is_refused:
            found = event.get("error")
            self._error = self._error or (found if isinstance(found, dict) else None)
            return ""
        given = event.get("image_index")
        place = given if isinstance(given, int) and given >= 0 else len(self._found)
        self._found[place] = event
        if is_refused or find_picture_url(event, "jpeg") is None:
            return ""
        files = {name: event[name] for name in ("url", "b64_json") if event.get(name)}
        return json.dumps({"image_index": place, **files, **list_facts(event)}) + "\n"

    def finish(self, text: str, broken: str | None) -> SubmitOutcome:
        """Believe the pictures that have come, and an error that is told; doubt all else."""
        del text
        if not self.has_events:
            return Unknown(broken) if broken is not None else self._judge(self.read_whole())
        if self._found:
            last = max(self._found)
            data = [self._found.get(place, {}) for place in range(min(last + 1, _MOST_PICTURES))]
            found = read_pictures({"data": data, "usage": self._usage})
            if found is not None and (self._has_ended or _has_pictures(found)):
                return _note_end(found, is_whole=self._has_ended)
        elif self._error is not None:
            return _read_failure(self._error)
        return Unknown(broken or "the stream ended without a picture")


def _read_failure(error: Mapping[str, Any]) -> SubmitOutcome:
    """Read the error of a stream without pictures; one of the server proves nothing."""
    code, reason = (
        find_first_text(error, ("code",), limit=100),
        find_first_text(error, ("message",)),
    )
    if code is None or any(word in code for word in _OF_SERVER):
        return Unknown(reason or "the stream told an error", code)
    return _build_failed(code, reason or code)


def _build_failed(code: str | None, reason: str, costs: Sequence[Cost] = ()) -> Accepted:
    error = TaskError("provider", code, reason)
    said = Observation(TaskState.FAILED, "failed", message=reason, error=error, costs=tuple(costs))
    return Accepted(None, "failed", said=said)


def _has_pictures(outcome: SubmitOutcome) -> bool:
    said = outcome.said if isinstance(outcome, Accepted) else None
    return said is not None and said.state is TaskState.SUCCEEDED


def _note_end(outcome: SubmitOutcome, *, is_whole: bool) -> SubmitOutcome:
    """Return an outcome that says that more may have been made, where its stream broke off."""
    said = outcome.said if isinstance(outcome, Accepted) else None
    if is_whole or said is None or not isinstance(outcome, Accepted):
        return outcome
    return replace(outcome, said=replace(said, message=_CUT))
