"""Pictures in OpenAI's format: the answer to the create is the result, whole or as events.

Nothing finds a create whose answer broke off; it may be charged for. Sources:
https://github.com/openai/openai-python (3.57.0, resources/images.py, types/images_response.py,
types/image_gen_stream_event.py), https://platform.openai.com/docs/guides/image-generation, and
https://github.com/QuantumNous/new-api (relay/image_handler.go), read 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from tracker.domain.cost import Cost
from tracker.domain.documents import replace_unstorable_text
from tracker.domain.exchange import HttpCall
from tracker.domain.inline_files import read_lost_reason
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.evented_answers import EventedAnswer
from tracker.providers.kit.forms import FormFile, build_multipart, read_file
from tracker.providers.kit.pieces import (
    find_common_loss,
    find_picture_url,
    list_pictures,
    make_lost_pieces,
)
from tracker.providers.kit.reading import find_first_number, find_first_text, read_charge
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs

GENERATED, EDITED, VARIED = "images/generations", "images/edits", "images/variations"
OF_FILES = frozenset({EDITED, VARIED})
"""Creates that clients send as forms with files."""
LASTS_S = 600.0
"""The official clients wait for so long."""
FACTS = ("background", "output_format", "quality", "size")
"""Fields of an answer that every picture of it has in common."""
EMPTY = "empty_result"
_FILES = ("image", "image[]", "mask")
_MODERATED = "moderation_blocked"


class _OpenAIPicture(OpenInputs):
    prompt: Annotated[str, Field(min_length=1, max_length=32_000)]
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] = 1
    stream: bool = False


class _OpenAIEdit(_OpenAIPicture):
    """`image` holds data URIs, or URLs, or `images` objects that name them."""

    image: str | list[str] | None = None
    images: list[OpenInputs] | None = None
    mask: str | dict[str, Any] | None = None


class _OpenAIVariation(OpenInputs):
    """Has no prompt: https://github.com/openai/openai-python, resources/images.py."""

    image: str | list[str]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] = 1


IMAGES: Mapping[str, CreatePath] = MappingProxyType(
    {
        GENERATED: CreatePath(GENERATED, _OpenAIPicture),
        EDITED: CreatePath(EDITED, _OpenAIEdit),
        VARIED: CreatePath(VARIED, _OpenAIVariation),
    }
)


def count_wanted(body: Mapping[str, Any]) -> int:
    """Return how many pictures an input asks for."""
    return int(body.get("n") or 1)


