"""Pictures of Seedream: the answer to the create is the result, and each picture may fail alone.

Source: https://www.volcengine.com/docs/82379/1541523, as a copy has it (clawhub.ai,
seedream-volcengine, references/REFERENCE.md, read 2026-11-30).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.cost import Cost
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.ark.words import TOKENS
from tracker.providers.kit.front_answers import ready_pieces
from tracker.providers.kit.held_answers import explain_missing_result, file_of_piece
from tracker.providers.kit.ledger import net
from tracker.providers.kit.pieces import (
    find_common_loss,
    list_pictures,
    make_lost_pieces,
    picture_url,
)
from tracker.providers.kit.reading import amount_text, first_number, first_text
from tracker.providers.kit.table import OpenInputs
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall

PICTURES = "images/generations"
LAST_S = 600.0
"""How long a create of pictures may take."""
_Text = Annotated[str, Field(min_length=1)]


class _Together(OpenInputs):
    max_images: int | None = Field(None, ge=1, le=15)


class SeedreamInput(OpenInputs):
    """Inputs of a create of pictures. A stream of them is not served."""

    model: _Text
    prompt: _Text
    image: _Text | Annotated[list[_Text], Field(min_length=1, max_length=14)] | None = None
    size: str | None = None
    seed: int | None = Field(None, ge=-1, le=2147483647)
    response_format: Literal["url", "b64_json"] | None = None
    sequential_image_generation: Literal["auto", "disabled"] | None = None
    sequential_image_generation_options: _Together | None = None
    stream: Literal[False] | None = None


def read_pictures(parsed: Any) -> SubmitOutcome | None:
    """Read the answer to a create; None for one that tells of no pictures."""
    found = list_pictures(parsed)
    if found is None:
        return None
    if (reason := find_common_loss(found)) is not None:
        return Unknown(reason)
    pieces = [
        Artifact("image", url, key=f"image-{place}")
        for place, one in enumerate(found)
        if (url := picture_url(one, "jpeg")) is not None
    ]
    errors = [one["error"] for one in found if isinstance(one.get("error"), dict)]
    tokens = amount_text(first_number(parsed, ("usage.output_tokens", "usage.total_tokens")))
    costs = () if tokens is None else (Cost("unit", tokens, unit=TOKENS),)
    why = first_text(errors[0], ("message",)) if errors else None
    if not pieces:
        reason = why or "the answer holds no picture"
        code = first_text(errors[0], ("code",), limit=100) if errors else "empty_result"
        error = TaskError("provider", code, reason)
        said = Observation(TaskState.FAILED, "failed", message=reason, error=error, costs=costs)
        return Accepted(None, "failed", said=said)
    said = Observation(
        TaskState.SUCCEEDED,
        "succeeded",
        message=why,
        artifacts=(*pieces, *make_lost_pieces(found)),
        costs=costs,
    )
    return Accepted(None, "succeeded", said=said)


def show_pictures(call: FrontCall, task: Task, shown: Shown) -> FrontAnswer:
    """Show the pictures of a create, or why there are none."""
    ready = ready_pieces(task)
    if not ready:
        return explain_missing_result(call, task)
    input_ = shown.input_of(task)
    data: list[Mapping[str, Any]] = []
    for one in ready:
        file = file_of_piece(one, shown) if input_.get("response_format") == "b64_json" else None
        data.append({"url": one.url} if file is None else {"b64_json": file})
    tokens = int(net(task.costs, TOKENS) or 0)
    body = {
        "id": str(task.id),
        "model": str(input_.get("model") or ""),
        "created": int(task.created_at.timestamp()),
        "data": data,
        "usage": {
            "generated_images": len(data),
            "output_tokens": tokens,
            "total_tokens": tokens,
        },
    }
    return FrontAnswer(body, has_files=bool(shown.names))