def build_create(
    url: str, operation: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> HttpCall:
    """Build the create: an edit or variation of files as a form, everything else as JSON."""
    form = _build_form(body) if operation in OF_FILES else None
    if form is not None:
        return build_multipart(url, form, headers)
    return build_post(url, _wrap_addresses(body) if operation in OF_FILES else body, headers)


def _build_form(body: Mapping[str, Any]) -> list[tuple[str, str | FormFile]] | None:
    """Return the fields of a form; None where a picture is no file, or there is none."""
    fields: list[tuple[str, str | FormFile]] = []
    has_picture = False
    for name, value in body.items():
        if name not in _FILES:
            text = str(value).lower() if isinstance(value, bool) else value
            if not isinstance(text, str | int | float):
                return None
            fields.append((name, str(text)))
            continue
        several = value if isinstance(value, list) else [value]
        files = [read_file(one) for one in several]
        whole = [one for one in files if one is not None]
        if len(whole) < len(files):
            return None
        has_picture = has_picture or name != "mask"
        label = "image[]" if name != "mask" and len(whole) > 1 else name
        fields += [(label, one) for one in whole]
    return fields if has_picture else None


def _wrap_addresses(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body whose pictures are objects, as an edit in JSON has them."""
    rest = {name: value for name, value in body.items() if name not in _FILES}
    given = body.get("image")
    several = given if isinstance(given, list) else [given] if given else []
    if several:
        rest["images"] = [{"image_url": one} for one in several]
    mask = body.get("mask")
    if mask is not None:
        rest["mask"] = {"image_url": mask} if isinstance(mask, str) else mask
    return rest


def read_whole(parsed: Any, wanted: int, request_id: str | None) -> SubmitOutcome:
    """Say what an answer that came whole proves. wanted: how many pictures were asked for."""
    pictures = None if not isinstance(parsed, dict) else list_pictures(parsed)
    if not pictures and find_first_text(parsed, ("error.code", "error.type")):
        return _read_failure(parsed, request_id)
    if pictures is None:
        return Unknown("the answer has no list of pictures")
    if any(
        find_first_text(one, ("task_id",)) and find_picture_url(one) is None for one in pictures
    ):
        # Gateways that queue pictures were seen by their callers, in public code on 2026-11-30.
        return Unknown("the answer names a task of the gateway's instead of a picture")
    facts = {name: parsed[name] for name in FACTS if isinstance(parsed.get(name), str)}
    return _build_made(pictures, facts, wanted, read_costs(parsed), request_id)


def _build_made(
    pictures: Sequence[Mapping[str, Any]],
    facts: Mapping[str, str],
    wanted: int,
    costs: Sequence[Cost],
    request_id: str | None,
) -> SubmitOutcome:
    pieces = [
        piece
        for place, one in enumerate(pictures)
        if (piece := _make_piece(one, place, facts)) is not None
    ]
    revised = next(
        (text for one in pictures if (text := find_first_text(one, ("revised_prompt",)))), ""
    )
    if (reason := find_common_loss(pictures)) is not None:
        return Unknown(reason)
    if pieces:
        note = f"{len(pieces)} of {wanted} pictures" if len(pieces) < wanted else revised or None
        said = Observation(
            TaskState.SUCCEEDED,
            "done",
            message=note,
            artifacts=(*pieces, *make_lost_pieces(pictures)),
            costs=tuple(costs),
        )
        return Accepted(None, "done", said=said, request_id=request_id)
    reason = replace_unstorable_text(revised) or "the answer holds no picture"
    return build_failure(EMPTY, reason, costs=costs, request_id=request_id)


def build_failure(
    code: str | None,
    reason: str,
    *,
    costs: Sequence[Cost] = (),
    request_id: str | None,
) -> Accepted:
    """Return the outcome of a create that the provider answered with a failure."""
    said = Observation(
        TaskState.FAILED,
        "failed",
        message=reason,
        error=TaskError("provider", code, reason),
        costs=tuple(costs),
    )
    return Accepted(None, "failed", said=said, request_id=request_id)


def _make_piece(
    picture: Mapping[str, Any], place: int, facts: Mapping[str, str]
) -> Artifact | None:
    """Return a picture by the name of its file, or by its URL where a gateway gives one."""
    url = find_picture_url(picture, facts.get("output_format"))
    if url is None:
        return None
    revised = find_first_text(picture, ("revised_prompt",))
    extra = {**facts, **({"revised_prompt": replace_unstorable_text(revised)} if revised else {})}
    name = find_first_text(picture, ("image_id",), limit=200)
    return Artifact("image", url, id=name, key=f"image-{place}", extra=extra)


def read_costs(parsed: Any) -> Sequence[Cost]:
    """Read the tokens that are charged."""
    found = []
    for unit in ("input_tokens", "output_tokens"):
        amount = read_charge(find_first_number(parsed, (f"usage.{unit}",)))
        if amount is not None:
            found.append(Cost("unit", amount, unit=unit))
    return found


class ImageReader(EventedAnswer):
    """Reads one answer, an object or a stream of events. See ports/adapter.StreamReader.

    The text that it tells has a line of JSON for each preview: `{"index", "name"}`.
    """

    def __init__(self, wanted: int, headers: Mapping[str, str]) -> None:
        """wanted: how many pictures were asked for."""
        super().__init__()
        self._wanted = wanted
        self._request_id = headers.get("x-request-id")
        self._ends: list[Mapping[str, Any]] = []
        self._error: Mapping[str, Any] | None = None

    def finish(self, text: str, broken: str | None) -> SubmitOutcome:
        """Believe whole pictures, and an error that is told; doubt all else."""
        del text
        if not self.has_events:
            if broken is not None:
                return Unknown(broken)
            return read_whole(self.read_whole(), self._wanted, self._request_id)
        if self._ends:
            first = self._ends[0]
            facts = {name: first[name] for name in FACTS if isinstance(first.get(name), str)}
            costs = read_costs(self._ends[-1])
            return _build_made(self._ends, facts, self._wanted, costs, self._request_id)
        if self._error is not None:
            return _read_failure(self._error, self._request_id)
        return Unknown(broken or "the stream ended without a picture")

    def read_event(self, event: Mapping[str, Any]) -> str:
        """Return the preview that an event brings; keep all else that it tells."""
        kind = str(event.get("type"))
        if kind == "error" or event.get("error"):
            self._error = self._error or event
        elif kind.endswith(".completed"):
            self._ends.append(event)
        elif isinstance(event.get("data"), list):  # the whole answer, as one event
            self._ends += [{**event, **one} for one in list_pictures(event) or ()]
        elif kind.endswith(".partial_image"):
            name, index = event.get("b64_json"), event.get("partial_image_index")
            told = {"index": index if isinstance(index, int) else 0, "name": name}
            is_there = isinstance(name, str) and name and read_lost_reason(name) is None
            return json.dumps(told) + "\n" if is_there else ""
        return ""


def _read_failure(event: Mapping[str, Any], request_id: str | None) -> SubmitOutcome:
    """Read the error of a stream; one of the server proves nothing."""
    code = find_first_text(event, ("error.code", "code"), limit=100)
    kind = find_first_text(event, ("error.type",), limit=100) or ""
    reason = replace_unstorable_text(
        find_first_text(event, ("error.message", "message")) or "an error"
    )
    if code != _MODERATED and "server" in f"{kind} {code}":
        return Unknown(reason, code)
    return build_failure(code or kind or None, reason, request_id=request_id)
